"""What is told while shaking hands, and what is not."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from brokerkit.plugins.ib.handshake import shake_hands
from brokerkit.plugins.ib.settings import IBSettings


class LateClient:
    """A client whose Gateway shakes hands when the time is just up."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.clientId = -1

    def startApi(self) -> None:  # noqa: N802 because it is the library's name
        self.told.append(f"client id {self.clientId}")

    async def connectAsync(self, *_: object) -> None:  # noqa: N802 because it is the library's name
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.startApi()


def test_a_handshake_that_comes_too_late_tells_no_client_id() -> None:
    client = LateClient()
    ib: Any = SimpleNamespace(client=client)

    async def never_asked() -> int:
        raise AssertionError("it was asked for")

    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(shake_hands(ib, IBSettings(connect_timeout=0.1), never_asked, lambda: None))
    assert client.told == []
    client.startApi()
    assert client.told == ["client id -1"]
