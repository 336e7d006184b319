"""Processes IB's position reports and the effect of fills on positions, and emits the changes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from brokerkit.errors import BrokerkitError, NotSupported
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.plugins.ib.event_delivery import PendingEvent
from brokerkit.plugins.ib.executions import price_from
from brokerkit.plugins.ib.position_book import UNSETTLED, Holding, PositionBook
from brokerkit.spec.broker_order import Fill
from brokerkit.spec.contract import FxPair
from brokerkit.spec.positions import Position

_log = logging.getLogger(__name__)


class PositionNews:
    """Processes positions, in the desk's thread.

    Args:
        directory: Resolves contracts.
        later: Delivers an event once everything processed so far is journalled.
        after: Runs work in the desk's thread after a delay in seconds.

    Attributes:
        book: The positions.
        left_out: Unsupported positions, such as shares, by IB's contract id.
    """

    def __init__(
        self,
        directory: ContractDirectory,
        later: Callable[[PendingEvent], None],
        after: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self.book = PositionBook()
        self.left_out: dict[int, BrokerkitError] = {}
        self._directory = directory
        self._later = later
        self._after = after
        self._is_settling = False

    def report(self, account: str, contract: Any, quantity: float, average_cost: float) -> None:
        """Process a position report of IB's; currency is a balance, not a position."""
        if contract.secType == "FUT":
            changed = self.book.report(account, contract.conId, round(quantity), price_from(average_cost))
            if changed is not None:
                self.emit(changed)
            self._settle_later()
        elif contract.secType != "CASH":
            self._leave_out(contract, quantity)

    def _leave_out(self, contract: Any, quantity: float) -> None:
        if not quantity:
            self.left_out.pop(contract.conId, None)
        elif contract.conId not in self.left_out:
            error = NotSupported(f"A position in {contract.secType} {contract.symbol} is not a futures position.")
            _log.warning("A position is left out: %s", error)
            self.left_out[contract.conId] = error

    def _settle_later(self) -> None:
        """Check a doubted report again later, because IB may send no other."""
        if self.book.has_doubts() and not self._is_settling:
            self._is_settling = True
            self._after(UNSETTLED, self._settle)

    def _settle(self) -> None:
        self._is_settling = False
        for changed in self.book.settle():
            self.emit(changed)
        self._settle_later()

    def count(self, fill: Fill, con_id: int, *, is_of_others: bool) -> None:
        """Add a fill, so that the position is right before listeners receive the fill.

        Args:
            fill: The fill.
            con_id: IB's id of its contract.
            is_of_others: Whether another session has heard of it: IB reported the position to all, but not the fill.
        """
        if isinstance(fill.contract, FxPair):
            return  # it is not a position
        if is_of_others:
            changed = self.book.fill_of_others(fill.account, con_id, fill.quantity)
        else:
            changed = self.book.fill(fill.account, con_id, fill.quantity, fill.price)
        if changed is not None:
            self.emit(changed)

    def emit(self, holding: Holding) -> None:
        """Emit a position once it is journalled, unless its contract cannot be resolved."""
        self._later(PendingEvent(Position, partial(self._event, holding)))

    def _event(self, holding: Holding) -> Position | None:
        try:
            return self.position(holding)
        except BrokerkitError as error:
            _log.warning("A position in contract id %s cannot be reported: %s", holding.con_id, error)
            return None

    def position(self, holding: Holding) -> Position:
        """Convert a holding to a Position.

        Raises:
            MissingContract: IB has no such future.
            MissingInstrument: The instrument table has no row for it.
        """
        found = self._directory.by_con_id(holding.con_id)
        price = holding.price(found.facts.multiplier or found.row.multiplier, found.facts.price_magnifier)
        return Position(holding.account, found.contract, holding.quantity, price, holding.as_of)
