"""An order as the plain exchange knows it, and what it traded."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING

from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, OrderType, TimeInForce

if TYPE_CHECKING:
    from plain_exchange.contract import PlainContract, PlainSpread
    from plain_exchange.money import PlainAccount

FINAL = ("filled", "cancelled", "rejected", "expired")
AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.AT_OPEN)
TOUCHED = (OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)
Moment = tuple[int, int]
"""An instant, and a phase of it: see `clock`."""


@dataclass
class PlainFill:
    """So many signed lots at one price."""

    contract: FuturesContract | FxPair
    leg: int
    lots: int
    price: Fraction
    time: int
    commission: Fraction
    late: bool = False


@dataclass(eq=False)
class PlainOrder:
    """One order, or one leg of a spread that fills leg by leg.

    Attributes:
        ordered: Lots, or units of a spread, that it may trade in all; for an exit, what it is sized to.
        asked: Lots that it was placed with; for an exit, what it is sized to when its entry has filled whole.
        place: waiting (for its parent), flight, held, market, or none.
        since: The first moment at which it may trade.
        saw: The last price that it saw and did not trade at, in the bar under way.
        turn: Its place among market orders, once it is one.
        leg_of: The spread that it is a leg of.
    """

    number: int
    order: Order
    account: PlainAccount
    market: PlainContract | PlainSpread
    side: int
    ordered: int
    asked: int
    sent: int
    state: str = "pending"
    place: str = "none"
    since: Moment = (0, 0)
    priority: tuple[int, int] = (0, 0)
    limit: int | None = None
    trigger: int | None = None
    fired: bool = False
    best: int | None = None
    filled: int = 0
    ahead: int = 0
    saw: int = 0
    turn: int = 0
    parent: PlainOrder | None = None
    children: list[PlainOrder] = field(default_factory=list)
    leg_of: PlainOrder | None = None
    leg: int = 0
    legs: list[PlainOrder] = field(default_factory=list)
    fills: list[PlainFill] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        """Whether its state is the last one."""
        return (self.leg_of or self).state in FINAL

    @property
    def remaining(self) -> int:
        """What it may still trade."""
        return self.ordered - self.filled

    @property
    def trades(self) -> bool:
        """Whether it takes part in its market."""
        return self.place == "market" and not self.is_final and self.remaining > 0

    @property
    def is_market(self) -> bool:
        """Whether it takes what the next open gives: a market order, a fired stop, or one that must fill at once."""
        if self.is_unpriced or self.trigger is not None:
            return False
        return self.limit is None or self.order.time_in_force in AT_ONCE

    @property
    def is_unpriced(self) -> bool:
        """Whether it is a trailing stop that has seen no price yet."""
        trailing = self.order.order_type is OrderType.TRAILING_STOP
        return trailing and self.trigger is None and not self.fired

    @property
    def acts_on_a_fall(self) -> bool:
        """Whether it acts when the price falls to its level, not when it rises there."""
        if self.trigger is None:
            return self.side > 0
        return (self.side > 0) is (self.order.order_type in TOUCHED)

    def level(self, gap: int) -> int:
        """Return the price, in ticks, at which it acts; a limit acts so many ticks beyond its own."""
        if self.trigger is not None:
            return self.trigger
        assert self.limit is not None
        return self.limit - gap * self.side


def units_of(order: Order) -> int:
    """Return an order's signed lots, or a spread's signed units."""
    units = gcd(*order.quantity)
    return units if order.quantity[0] > 0 else -units


def good_till(order: Order) -> int:
    """Return when a GTD order runs out, in nanoseconds."""
    assert order.good_till is not None
    return int(order.good_till.timestamp()) * 1_000_000_000
