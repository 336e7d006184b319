"""Position requests."""

from __future__ import annotations

from typing import Any

from brokerkit.plugins.ib.clients.client import IBClient


class PositionsClient(IBClient):
    """Asks IB what the accounts hold; it tells changes by itself from then on."""

    def refresh(self) -> None:
        """Have IB tell every position; the connection's listeners hear them.

        Raises:
            RequestTimedOut: No answer in time.
            ConnectionLost: The line is down.
        """

        async def ask(ib: Any) -> None:
            await self.ib_connection.shared("positions", ib.reqPositionsAsync)

        self.ask(ask, "the positions")
