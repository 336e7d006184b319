"""One side of a book: orders by the price at which they act, with fast access to the next one to act."""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder

_priority = attrgetter("priority")


class Levels:
    """Orders by level, and by priority within a level. Inserting and removing are cheap, however many orders there are.

    A level is a price in units, negated on the side that acts when the price rises: the highest level
    is always the next to act.

    Attributes:
        prices: The levels that have orders, increasing.
        orders: The orders at each level, first in priority first.
    """

    __slots__ = ("orders", "prices")

    def __init__(self) -> None:
        self.prices: list[int] = []
        self.orders: dict[int, list[LiveOrder]] = {}

    def insert(self, level: int, live: LiveOrder) -> None:
        """Insert an order at a level, behind earlier orders."""
        live.level = level
        existing = self.orders.get(level)
        if existing is None:
            self.orders[level] = [live]
            insort(self.prices, level)
        elif existing[-1].priority < live.priority:
            existing.append(live)
        else:
            insort(existing, live, key=_priority)

    def remove(self, live: LiveOrder) -> None:
        """Remove an order."""
        level = live.level
        existing = self.orders[level]
        if len(existing) == 1:
            del self.orders[level]
            del self.prices[bisect_left(self.prices, level)]
        else:
            del existing[bisect_left(existing, live.priority, key=_priority)]

    def first(self) -> LiveOrder:
        """Return the next order to act; there must be one."""
        return self.orders[self.prices[-1]][0]

    def reached(self, level: int) -> list[LiveOrder]:
        """Return the orders at a level or above, lowest level first."""
        prices = self.prices
        return [live for price in prices[bisect_left(prices, level) :] for live in self.orders[price]]

    def all(self) -> list[LiveOrder]:
        """Return every order, lowest level first."""
        return [live for price in self.prices for live in self.orders[price]]
