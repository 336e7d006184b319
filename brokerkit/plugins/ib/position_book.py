"""What the accounts hold: IB's word, and the fills that IB's word does not show yet, or shows before they come."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal

import attrs

UNSETTLED = 5.0
"""Seconds after a fill in which IB's word may still be of before it."""

_PLACES = Decimal("1e-9")
_NEVER = float("-inf")


@attrs.define(eq=False)
class Holding:
    """What one account holds of one contract: what it held before, and the fills that were heard of.

    IB tells positions and fills apart from each other, in either order. A report that the fills of the
    last seconds contradict is not believed until it has been IB's last word for as long; one that comes before its
    fill is not counted twice.

    Attributes:
        account: The account.
        con_id: IB's id of the contract.
        average_price: Entry price in quoted units; None while it is not known, or when flat.
        average_cost: IB's average cost of one contract, as it was told last.
        as_of: When it was known.
        is_doubted: Whether IB's last word came after the last fill, contradicts it, and is not believed yet.
    """

    account: str
    con_id: int
    average_price: Decimal | None = None
    average_cost: Decimal | None = None
    as_of: datetime = attrs.field(factory=lambda: datetime.now(timezone.utc))
    is_doubted: bool = False
    _base: int = 0
    _filled: int = 0
    _reported: int = 0
    _reported_cost: Decimal | None = None
    _base_before: int = 0
    _shifted_at: float = _NEVER
    _filled_at: float = _NEVER

    @property
    def quantity(self) -> int:
        """Signed lots."""
        return self._base + self._filled

    def fill(self, quantity: int, price: Decimal) -> None:
        """Count a fill."""
        now = time.monotonic()
        self.is_doubted = False
        before = self.quantity
        self._filled += quantity
        self._filled_at = now
        if now - self._shifted_at < UNSETTLED and self._reported - self._filled == self._base_before:
            self._base, self._shifted_at = self._base_before, _NEVER  # IB's report had come before its fill
            self.average_price = None
        else:
            self.average_price = _entry_price(before, self.average_price, quantity, price)
        self.as_of = datetime.now(timezone.utc)

    def report(self, quantity: int, average_cost: Decimal | None) -> None:
        """Take in IB's word."""
        now = time.monotonic()
        self._reported, self._reported_cost = quantity, average_cost
        rest = quantity - self._filled
        is_news, is_unsettled = rest != self._base, now - self._filled_at < UNSETTLED
        self.is_doubted = is_news and is_unsettled
        if not is_news:
            self.average_cost = average_cost
            self.as_of = datetime.now(timezone.utc)
        elif not is_unsettled:
            self._base_before, self._shifted_at = self._base, now
            self._believe(rest, average_cost)

    def settle(self) -> None:
        """Believe a word of IB's that was doubted, once it has been the last one for long enough."""
        if self.is_doubted:
            self.report(self._reported, self._reported_cost)

    def believe_report(self) -> None:
        """Take IB's last word for the truth, whatever the fills say: a whole picture was just read."""
        rest = self._reported - self._filled
        self.is_doubted = False
        self._shifted_at = _NEVER  # every fill behind that word was read too: none of it is still to come
        if rest != self._base:
            self._believe(rest, self.average_cost)

    def price(self, multiplier: Decimal | None, magnifier: Decimal) -> Decimal | None:
        """Return the entry price in quoted units; None when flat."""
        if self.quantity == 0:
            return None
        price = self.average_price
        if price is None and self.average_cost is not None and multiplier:
            price = self.average_cost * magnifier / multiplier
        return price if price is None or price == price.quantize(_PLACES) else price.quantize(_PLACES)

    def _believe(self, base: int, average_cost: Decimal | None) -> None:
        self._base = base
        self.average_price, self.average_cost = None, average_cost
        self.as_of = datetime.now(timezone.utc)


def _entry_price(held: int, average: Decimal | None, quantity: int, price: Decimal) -> Decimal | None:
    """Return the volume-weighted entry price after a fill; closing lots leave it as it is."""
    new = held + quantity
    if new == 0:
        return None
    if held == 0 or (new > 0) is not (held > 0):
        return price
    if (quantity > 0) is (held > 0):
        return None if average is None else (average * held + price * quantity) / new
    return average


class PositionBook:
    """Every holding, by account and contract.

    Attributes:
        is_known: Whether IB ever told a whole list.
    """

    def __init__(self) -> None:
        self.is_known = False
        self._lock = threading.Lock()
        self._holdings: dict[tuple[str, int], Holding] = {}
        self._listed: set[tuple[str, int]] = set()

    def report(self, account: str, con_id: int, quantity: int, average_cost: Decimal | None) -> Holding | None:
        """Take in what IB says; return the holding when it changed."""
        self._listed.add((account, con_id))
        return self._change(account, con_id, lambda holding: holding.report(quantity, average_cost))

    def fill(self, account: str, con_id: int, quantity: int, price: Decimal) -> Holding | None:
        """Count a fill, and return what is held now; None when IB had told of it before."""
        return self._change(account, con_id, lambda holding: holding.fill(quantity, price))

    def begin_list(self) -> None:
        """Begin to take in a whole list of IB's, in which what is flat is left out."""
        self._listed.clear()

    def end_list(self) -> list[Holding]:
        """Take what a whole list left out for flat, unless a fill is newer; return what changed."""
        self.is_known = True
        missing = [key for key in list(self._holdings) if key not in self._listed]
        changed = [self._change(*key, lambda holding: holding.report(0, None)) for key in missing]
        return [each for each in changed if each is not None]

    def believe_reports(self) -> list[Holding]:
        """Take IB's words for the truth: a new session read orders, fills and positions; return what changed."""
        changed = self.end_list() + [self._change(*key, Holding.believe_report) for key in list(self._holdings)]
        return [each for each in changed if each is not None]

    def has_doubts(self) -> bool:
        """Return whether IB's last word on anything is not believed yet."""
        with self._lock:
            return any(each.is_doubted for each in self._holdings.values())

    def settle(self) -> list[Holding]:
        """Believe IB's words that were doubted for long enough; return what changed."""
        changed = [self._change(*key, Holding.settle) for key in list(self._holdings)]
        return [each for each in changed if each is not None]

    def holdings(self) -> list[Holding]:
        """Return copies of all holdings that are not flat."""
        with self._lock:
            return [attrs.evolve(each) for each in self._holdings.values() if each.quantity]

    def quantity(self, account: str, con_id: int) -> int:
        """Return the signed lots that an account holds of a contract."""
        with self._lock:
            holding = self._holdings.get((account, con_id))
            return holding.quantity if holding is not None else 0

    def _change(self, account: str, con_id: int, change: Callable[[Holding], None]) -> Holding | None:
        with self._lock:
            holding = self._holdings.setdefault((account, con_id), Holding(account, con_id))
            before = holding.quantity
            change(holding)
            return attrs.evolve(holding) if holding.quantity != before else None
