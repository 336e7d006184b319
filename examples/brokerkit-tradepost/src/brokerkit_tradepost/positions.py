"""The positions domain of Tradepost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from brokerkit import FuturesContract, Position, Positions, hookimpl
from brokerkit_tradepost.capital import check_account
from brokerkit_tradepost.client import Client


class TradepostPositions(Positions):
    """What the account holds."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @hookimpl
    def get_all_current_positions_as_list_with_contract_objects(self, account: str = "") -> list[Position]:
        """Return the open positions."""
        found = self._client.get("/v1/positions")
        check_account(account, {"id": found["account"]})
        held = [
            Position(
                account=found["account"],
                contract=FuturesContract(row["code"], row["month"]),
                quantity=row["quantity"],
                average_price=Decimal(row["average_price"]),
                as_of=datetime.fromisoformat(found["time"]),
            )
            for row in found["held"]
        ]
        return sorted(held, key=lambda each: (each.account, each.contract.instrument_code, each.contract.dates))
