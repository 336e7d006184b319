"""The plain exchange itself: what a client can ask of it, and what happens at each phase of an instant."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, SpreadFill, TimeInForce
from plain_exchange import clock
from plain_exchange.calls import Calls
from plain_exchange.clock import Clock
from plain_exchange.contract import PlainBar, PlainContract, PlainSpread
from plain_exchange.entry import Entry
from plain_exchange.line import SECOND, Line, PlainFault
from plain_exchange.linked import Linked
from plain_exchange.matching import Matching, follow
from plain_exchange.models import PlainModels
from plain_exchange.money import Counting, PlainAccount
from plain_exchange.order import PlainFill, PlainOrder, good_till, units_of
from plain_exchange.sessions import Sessions

Market = PlainContract | PlainSpread
LATE = 10**9


class PlainExchange:
    """Everything there is, and what happens to it."""

    def __init__(self, start: int, models: PlainModels, faults: list[PlainFault]) -> None:
        self.models = models
        self.contracts: dict[FuturesContract | FxPair, PlainContract] = {}
        self.spreads: dict[tuple[FuturesContract, tuple[int, ...]], PlainSpread] = {}
        self.accounts: dict[str, PlainAccount] = {}
        self.orders: dict[int, PlainOrder] = {}
        self._alive: list[PlainOrder] = []
        self._untold: list[tuple[PlainOrder, PlainFill]] = []
        self.on_told: Callable[[PlainOrder, PlainFill], None] | None = None
        self.numbers = 0
        self._executions = 0
        self._turns = 0
        self._changes = 0
        self.line = Line(self, faults)
        self.clock = Clock(self, start)
        self.count = Counting(self)
        self.matching = Matching(self)
        self.linked = Linked(self)
        self.sessions = Sessions(self)
        self.calls = Calls(self)
        self.entry = Entry(self)
        self.first_and_last: dict[tuple[int, object], tuple[int, int]] = {}

    @property
    def now(self) -> int:
        """What the clock shows."""
        return self.clock.now

    # -- set-up ------------------------------------------------------------------------------

    def open_account(self, name: str, base: str, cash: dict[str, int]) -> None:
        """Open an account."""
        account = self.accounts[name] = PlainAccount(name, base)
        for currency, amount in cash.items():
            account.cash[currency].deposited = Fraction(amount)
        account.cash[base].deposited += 0

    def list_contract(self, contract: PlainContract) -> None:
        """List a contract."""
        self.contracts[contract.spec] = contract

    # -- what is where -----------------------------------------------------------------------

    def market_of(self, order: Order) -> Market:
        """Return where an order trades."""
        if len(order.quantity) == 1:
            return self.contracts[order.contract]
        contract = order.contract
        assert isinstance(contract, FuturesContract)
        units = units_of(order)
        ratios = tuple(lots // units for lots in order.quantity)
        key = (contract, ratios)
        if key not in self.spreads:
            legs = [self.contracts[leg] for leg in contract.legs]
            self.spreads[key] = PlainSpread(contract, list(zip(legs, ratios, strict=True)))
        return self.spreads[key]

    def all_orders(self) -> list[PlainOrder]:
        """Return every order that is not final, and every leg that trades by itself, by number."""
        self._alive = [order for order in self._alive if not order.is_final]
        return [one for order in self._alive for one in (order, *order.legs)]

    def take_in(self, order: PlainOrder) -> None:
        """Know of an order from now on."""
        self.orders[order.number] = order
        self._alive.append(order)

    def orders_in(self, market: Market) -> list[PlainOrder]:
        """Return the orders of a market that are not final; a spread that fills leg by leg is in its legs' markets."""
        here = [one for one in self.all_orders() if one.market is market and not one.legs]
        return [one for one in here if one.leg_of is None or one.remaining]

    def next_turn(self) -> int:
        """Return a number higher than any before."""
        self._turns += 1
        return self._turns

    def next_change(self) -> int:
        """Return a number for a change, higher than any before."""
        self._changes += 1
        return self._changes

    def lots_left(self, order: PlainOrder) -> list[tuple[PlainContract, int]]:
        """Return what an order may still trade: signed lots of each contract."""
        if order.legs:
            return [part for leg in order.legs for part in self.lots_left(leg)]
        lots = order.side * order.remaining
        if isinstance(order.market, PlainSpread):
            return [(leg, ratio * lots) for leg, ratio in order.market.legs]
        return [(order.market, lots)]

    def fillable(self, order: PlainOrder) -> int:
        """Return how many lots an order may trade now: one that only reduces never opens a position."""
        lots = order.remaining
        if order.order.reduce_only and isinstance(order.market, PlainContract):
            held = order.account.holdings[order.market].lots
            lots = min(lots, max(-held * order.side, 0))
        return lots

    # -- an order's life -----------------------------------------------------------------------

    def begin(self, order: PlainOrder) -> None:
        """Let an order work from now on."""
        if order.state == "pending":
            order.state = "working"
        if order.order.time_in_force is TimeInForce.GTD and order.order.good_till is not None:
            self.clock.send(good_till(order.order), lambda: self.end(order, "expired"))
        if len(order.order.quantity) > 1 and order.order.spread_fill is SpreadFill.BY_LEG:
            order.place = "market"
            order.legs = [self._leg(order, leg) for leg in range(len(order.order.quantity))]
            for leg in order.legs:
                self._start(leg)
        else:
            self._start(order)

    def _leg(self, order: PlainOrder, leg: int) -> PlainOrder:
        lots = order.order.quantity[leg]
        contract = self.contracts[order.order.contract.legs[leg]]  # type: ignore[union-attr]  # because pairs are no spreads
        return PlainOrder(
            order.number, order.order, order.account, contract, 1 if lots > 0 else -1, abs(lots), abs(lots), order.sent,
            state=order.state, priority=order.priority, leg_of=order, leg=leg,
        )  # fmt: skip

    def _start(self, order: PlainOrder) -> None:
        held = order.order.time_in_force
        bar = self.matching.bar_of(order.market)
        closed = not order.market.is_open(self.now if bar is None else bar.start) and not order.order.outside_hours
        order.since = self.clock.here()
        order.turn = self.next_turn()
        if closed or held in (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE):
            order.place = "held"
        else:
            self.place(order)

    def place(self, order: PlainOrder) -> None:
        """Let an order take part in its market, from `since` on."""
        order.place = "market"
        order.ahead = self.models.queue_ahead
        inside = self.matching.bar_of(order.market)
        price = order.market.last_price(self.now)
        if inside is not None:  # an exit of what has just filled: it acts from here on
            here = self.matching.here
            order.since, order.saw, price = (inside.start, clock.OPENS), here, here * order.market.tick
        if price is not None and order.best is None:
            follow(order, int(price / order.market.tick))

    def end(self, order: PlainOrder, state: str) -> None:
        """End an order for good, and the exits that still wait for it."""
        order = order.leg_of or order
        if order.is_final:
            return
        order.state, order.place = state, "none"
        for leg in order.legs:
            leg.place = "none"
        for child in order.children:
            if child.state == "pending":
                self.end(child, state)

    def trade(
        self, order: PlainOrder, contract: PlainContract, leg: int, lots: int, price: int | Fraction, bar: PlainBar,
        *, late: bool = False,
    ) -> None:  # fmt: skip
        """Book a trade of signed lots at a price in ticks, and note it under its order."""
        whole = order.leg_of or order
        paid = price * contract.tick
        before = sum(abs(one.lots) for one in whole.fills if one.leg == leg)
        commission = self.models.commission(abs(lots), paid, contract.point, before)
        order.account.book(contract, lots, paid, commission)
        order.account.traded.add(contract)
        if order.leg_of is not None:
            shares = zip(whole.legs, whole.market.legs, strict=True)  # type: ignore[union-attr]  # because what has legs is a spread
            whole.filled = min(one.filled // abs(ratio) for one, (_, ratio) in shares)
        if whole.state in ("working", "pending_cancel") and not late and self._is_filled(whole):
            whole.state, whole.place = "filled", "none"
        fill = PlainFill(contract.spec, leg, lots, paid, self.now, commission, late)
        whole.fills.append(fill)
        self._executions += 1
        self._untold.append((whole, fill))
        self.line.carry(whole, fill, bar)

    def _is_filled(self, order: PlainOrder) -> bool:
        return not any(leg.remaining for leg in order.legs) if order.legs else not order.remaining

    def correct_later(self, order: PlainOrder, fill: PlainFill, bar: PlainBar) -> None:
        """Have a fill's price corrected by a tick, inside its bar, half a minute later."""
        contract = self.contracts[fill.contract]
        price = min(max(fill.price / contract.tick + 1, Fraction(bar.low)), Fraction(bar.high)) * contract.tick

        def arrive() -> None:
            if price != fill.price:
                order.account.correct(contract, fill.lots, fill.price, price)
                right = PlainFill(fill.contract, fill.leg, fill.lots, price, self.now, fill.commission, fill.late)
                order.fills[order.fills.index(fill)] = right
                self._executions += 1
                self.line.carry(order, right, None)

        self.clock.send(self.now + 30 * SECOND, arrive)

    def tell(self) -> None:
        """Tell whoever listens of the fills up to now; what they do then may come before other markets trade."""
        while self._untold:
            order, fill = self._untold.pop(0)
            if self.on_told is not None:
                self.on_told(order, fill)

    def after_fill(self, order: PlainOrder) -> None:
        """Let what depends on an order follow its fill."""
        self.linked.after_fill(order.leg_of or order)

    # -- the clock -----------------------------------------------------------------------------

    def comes(self, market: Market, phase: int) -> int:
        """Return which of the markets that trade at one instant this is: the rules leave that open, so it is told.

        A market whose last execution was before the opens trades last at these, if at all.
        """
        if isinstance(market, PlainSpread):
            key: object = (market.spec, tuple(ratio for _, ratio in market.legs))
        else:
            key = market.spec
        first, last = self.first_and_last.get((self.now, key), (LATE, LATE))
        if phase == clock.OPENS:
            return last if last > self._executions else LATE
        return first

    def advance_to(self, time: int) -> None:
        """Move the clock."""
        self.clock.advance_to(time)

    def on_phase(self, phase: int) -> None:
        """Do what is due at a phase of this instant."""
        markets = sorted([*self.contracts.values(), *self.spreads.values()], key=lambda one: self.comes(one, phase))
        for account in self.accounts.values():
            account.traded.clear()
        if phase == clock.ENDS:
            self._end_bars(markets)
        elif phase == clock.CLOSES:
            self.sessions.close(markets)
            self.calls.look_at(account for account in self.accounts.values() if account.traded)
        elif phase == clock.EXPIRES:
            self.sessions.expire(markets)
        elif phase == clock.MESSAGES:
            for action in self.clock.take_messages():
                action()
                self.tell()
        elif phase == clock.OPENINGS:
            self.sessions.open(markets)
        elif phase == clock.NOTICES:
            self.line.on_notices()
        else:
            for market in markets:
                bar = market.bars.get(self.now) if isinstance(market, PlainContract) else market.bar_from(self.now)
                if bar is not None:
                    self.matching.trade_open(market, bar)
                    self.tell()

    def _end_bars(self, markets: list[Market]) -> None:
        ended = set()
        for market in markets:
            bar = market.until.get(self.now) if isinstance(market, PlainContract) else market.bar_until(self.now)
            if bar is not None:
                ended.add(market)
                self.matching.trade_bar(market, bar)
                self.tell()
        self.calls.look_at(
            account
            for account in self.accounts.values()
            if account.traded or any(held.lots and market in ended for market, held in account.holdings.items())
        )
