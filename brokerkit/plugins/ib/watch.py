"""Polls IB's lists for as long as the state of an order is uncertain."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from brokerkit.errors import BrokerkitError
from brokerkit.plugins.ib.connection import IBConnection

_log = logging.getLogger(__name__)
_BETWEEN_READINGS = 1.0
_LONGEST_PAUSE = 30.0


class Watch:
    """Polls with growing pauses until no order is in doubt; a new doubt ends the pause.

    It never gives up, because the connection may be down for long.

    Args:
        connection: The connection.
        read_lists: Reads IB's lists and processes them.
        is_certain: Whether there is nothing left to look for.
    """

    def __init__(
        self, connection: IBConnection, read_lists: Callable[[], Awaitable[None]], is_certain: Callable[[], bool]
    ) -> None:
        self._connection = connection
        self._read_lists = read_lists
        self._is_certain = is_certain
        self._is_reading = False
        self._doubted = asyncio.Event()

    def doubt(self, reason: str) -> None:
        """Start polling; may be called in any thread."""
        self._connection.post(lambda _ib: self._begin(reason))

    async def _begin(self, reason: str) -> None:
        self._doubted.set()
        if self._is_reading:
            return
        _log.info("Reading IB's lists of orders: %s", reason)
        self._is_reading = True
        try:
            await self._read_until_certain()
        finally:
            self._is_reading = False

    async def _read_until_certain(self) -> None:
        pause = _BETWEEN_READINGS
        while self._doubted.is_set() or not self._is_certain():
            pause = _BETWEEN_READINGS if self._doubted.is_set() else min(2 * pause, _LONGEST_PAUSE)
            self._doubted.clear()
            await self._read_once()
            if not self._is_certain():
                await asyncio.sleep(_BETWEEN_READINGS)
                await self._pause(pause - _BETWEEN_READINGS)

    async def _read_once(self) -> None:
        try:
            await asyncio.wait_for(self._read_lists(), self._connection.settings.request_timeout)
        except (BrokerkitError, OSError, asyncio.TimeoutError) as error:
            _log.info("IB's lists of orders could not be read: %r", error)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._doubted.wait(), seconds)
        except asyncio.TimeoutError:
            return
