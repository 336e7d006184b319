"""How orders trade: at opens, and inside bars tick by tick. At each tick every order is asked whether it can act."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from brokerkit.spec.order import OrderType, TimeInForce
from plain_exchange.clock import OPENS
from plain_exchange.contract import PlainBar, PlainContract, PlainSpread
from plain_exchange.order import AT_ONCE, PlainOrder

if TYPE_CHECKING:
    from plain_exchange.exchange import PlainExchange

Market = PlainContract | PlainSpread


def follow(order: PlainOrder, price: int) -> None:
    """Let a trailing stop see a price: its trigger follows the best one, and never moves back."""
    if order.order.order_type is not OrderType.TRAILING_STOP or order.fired:
        return
    is_first = order.best is None
    if order.best is not None and (price - order.best) * order.side >= 0:
        return
    order.best = price
    level = distance_from(order, price)
    if order.trigger is None or (not is_first and (level - order.trigger) * order.side < 0):
        order.trigger = level


def distance_from(order: PlainOrder, best: int) -> int:
    """Return where a trailing stop's trigger belongs: rounded to the tick away from the price."""
    tick, amount, percent = order.market.tick, order.order.trail_amount, order.order.trail_percent
    behind = Fraction(amount) / tick if amount is not None else abs(best) * Fraction(percent or 0) / 100
    exact = best + order.side * behind
    return ceil(exact) if order.side > 0 else floor(exact)


class Matching:
    """Trades the orders of one market at a time."""

    def __init__(self, exchange: PlainExchange) -> None:
        self.exchange = exchange
        self.bar: PlainBar | None = None
        self.market: Market | None = None
        self.at_open = False
        self.here = 0

    def bar_of(self, market: Market) -> PlainBar | None:
        """Return the bar of a market that is being traded at this moment, if it is this market's."""
        return self.bar if market is self.market else None

    def _book(self, market: Market, bar: PlainBar) -> list[PlainOrder]:
        found = [one for one in self.exchange.orders_in(market) if one.trades]
        return [one for one in found if one.since <= (bar.start, OPENS)]

    # -- opens and bodies ------------------------------------------------------------------

    def trade_open(self, market: Market, bar: PlainBar) -> None:
        """Trade a bar's open: market orders in the order they came, then what the open has reached."""
        market.left = self.exchange.models.lots(bar.volume)
        if isinstance(market, PlainContract):
            market.opened = bar.start
        self._begin(market, bar, at_open=True)
        book = self._book(market, bar)
        for order in book:
            follow(order, bar.open)
        for order in sorted((one for one in book if one.is_market), key=lambda one: one.turn):
            if order.trades and order.order.time_in_force in AT_ONCE:
                self._at_once(order, market, bar.open)
            elif order.trades:
                self._take(order, market, bar.open)
        for order in self._book(market, bar):
            order.saw = bar.open
        self._visit(market, bar.open, bar.open, falling=True)
        self.market = self.bar = None

    def trade_bar(self, market: Market, bar: PlainBar) -> None:
        """Trade what comes after a bar's open: every tick on its path; for a spread, the close alone."""
        if not self._book(market, bar):
            return
        self._begin(market, bar, at_open=False)
        if isinstance(market, PlainSpread):
            for order in self._book(market, bar):
                order.saw = bar.close
            self._visit(market, bar.close, bar.close, falling=True)
        else:
            for price, target in bar.path(self.exchange.models.path):
                self._visit(market, price, target, falling=price < self.here)
        self.market = self.bar = None

    def _begin(self, market: Market, bar: PlainBar, *, at_open: bool) -> None:
        self.market, self.bar, self.here, self.at_open = market, bar, bar.open, at_open

    def _visit(self, market: Market, price: int, target: int, *, falling: bool) -> None:
        """Let the market be at a price: whoever can act does, one at a time, until nobody can.

        What acts on a fall comes first where the price has fallen, until there is no more of it; then the others.
        """
        assert self.bar is not None
        self.here = price
        stuck: list[PlainOrder] = []
        while True:
            book = self._book(market, self.bar)
            for order in book:
                follow(order, price)
            ready = [one for one in book if one not in stuck and self._is_reached(one, price)]
            if not ready:
                break
            same_side = [one for one in ready if one.acts_on_a_fall is falling]
            falling = falling if same_side else not falling
            order = min(same_side or ready, key=self._turn)
            if not self._act(order, market, price, target):
                stuck.append(order)
        for order in self._book(market, self.bar):
            order.saw = price

    @property
    def gap(self) -> int:
        """By how many ticks the price must pass a limit before it fills."""
        return 0 if self.exchange.models.touch else 1

    def _is_reached(self, order: PlainOrder, price: int) -> bool:
        if order.is_market or order.is_unpriced:
            return False
        level = order.level(self.gap)
        return price <= level if order.acts_on_a_fall else price >= level

    def _turn(self, order: PlainOrder) -> tuple[int, tuple[int, int]]:
        level = order.level(self.gap)
        return -level if order.acts_on_a_fall else level, order.priority

    # -- one order ---------------------------------------------------------------------------

    def _act(self, order: PlainOrder, market: Market, price: int, target: int) -> bool:
        """Let an order act whose level is reached; return whether it did."""
        if order.trigger is not None:
            order.trigger, order.fired = None, True
            self._fire(order, market, price)
            return True
        if not market.left or not self._is_served(order, market, target):
            return False
        assert order.limit is not None
        lots = min(self.exchange.fillable(order), market.left)
        if not lots:
            self.exchange.end(order, "cancelled")
            return True
        at = min(order.limit, order.saw) if order.side > 0 else max(order.limit, order.saw)
        self._fill(order, market, lots, at)
        return order.is_final

    def _is_served(self, order: PlainOrder, market: Market, target: int) -> bool:
        """Return whether those who stood before a limit at its price have been served."""
        if order.ahead and target == order.limit:
            served = min(order.ahead, market.left)
            order.ahead -= served
            market.left -= served
            return order.ahead == 0 and market.left > 0
        order.ahead = 0
        return True

    def _fire(self, order: PlainOrder, market: Market, price: int) -> None:
        """Let an order whose trigger was reached become a market or a limit order, and trade where it can."""
        if order.limit is None:
            order.turn = self.exchange.next_turn()
            self._take(order, market, price)
        elif (price - order.limit) * order.side <= 0 and market.left:
            lots = min(self.exchange.fillable(order), market.left)
            if lots:
                self._fill(order, market, lots, price)
            else:
                self.exchange.end(order, "cancelled")

    def _take(self, order: PlainOrder, market: Market, price: int) -> None:
        """Trade at the market's price; what is left goes on at the next open, behind those who wait there."""
        lots = min(self.exchange.fillable(order), market.left)
        if lots:
            self._fill(order, market, lots, self._slipped(order, lots, price))
        elif market.left:
            self.exchange.end(order, "cancelled")
        order.turn = self.exchange.next_turn()

    def _at_once(self, order: PlainOrder, market: Market, price: int) -> None:
        """Trade at the open what can be traded there, and end the rest."""
        is_good = order.limit is None or (price - order.limit) * order.side <= 0
        lots = min(self.exchange.fillable(order), market.left) if is_good else 0
        if order.order.time_in_force is TimeInForce.FOK and lots < order.remaining:
            lots = 0
        if lots:
            self._fill(order, market, lots, price if order.limit is not None else self._slipped(order, lots, price))
        if not order.is_final:
            self.exchange.end(order, "cancelled")

    def _slipped(self, order: PlainOrder, lots: int, price: int) -> int:
        assert self.bar is not None
        if isinstance(order.market, PlainSpread):
            return price
        return self.exchange.models.slipped(price, lots * order.side, self.bar)

    def _fill(self, order: PlainOrder, market: Market, lots: int, price: int) -> None:
        """Trade lots, or units of a spread, each leg of which trades at its own open or close."""
        assert self.bar is not None
        market.left -= lots
        if isinstance(market, PlainSpread):
            self._fill_together(order, market, lots)
        else:
            order.filled += lots
            self.exchange.trade(order, market, order.leg, lots * order.side, price, self.bar)
        self.exchange.after_fill(order)

    def _fill_together(self, order: PlainOrder, market: PlainSpread, units: int) -> None:
        assert self.bar is not None
        order.filled += units
        for leg, (contract, ratio) in enumerate(market.legs):
            bar = contract.bars[self.bar.start]
            price = bar.open if self.at_open else bar.close
            self.exchange.trade(order, contract, leg, units * ratio * order.side, price, bar)
