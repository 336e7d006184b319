"""Position requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brokerkit.plugins.ib.clients.client import IBClient


class PositionsClient(IBClient):
    """Requests positions from IB, which reports changes from then on."""

    async def read_list(self, ib: Any, begin: Callable[[], None], end: Callable[[], None]) -> None:
        """Request every position; the connection's listeners receive them. Awaited in the client's loop.

        Only one list is read at a time, so that the end of one is not mistaken for the end of another.

        Args:
            ib: The library's IB object.
            begin: Called right before the request.
            end: Called only when the list is complete.

        Raises:
            OSError: The connection was lost.
        """

        async def ask() -> None:
            begin()
            await ib.reqPositionsAsync()
            end()

        await self.ib_connection.shared("positions", ask)
