"""Asking the Gateway the time: once for all who want it, and again when it drops the question."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

_PATIENCE = 2.0


class TimeQuestion:
    """Holds the question that is on its way. IB answers it without saying which one, so there is one at a time.

    A Gateway that is sent too much at once drops some of it and does not say what; nearly every call waits for the
    time, so none must wait for an answer that never comes.
    """

    def __init__(self) -> None:
        self._on_its_way: asyncio.Future[datetime] | None = None

    async def ask(self, ib: Any) -> datetime:
        """Return the Gateway's time, aware UTC. To be awaited in the client's loop, where the caller limits the time.

        Raises:
            OSError: The line broke.
        """
        if self._on_its_way is None or self._on_its_way.done():
            self._on_its_way = asyncio.ensure_future(_answer(ib))
            self._on_its_way.add_done_callback(_look_at)
        return await asyncio.shield(self._on_its_way)


async def _answer(ib: Any) -> datetime:
    while True:
        try:
            told: datetime = await asyncio.wait_for(ib.reqCurrentTimeAsync(), _PATIENCE)
        except asyncio.TimeoutError:
            continue
        return told


def _look_at(question: asyncio.Future[datetime]) -> None:
    """Take note of how a question ended, of which nobody may have waited for the answer any more."""
    if not question.cancelled():
        question.exception()
