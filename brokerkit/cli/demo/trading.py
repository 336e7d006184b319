"""The chapters that trade: market, limit, modify, cancel, a partial fill, positions, and the books."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Context, Decimal
from functools import partial
from typing import TYPE_CHECKING, Protocol

import attrs

from brokerkit.cli.demo.books import Books, books_of
from brokerkit.cli.demo.chapter import Chapter, skipped, unless_declined, why_declined
from brokerkit.cli.demo.looking import Market
from brokerkit.errors import RequestTimedOut
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderControl, OrderState
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order, TimeInForce

if TYPE_CHECKING:
    from brokerkit import Broker

_LOTS = 3
_HEARING_TIMEOUT = 10.0
_TEN_DIGITS = Context(prec=10)


class Clock(Protocol):
    """Moves the clock of a broker that waiting does not move."""

    def advance(self, length: timedelta) -> None:
        """Move it on."""
        ...

    def step(self) -> int:
        """Move it to the next moment at which something happens; return how many executions there are then."""
        ...

    def is_settled(self) -> bool:
        """Return whether no order works any more."""
        ...


@attrs.frozen
class Pace:
    """How long things may take, in seconds of the broker's clock.

    Attributes:
        patience: Until an order that should fill is given up.
        pause: What passes while nothing is done.
        clock: Moves the broker's clock, where waiting does not.
    """

    patience: float = 14 * 24 * 3600.0
    pause: float = 24 * 3600.0 + 5.0
    clock: Clock | None = None


REAL_TIME = Pace(patience=60.0, pause=2.0)
"""For an account whose clock nobody moves."""


@attrs.define(eq=False)
class Desk:
    """Trades one market, and remembers every order of it.

    Attributes:
        broker: The broker that is traded on.
        market: What is traded.
        pace: How long things may take.
        large: Lots that are many for this market.
        placed: Handles on the orders, in the order they were placed.
        heard: Executions that were heard as events.
        reaction: What is done at each of them, before it counts as heard.
    """

    broker: Broker
    market: Market
    pace: Pace
    large: int = 10
    placed: list[OrderControl] = attrs.field(factory=list)
    heard: list[Fill] = attrs.field(factory=list)
    reaction: Callable[[Fill], object] | None = None
    _hearing: threading.Condition = attrs.field(factory=threading.Condition, init=False)

    def hear(self, fill: Fill) -> None:
        """Listen to an execution."""
        if self.reaction is not None:
            self.reaction(fill)
        with self._hearing:
            self.heard.append(fill)
            self._hearing.notify_all()

    def place(self, order: Order) -> OrderControl:
        """Place an order and return the handle on it."""
        control = self.broker.orders.put_order_on_stack(order)
        self.placed.append(control)
        return control

    def settled(self, control: OrderControl) -> BrokerOrder:
        """Return the order's view once it is final, and every execution so far was heard."""
        clock = self.pace.clock
        while clock is not None and not clock.is_settled():
            self.catch_up(clock.step())
        done = control.wait(self.pace.patience)
        self.catch_up(len(self.fills()))
        return done

    def pause(self, control: OrderControl) -> BrokerOrder:
        """Let some time pass while an order works, and return its view then."""
        if self.pace.clock is not None:
            self.pace.clock.advance(timedelta(seconds=self.pace.pause))
        else:
            with suppress(RequestTimedOut):
                control.wait(self.pace.pause)
        return control.current()

    def catch_up(self, executions: int) -> None:
        """Return when so many executions were heard, and reacted to."""
        with self._hearing:
            self._hearing.wait_for(lambda: len(self.heard) >= executions, _HEARING_TIMEOUT)

    def cash(self) -> Money:
        """Return the cash in the market's currency."""
        currency = self.market.facts.instrument.currency
        balances = {money.currency: money for money in self.broker.fx.get_fx_balances()}
        return balances.get(currency, Money(currency, 0))

    def affordable(self, margin: Money) -> int:
        """Return how many lots half of the free money carries, at so much margin a lot."""
        free = self.broker.capital.get_excess_liquidity_value_across_currency()
        there = next((money.amount for money in free if money.currency == margin.currency), Decimal(0))
        return max(1, int(there / 2 / margin.amount)) if margin.amount > 0 else self.large

    def fills(self) -> list[Fill]:
        """Return the executions of every order placed here."""
        return [fill for control in self.placed for fill in control.current().fills]

    def position(self) -> int:
        """Return the signed lots that the executions leave."""
        return sum(fill.quantity for fill in self.fills())

    def price_away(self, percent: int) -> Decimal:
        """Return a price so many percent above the last close, or below it, on the tick grid."""
        tick = self.market.facts.tick_size
        return self.market.last_close * (100 + percent) / 100 // tick * tick


def trade(broker: Broker, market: Market, pace: Pace) -> Iterator[Chapter]:
    """Trade, and yield the chapters of it; the last one holds the books against the broker's cash."""
    desk = Desk(broker, market, pace)
    why = why_declined(broker, ["get_fx_balances"])
    before = None if why else desk.cash()
    with broker.subscribe(on_fill=desk.hear):
        for key, tell, hooks in _PARTS:
            yield unless_declined(broker, key, hooks, partial(tell, desk))
    yield skipped("books", why) if before is None else _reconciled(desk, before)


def _market_order(desk: Desk) -> Chapter:
    done = desk.settled(desk.place(Order.market(desk.market.contract, _LOTS)))
    return Chapter(
        "market_order",
        "Buy at the market",
        f"control = broker.orders.put_order_on_stack(Order.market(contract, {_LOTS}))\ndone = control.wait()",
        {**_facts_of(done), "commission": _total(done.commissions)},
    )


def _limit_order(desk: Desk) -> Chapter:
    far, nearer = _price(desk.price_away(-20)), _price(desk.price_away(-15))
    domain = desk.broker.orders
    control = desk.place(Order.limit(desk.market.contract, 2, far, time_in_force=TimeInForce.GTC))
    placed = control.current()
    paused = desk.pause(control)
    modified = domain.modify_limit_price_given_control_object(control, nearer).current()
    domain.cancel_order_given_control_object(control)
    steps = {"placed": placed, "a while later": paused, "modified": modified, "cancelled": desk.settled(control)}
    return Chapter(
        "limit_order",
        "Place a limit order, change its price, cancel it",
        f'control = broker.orders.put_order_on_stack(Order.limit(contract, 2, "{far}"))\n'
        f'broker.orders.modify_limit_price_given_control_object(control, "{nearer}")\n'
        "broker.orders.cancel_order_given_control_object(control)",
        columns=("step", "limit>", "state", "filled>"),
        rows=tuple((step, _price(view.order.limit_price), view.state, view.filled[0]) for step, view in steps.items()),
    )


def _what_if(desk: Desk) -> Chapter:
    answer = desk.broker.orders.what_if_order(Order.market(desk.market.contract, 1))
    desk.large = desk.affordable(answer.initial_margin_change)
    return Chapter(
        "what_if",
        "Ask what an order would need, without placing it",
        "answer = broker.orders.what_if_order(Order.market(contract, 1))",
        {
            "margin a lot": _cents(answer.initial_margin_change),
            "commission a lot": "not told" if answer.commission is None else _cents(answer.commission),
            "half of what is free buys": f"{desk.large:,} lots",
        },
    )


def _partial_fill(desk: Desk) -> Chapter:
    """Ask for more than the market gives at once, and cancel the rest as soon as the first fill is heard."""
    wanted = desk.large
    price = _price(desk.price_away(5))
    order = Order.limit(desk.market.contract, wanted, price, time_in_force=TimeInForce.GTC)
    first: list[Fill] = []

    def cancel_the_rest(fill: Fill) -> None:
        if not first:
            first.append(fill)
            if fill.quantity < wanted:
                desk.broker.orders.cancel_order_on_stack(order)

    desk.reaction = cancel_the_rest
    try:
        ended = desk.settled(desk.place(order))
    finally:
        desk.reaction = None
    return Chapter(
        "partial_fill",
        "Order more than the market offers, and cancel the rest at the first fill",
        f'order = Order.limit(contract, {wanted}, "{price}")\n'
        "with broker.subscribe(on_fill=lambda fill: broker.orders.cancel_order_on_stack(order)):\n"
        "    broker.orders.put_order_on_stack(order).wait()",
        {
            "wanted": f"{wanted:,} lots",
            "first fill": ", ".join(f"{fill.quantity:,} lots at {_price(fill.price)}" for fill in first) or "none",
            "the rest": f"{ended.filled[0]:,} filled, {ended.remaining[0]:,} not, {ended.state.value}",
            "average price": _price(ended.average_price()),
        },
    )


def _positions(desk: Desk) -> Chapter:
    held = desk.broker.positions.get_all_current_positions_as_list_with_contract_objects()
    return Chapter(
        "positions",
        "List the open positions",
        "held = broker.positions.get_all_current_positions_as_list_with_contract_objects()",
        columns=("account", "contract", "lots>", "average price>"),
        rows=tuple((p.account, p.contract, f"{p.quantity:+,}", _price(p.average_price)) for p in held),
        says=f"{_count(len(desk.heard), 'fill')} heard as events while we traded; the orders list {len(desk.fills())}.",
    )


def _flat_again(desk: Desk) -> Chapter:
    lots = desk.position()
    if not lots:
        return skipped("flat", "Nothing is held.")
    done = desk.settled(desk.place(Order.market(desk.market.contract, -lots, time_in_force=TimeInForce.GTC)))
    return Chapter(
        "flat",
        "Sell everything",
        f"broker.orders.put_order_on_stack(Order.market(contract, {-lots})).wait()",
        _facts_of(done),
    )


def _reconciled(desk: Desk, before: Money) -> Chapter:
    books = books_of(desk.fills(), desk.market.facts.instrument.point_size, before, desk.cash())
    return Chapter(
        "books",
        "Reconcile the fills with the broker's cash",
        "cash = broker.fx.get_fx_balances()",
        {
            "cash before": _cents(books.before),
            "profit of the fills": _cents(books.profit),
            "commission": _cents(-books.commission),
            "cash expected": _cents(books.expected),
            "cash at the broker": _cents(books.after),
        },
        says=_verdict(books),
    )


_PARTS: tuple[tuple[str, Callable[[Desk], Chapter], tuple[str, ...]], ...] = (
    ("market_order", _market_order, ()),
    (
        "limit_order",
        _limit_order,
        ("modify_limit_price_given_control_object", "cancel_order_given_control_object"),
    ),
    ("what_if", _what_if, ("what_if_order", "get_excess_liquidity_value_across_currency")),
    ("partial_fill", _partial_fill, ("cancel_order_on_stack",)),
    ("positions", _positions, ("get_all_current_positions_as_list_with_contract_objects",)),
    ("flat", _flat_again, ()),
)
"""The parts in order: each with its name, and what it calls beside placing orders; known before anything is sent."""


def _verdict(books: Books) -> str:
    if books.agree:
        return "They agree to the cent."
    return f"They differ by {_cents(books.after - books.expected)}."


def _facts_of(order: BrokerOrder) -> dict[str, object]:
    facts: dict[str, object] = {
        "state": order.state,
        "filled": f"{order.filled[0]:+,} of {order.order.quantity[0]:+,} lots in {_count(len(order.fills), 'fill')}",
        "average price": _price(order.average_price()),
    }
    return facts if order.state is OrderState.FILLED else {**facts, "reason": order.reason}


def _price(price: Decimal | None) -> str:
    return "" if price is None else f"{_TEN_DIGITS.create_decimal(price).normalize():f}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number:,} {thing}s"


def _total(commissions: tuple[Money, ...] | None) -> str:
    return ", ".join(map(_cents, commissions)) if commissions else ""


def _cents(money: Money) -> str:
    return f"{money.amount:,.2f} {money.currency}"
