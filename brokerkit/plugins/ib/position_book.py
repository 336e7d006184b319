"""What the accounts hold: IB's word, and the fills that IB's word does not show yet."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone
from decimal import Decimal

import attrs

_STALE_FOR = 5.0
_PLACES = Decimal("1e-9")


@attrs.define(eq=False)
class Holding:
    """What one account holds of one contract.

    Attributes:
        account: The account.
        con_id: IB's id of the contract.
        quantity: Signed lots.
        average_price: Entry price in quoted units; None while it is not known, or when flat.
        average_cost: IB's average cost of one contract, when IB's word was taken last.
        as_of: When it was known.
    """

    account: str
    con_id: int
    quantity: int = 0
    average_price: Decimal | None = None
    average_cost: Decimal | None = None
    as_of: datetime = attrs.field(factory=lambda: datetime.now(timezone.utc))
    _outdated: list[tuple[float, int]] = attrs.field(factory=list)
    _unexplained: list[tuple[float, int]] = attrs.field(factory=list)

    def is_outdated(self, quantity: int) -> bool:
        """Return whether IB repeats a quantity that a fill of the last seconds has changed."""
        now = time.monotonic()
        self._outdated = [(at, old) for at, old in self._outdated if now - at < _STALE_FOR]
        return any(old == quantity for _, old in self._outdated)

    def fill(self, quantity: int, price: Decimal) -> bool:
        """Count a fill, unless IB's word included it already; return whether anything changed."""
        if self._explains(quantity):
            return False
        self._outdated.append((time.monotonic(), self.quantity))
        new = self.quantity + quantity
        if new == 0:
            self.average_price = None
        elif self.quantity == 0 or (new > 0) is not (self.quantity > 0):
            self.average_price = price
        elif (quantity > 0) is (self.quantity > 0) and self.average_price is not None:
            self.average_price = (self.average_price * self.quantity + price * quantity) / new
        self.quantity, self.average_cost = new, None
        self.as_of = datetime.now(timezone.utc)
        return True

    def _explains(self, quantity: int) -> bool:
        """Return whether a fill is the cause of a change that IB told before it, and take it from that."""
        now = time.monotonic()
        self._unexplained = [(at, change) for at, change in self._unexplained if now - at < _STALE_FOR]
        for index, (at, change) in enumerate(self._unexplained):
            if (change > 0) is (quantity > 0) and abs(change) >= abs(quantity):
                left = change - quantity
                self._unexplained[index : index + 1] = [(at, left)] if left else []
                return True
        return False

    def report(self, quantity: int, average_cost: Decimal | None) -> bool:
        """Take IB's word, unless it is older than a fill; return whether anything changed."""
        if quantity != self.quantity and self.is_outdated(quantity):
            return False
        changed = quantity != self.quantity
        if changed:
            self._unexplained.append((time.monotonic(), quantity - self.quantity))
        if changed or self.average_price is None:
            self.average_price, self.average_cost = None, average_cost
        self.quantity = quantity
        self.as_of = datetime.now(timezone.utc)
        return changed

    def price(self, multiplier: Decimal | None, magnifier: Decimal) -> Decimal | None:
        """Return the entry price in quoted units; None when flat."""
        if self.quantity == 0:
            return None
        price = self.average_price
        if price is None and self.average_cost is not None and multiplier:
            price = self.average_cost * magnifier / multiplier
        return price if price is None or price == price.quantize(_PLACES) else price.quantize(_PLACES)


class PositionBook:
    """Every holding, by account and contract."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holdings: dict[tuple[str, int], Holding] = {}
        self._reported: dict[tuple[str, int], int] = {}

    def report(self, account: str, con_id: int, quantity: int, average_cost: Decimal | None) -> Holding | None:
        """Take in what IB says; return the holding when it changed."""
        with self._lock:
            self._reported[(account, con_id)] = quantity
            holding = self._holdings.setdefault((account, con_id), Holding(account, con_id))
            return attrs.evolve(holding) if holding.report(quantity, average_cost) else None

    def fill(self, account: str, con_id: int, quantity: int, price: Decimal) -> Holding | None:
        """Count a fill, and return what is held now; None when IB had told of it before."""
        with self._lock:
            holding = self._holdings.setdefault((account, con_id), Holding(account, con_id))
            return attrs.evolve(holding) if holding.fill(quantity, price) else None

    def begin_snapshot(self) -> None:
        """Begin to take in a whole list of IB's, in which what is flat is left out."""
        with self._lock:
            self._reported = {}

    def end_snapshot(self) -> list[Holding]:
        """Take what a whole list left out for flat, unless a fill is newer; return what changed."""
        with self._lock:
            missing = [holding for key, holding in self._holdings.items() if key not in self._reported]
            return [attrs.evolve(holding) for holding in missing if holding.report(0, None)]

    def holdings(self) -> list[Holding]:
        """Return copies of all holdings that are not flat."""
        with self._lock:
            return [attrs.evolve(each) for each in self._holdings.values() if each.quantity]

    def quantity(self, account: str, con_id: int) -> int:
        """Return the signed lots that an account holds of a contract."""
        with self._lock:
            holding = self._holdings.get((account, con_id))
            return holding.quantity if holding is not None else 0
