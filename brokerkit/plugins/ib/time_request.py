"""Requests the Gateway's time: one request for all callers, repeated if the Gateway drops it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

_RESEND_AFTER = 2.0


class TimeRequest:
    """Shares one pending time request: IB's answer carries no request id, so only one can be pending.

    A Gateway that receives too many messages at once silently drops some. Nearly every call needs the time, so none may
    wait for an answer that never comes.
    """

    def __init__(self) -> None:
        self._pending: asyncio.Future[datetime] | None = None

    async def ask(self, ib: Any) -> datetime:
        """Return the Gateway's time, aware UTC. Awaited in the client's loop; the caller sets the timeout.

        Raises:
            OSError: The connection was lost.
        """
        if self._pending is None or self._pending.done():
            self._pending = asyncio.ensure_future(_answer(ib))
            self._pending.add_done_callback(_retrieve_exception)
        return await asyncio.shield(self._pending)


async def _answer(ib: Any) -> datetime:
    while True:
        try:
            answer: datetime = await asyncio.wait_for(ib.reqCurrentTimeAsync(), _RESEND_AFTER)
        except asyncio.TimeoutError:
            continue
        return answer


def _retrieve_exception(request: asyncio.Future[datetime]) -> None:
    """Retrieve a failure that no caller may be waiting for any more, so that asyncio does not log it."""
    if not request.cancelled():
        request.exception()
