"""The chapters that trade: market, limit, modify, cancel, a partial fill, positions, and the books."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

import attrs

from brokerkit.cli.demo.books import Books, books_of
from brokerkit.cli.demo.chapter import Chapter
from brokerkit.cli.demo.looking import Market
from brokerkit.errors import RequestTimedOut
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderControl, OrderState
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order, TimeInForce

if TYPE_CHECKING:
    from brokerkit import Broker

_PATIENCE = 14 * 24 * 3600.0
_LOTS = 3
_TICKS_AWAY = 40
_TICKS_NEARER = 10


@attrs.define(eq=False)
class Desk:
    """Trades one market, and remembers every order of it.

    Attributes:
        broker: The broker that is traded on.
        market: What is traded.
        placed: Handles on the orders, in the order they were placed.
        heard: Executions that were heard as events.
    """

    broker: Broker
    market: Market
    placed: list[OrderControl] = attrs.field(factory=list)
    heard: list[Fill] = attrs.field(factory=list)

    def place(self, order: Order) -> OrderControl:
        """Place an order and return the handle on it."""
        control = self.broker.orders.put_order_on_stack(order)
        self.placed.append(control)
        return control

    def cash(self) -> Money:
        """Return the cash in the market's currency."""
        currency = self.market.facts.instrument.currency
        balances = {money.currency: money for money in self.broker.fx.get_fx_balances()}
        return balances.get(currency, Money(currency, 0))

    def fills(self) -> list[Fill]:
        """Return the executions of every order placed here."""
        return [fill for control in self.placed for fill in control.current().fills]

    def position(self) -> int:
        """Return the signed lots that the executions leave."""
        return sum(fill.quantity for fill in self.fills())

    def price_below(self, ticks: int) -> Decimal:
        """Return the last close less so many ticks."""
        return self.market.last_close - ticks * self.market.facts.tick_size


def trade(broker: Broker, market: Market) -> Iterator[Chapter]:
    """Trade, and yield the chapters of it; the last one holds the books against the broker's cash."""
    desk = Desk(broker, market)
    before = desk.cash()
    with broker.subscribe(on_fill=desk.heard.append):
        yield _market_order(desk)
        yield _limit_order(desk)
        yield _partial_fill(desk)
        yield _positions(desk)
        yield _flat_again(desk)
    yield _reconciled(desk, before)


def _market_order(desk: Desk) -> Chapter:
    done = desk.place(Order.market(desk.market.contract, _LOTS)).wait(_PATIENCE)
    return Chapter(
        "market_order",
        "Buy at the market",
        f"control = broker.orders.put_order_on_stack(Order.market(contract, {_LOTS}))\ndone = control.wait()",
        {**_facts_of(done), "commission": _total(done.commissions)},
    )


def _limit_order(desk: Desk) -> Chapter:
    low, nearer = desk.price_below(_TICKS_AWAY), desk.price_below(_TICKS_NEARER)
    domain = desk.broker.orders
    control = desk.place(Order.limit(desk.market.contract, 2, low, time_in_force=TimeInForce.GTC))
    placed = control.current()
    modified = domain.modify_limit_price_given_control_object(control, nearer).current()
    domain.cancel_order_given_control_object(control)
    ended = control.wait(_PATIENCE)
    return Chapter(
        "limit_order",
        "Place a limit order, change its price, cancel it",
        f'control = broker.orders.put_order_on_stack(Order.limit(contract, 2, "{low}"))\n'
        f'broker.orders.modify_limit_price_given_control_object(control, "{nearer}")\n'
        "broker.orders.cancel_order_given_control_object(control)",
        columns=("step", "limit>", "state", "filled>"),
        rows=(
            ("placed", placed.order.limit_price, placed.state, placed.filled[0]),
            ("modified", modified.order.limit_price, modified.state, modified.filled[0]),
            ("cancelled", ended.order.limit_price, ended.state, ended.filled[0]),
        ),
    )


def _partial_fill(desk: Desk) -> Chapter:
    """Ask for more than the market gives at once, watch the fills come, and cancel the rest."""
    wanted = max(10, int(desk.market.bars["volume"].iloc[-1]) // 20)
    price = desk.price_below(-4 * _TICKS_AWAY)
    control = desk.place(Order.limit(desk.market.contract, wanted, price, time_in_force=TimeInForce.GTC))
    seen = _first_fill(control)
    if not seen.state.is_final:
        desk.broker.orders.cancel_order_given_control_object(control)
    ended = control.wait(_PATIENCE)
    return Chapter(
        "partial_fill",
        "Ask for more than the market has, and take what comes",
        f'control = broker.orders.put_order_on_stack(Order.limit(contract, {wanted}, "{price}"))',
        {
            "wanted": f"{wanted:,} lots",
            "filled so far": f"{seen.filled[0]:,} lots, {seen.state.value}",
            "the rest cancelled": f"{ended.filled[0]:,} filled, {ended.remaining[0]:,} not, {ended.state.value}",
            "average price": ended.average_price(),
        },
    )


def _first_fill(control: OrderControl) -> BrokerOrder:
    """Return the order's view after its first fill, or the last one when it ends before."""
    pause, waited = 1.0, 0.0
    while not (view := control.current()).fills and not view.state.is_final and waited < _PATIENCE:
        try:
            control.wait(pause)
        except RequestTimedOut:
            waited += pause
            pause *= 2
    return control.current()


def _positions(desk: Desk) -> Chapter:
    held = desk.broker.positions.get_all_current_positions_as_list_with_contract_objects()
    return Chapter(
        "positions",
        "See what is held",
        "held = broker.positions.get_all_current_positions_as_list_with_contract_objects()",
        columns=("account", "contract", "lots>", "average price>"),
        rows=tuple((p.account, p.contract, f"{p.quantity:+,}", p.average_price) for p in held),
        says=f"{len(desk.heard)} fills were heard as events while we traded, and {len(desk.fills())} are listed.",
    )


def _flat_again(desk: Desk) -> Chapter:
    lots = desk.position()
    done = desk.place(Order.market(desk.market.contract, -lots, time_in_force=TimeInForce.GTC)).wait(_PATIENCE)
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
        "Hold our books against the broker's cash",
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


def _verdict(books: Books) -> str:
    if books.agree:
        return "They agree to the cent."
    return f"They differ by {_cents(books.after - books.expected)}."


def _facts_of(order: BrokerOrder) -> dict[str, object]:
    facts: dict[str, object] = {
        "state": order.state,
        "filled": f"{order.filled[0]:+,} of {order.order.quantity[0]:+,} lots in {len(order.fills)} fills",
        "average price": order.average_price(),
    }
    return facts if order.state is OrderState.FILLED else {**facts, "reason": order.reason}


def _total(commissions: tuple[Money, ...] | None) -> str:
    return ", ".join(map(_cents, commissions)) if commissions else ""


def _cents(money: Money) -> str:
    return f"{money.amount:,.2f} {money.currency}"
