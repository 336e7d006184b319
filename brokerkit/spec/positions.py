"""The positions domain: what the accounts hold."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.hooks import hook


@attrs.frozen
class Position:
    """What an account holds of one contract.

    Attributes:
        account: The account that holds it.
        contract: Named by the same month or date as in orders, never by its expiry.
        quantity: Signed whole lots; in an event, 0 means that the position was closed.
        average_price: Volume-weighted entry price in quoted units; None when flat.
        as_of: The time as of which the broker reports it, aware UTC.
    """

    account: str
    contract: FuturesContract
    quantity: int
    average_price: Decimal | None
    as_of: datetime


class Positions(Protocol):
    """What the accounts hold."""

    @hook(paced=True)
    def get_all_current_positions_as_list_with_contract_objects(self, account: str = "") -> list[Position]:
        """Return every open position, ordered by account, instrument and date.

        Args:
            account: One account's id; empty for all accounts.

        Returns:
            One entry per account and contract; flat positions are not listed. Currency is held as a
            balance, not as a position: see `broker.fx.get_fx_balances`.

        Raises:
            MissingAccount: No such account.
            MissingContract: The broker denies a contract that is held, so that the list would not be complete.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.positions.get_all_current_positions_as_list_with_contract_objects()
            []
        """
        ...
