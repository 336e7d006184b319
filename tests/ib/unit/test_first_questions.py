"""What is told while shaking hands, and what is not."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from brokerkit.plugins.ib.account_figures import AccountFigures
from brokerkit.plugins.ib.first_questions import Introduction, connect
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
    ib: Any = SimpleNamespace(client=client, disconnect=lambda: None)

    async def never_asked() -> int:
        raise AssertionError("it was asked for")

    introduction = Introduction(
        never_asked, lambda: None, lambda: None, AccountFigures(lambda _ask, _what: None, "", 1.0)
    )
    with pytest.raises(asyncio.TimeoutError):
        asyncio.run(connect(ib, IBSettings(connect_timeout=0.1), introduction))
    assert client.told == []
    client.startApi()
    assert client.told == ["client id -1"]
