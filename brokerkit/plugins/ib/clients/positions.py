"""Position requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from brokerkit.plugins.ib.clients.client import IBClient


class PositionsClient(IBClient):
    """Asks IB what the accounts hold; it tells changes by itself from then on."""

    async def read_list(self, ib: Any, begin: Callable[[], None], end: Callable[[], None]) -> None:
        """Have IB tell every position; the connection's listeners hear them. To be awaited in the client's loop.

        One list is read at a time, so that none is taken for ended with half of another.

        Args:
            ib: The library's IB object.
            begin: Called right before IB is asked.
            end: Called when the list is complete, and not otherwise.

        Raises:
            OSError: The line broke.
        """

        async def ask() -> None:
            begin()
            await ib.reqPositionsAsync()
            end()

        await self.ib_connection.shared("positions", ask)
