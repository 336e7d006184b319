"""One side of a book: orders by the price at which they act, the next one to act found at once."""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder

_priority = attrgetter("priority")


class Levels:
    """Orders by level; at one level by priority. What is placed or taken out costs little, however many there are.

    A level is a price in units, negated on the side that acts when the price rises: the highest level
    is always the next to act.

    Attributes:
        prices: The levels at which there are orders, rising.
        orders: The orders at each level, the first one first.
    """

    __slots__ = ("orders", "prices")

    def __init__(self) -> None:
        self.prices: list[int] = []
        self.orders: dict[int, list[LiveOrder]] = {}

    def insert(self, level: int, live: LiveOrder) -> None:
        """Put an order at a level, behind those that came before it."""
        live.level = level
        there = self.orders.get(level)
        if there is None:
            self.orders[level] = [live]
            insort(self.prices, level)
        elif there[-1].priority < live.priority:
            there.append(live)
        else:
            insort(there, live, key=_priority)

    def remove(self, live: LiveOrder) -> None:
        """Take an order out."""
        level = live.level
        there = self.orders[level]
        if len(there) == 1:
            del self.orders[level]
            del self.prices[bisect_left(self.prices, level)]
        else:
            del there[bisect_left(there, live.priority, key=_priority)]

    def first(self) -> LiveOrder:
        """Return the next order to act; there must be one."""
        return self.orders[self.prices[-1]][0]

    def reached(self, level: int) -> list[LiveOrder]:
        """Return the orders at a level or a higher one, the lowest level first."""
        prices = self.prices
        return [live for price in prices[bisect_left(prices, level) :] for live in self.orders[price]]

    def all(self) -> list[LiveOrder]:
        """Return every order, the lowest level first."""
        return [live for price in self.prices for live in self.orders[price]]
