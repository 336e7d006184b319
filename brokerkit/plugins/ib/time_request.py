"""Requests the Gateway's time: one request for all callers, repeated if the Gateway drops it."""

from __future__ import annotations

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

_RESEND_AFTER = 2.0
_LEAST_PAUSE = 1.0


class TimeRequest:
    """Shares one pending time request: IB's answer carries no request id, so only one can be pending.

    A Gateway that receives too many messages at once silently drops some, and a real one answers only one time request
    per second. Nearly every call needs the time, so none may wait for an answer that never comes: where a Gateway is
    found to drop a request within a second of the last, that one's answer serves for the rest of the second.
    """

    def __init__(self) -> None:
        self._pending: asyncio.Future[datetime] | None = None
        self._sent = self._received = float("-inf")
        self._last: datetime | None = None
        self._is_limited = False

    async def ask(self, ib: Any) -> datetime:
        """Return the Gateway's time, aware UTC. Awaited in the client's loop; the caller sets the timeout.

        Raises:
            OSError: The connection was lost.
        """
        if self._last is not None and self._is_limited and self._is_too_soon:
            return (self._last + timedelta(seconds=time.monotonic() - self._received)).replace(microsecond=0)
        if self._pending is None or self._pending.done():
            self._pending = asyncio.ensure_future(self._answer(ib))
            self._pending.add_done_callback(_retrieve_exception)
        return await asyncio.shield(self._pending)

    @property
    def _is_too_soon(self) -> bool:
        return time.monotonic() - self._sent < _LEAST_PAUSE

    async def _answer(self, ib: Any) -> datetime:
        is_too_soon = self._is_too_soon
        while True:
            sent = time.monotonic()
            try:
                limit = _LEAST_PAUSE if is_too_soon else _RESEND_AFTER
                answer: datetime = await asyncio.wait_for(ib.reqCurrentTimeAsync(), limit)
            except asyncio.TimeoutError:
                self._is_limited, is_too_soon = self._is_limited or is_too_soon, False
                continue
            self._sent, self._received, self._last = sent, time.monotonic(), answer
            return answer


def _retrieve_exception(request: asyncio.Future[datetime]) -> None:
    """Retrieve a failure that no caller may be waiting for any more, so that asyncio does not log it."""
    if not request.cancelled():
        request.exception()
