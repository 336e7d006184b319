"""The accounts' positions: IB's reports, reconciled with fills that arrive before or after them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal

import attrs

UNSETTLED = 5.0
"""Seconds after a fill in which IB's position report may still predate it."""

_PLACES = Decimal("1e-9")
_NEVER = float("-inf")


@attrs.define(eq=False)
class Holding:
    """One account's position in one contract: the base that IB reported, and the fills since.

    IB reports positions and fills independently, in either order. A report that contradicts the fills of the last few
    seconds is accepted only if it is still IB's latest after that time; one that precedes its fill counts once. Fills
    of other clients are never reported unasked, so until they are read, only the position reports include them.

    Attributes:
        account: The account.
        con_id: IB's contract id.
        average_price: Entry price in quoted units; None while unknown, or when flat.
        average_cost: IB's latest average cost of one contract.
        as_of: When this was known.
        is_doubted: Whether IB's latest report came after the last fill, contradicts it, and is not accepted yet.
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
    _bases: tuple[int, int] = (0, 0)
    _shifted_at: float = _NEVER
    _filled_at: float = _NEVER

    @property
    def quantity(self) -> int:
        """Signed lots."""
        return self._base + self._filled

    def fill(self, quantity: int, price: Decimal) -> None:
        """Add a fill."""
        before, self._filled_at = self.quantity, time.monotonic()
        self._filled += quantity
        if self._is_explained:  # IB's report preceded its fill
            self._base = self._reported - self._filled
            self.average_price = None
        else:
            self.average_price = _entry_price(before, self.average_price, quantity, price)
        self.is_doubted = self.is_doubted and self._reported != self.quantity
        self.as_of = datetime.now(timezone.utc)

    def fill_of_others(self, quantity: int) -> None:
        """Take note of another client's fill: the position changes only if this explains a doubted report."""
        self._shift(self._base - quantity)
        self._filled += quantity
        if self.is_doubted:
            self.report(self._reported, self._reported_cost)

    def report(self, quantity: int, average_cost: Decimal | None) -> None:
        """Process a position report of IB's."""
        self._reported, self._reported_cost = quantity, average_cost
        is_news, is_unsettled = quantity != self.quantity, time.monotonic() - self._filled_at < UNSETTLED
        self.is_doubted = is_news and is_unsettled and not self._is_explained
        if not is_news:
            self.average_cost = average_cost
            self.as_of = datetime.now(timezone.utc)
        elif not self.is_doubted:
            self._accept()

    def settle(self) -> None:
        """Accept a doubted report once it has been IB's latest for long enough."""
        if self.is_doubted:
            self.report(self._reported, self._reported_cost)

    def accept_report(self) -> None:
        """Accept IB's latest report whatever the fills say, because a complete snapshot was just read."""
        self.is_doubted = False
        if self._reported != self.quantity:
            self._accept()
        self._shifted_at = _NEVER  # every fill in that report was read too, so none is still to come

    def price(self, multiplier: Decimal | None, magnifier: Decimal) -> Decimal | None:
        """Return the entry price in quoted units; None when flat."""
        if self.quantity == 0:
            return None
        price = self.average_price
        if price is None and self.average_cost is not None and multiplier:
            price = self.average_cost * magnifier / multiplier
        return price if price is None or price == price.quantize(_PLACES) else price.quantize(_PLACES)

    @property
    def _is_explained(self) -> bool:
        """Whether IB's latest report and all known fills agree on a base that held in the last few seconds."""
        low, high = self._bases
        is_recent = time.monotonic() - self._shifted_at < UNSETTLED
        return is_recent and low <= self._reported - self._filled <= high

    def _accept(self) -> None:
        self._shift(self._reported - self._filled)
        self.average_price, self.average_cost = None, self._reported_cost
        self.as_of = datetime.now(timezone.utc)

    def _shift(self, base: int) -> None:
        """Change the base, and remember the range of bases since the first shift of the last few seconds."""
        now = time.monotonic()
        low, high = self._bases if now - self._shifted_at < UNSETTLED else (self._base, self._base)
        self._bases = (min(low, base), max(high, base))
        self._base, self._shifted_at = base, now


def _entry_price(held: int, average: Decimal | None, quantity: int, price: Decimal) -> Decimal | None:
    """Return the volume-weighted entry price after a fill; closing lots do not change it."""
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
        is_known: Whether IB has ever sent a complete list.
    """

    def __init__(self) -> None:
        self.is_known = False
        self._lock = threading.Lock()
        self._holdings: dict[tuple[str, int], Holding] = {}
        self._listed: set[tuple[str, int]] = set()

    def report(self, account: str, con_id: int, quantity: int, average_cost: Decimal | None) -> Holding | None:
        """Process a position report of IB's; return the holding if it changed."""
        self._listed.add((account, con_id))
        return self._change(account, con_id, lambda holding: holding.report(quantity, average_cost))

    def fill(self, account: str, con_id: int, quantity: int, price: Decimal) -> Holding | None:
        """Add a fill, and return the new holding; None if IB had already reported it."""
        return self._change(account, con_id, lambda holding: holding.fill(quantity, price))

    def fill_of_others(self, account: str, con_id: int, quantity: int) -> Holding | None:
        """Take note of another client's fill, read from IB's list; return the holding if it changed."""
        return self._change(account, con_id, lambda holding: holding.fill_of_others(quantity))

    def begin_list(self) -> None:
        """Start processing a complete list of IB's, which omits flat positions."""
        self._listed.clear()

    def end_list(self) -> list[Holding]:
        """Treat positions missing from the list as flat, unless a fill is newer; return the changes."""
        self.is_known = True
        missing = [key for key in list(self._holdings) if key not in self._listed]
        changed = [self._change(*key, lambda holding: holding.report(0, None)) for key in missing]
        return [each for each in changed if each is not None]

    def accept_reports(self) -> list[Holding]:
        """Accept IB's reports after a new session has read orders, fills and positions; return the changes."""
        changed = self.end_list() + [self._change(*key, Holding.accept_report) for key in list(self._holdings)]
        return [each for each in changed if each is not None]

    def has_doubts(self) -> bool:
        """Return whether any of IB's latest reports is not accepted yet."""
        with self._lock:
            return any(each.is_doubted for each in self._holdings.values())

    def settle(self) -> list[Holding]:
        """Accept reports that have been doubted for long enough; return the changes."""
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
