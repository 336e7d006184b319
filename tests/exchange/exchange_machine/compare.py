"""What must be the same on the exchange and on the plain one, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from plain_exchange import PlainExchange, PlainFill, PlainOrder
from plain_exchange.line import Held
from plain_exchange.money import NoRateError, PlainAccount
from plain_exchange.order import units_of

from brokerkit.errors import MissingFxCode
from brokerkit.plugins.sim.exchange import Exchange, LiveOrder
from brokerkit.plugins.sim.exchange.entries import Execution
from brokerkit.spec.broker_order import BrokerOrder
from brokerkit.spec.contract import FxPair
from brokerkit.spec.order import SpreadFill


def check_orders(exchange: Exchange, plain: PlainExchange, settled: set[int]) -> None:
    """Every order has the same state, size and fills; what is settled, final and the same, is not looked at again."""
    lives = {live.number: live for live in exchange.orders()}
    assert lives.keys() == plain.orders.keys()
    assert [live.ids.perm_id for live in lives.values()] == [str(number) for number in plain.orders]
    for number, live in lives.items():
        if number not in settled:
            order, view = plain.orders[number], live.at_exchange()
            assert view.state.value == order.state, (live, order.state)
            check_order(live, view, order)
            if order.is_final:
                settled.add(number)


def first_and_last(exchange: Exchange, settled: set[int]) -> dict[tuple[int, object], tuple[int, int]]:
    """Return the first and the last execution of each market at each instant, by number."""
    found: dict[tuple[int, object], tuple[int, int]] = {}
    for live in exchange.orders():
        if live.number not in settled:
            for one in live.executions:
                market: object = one.as_fill().contract
                if live.listing.legs and live.order.spread_fill is SpreadFill.TOGETHER:
                    market = (live.order.contract, tuple(ratio for _, ratio in live.listing.legs))
                first, last = found.get((one.time, market), (one.number, one.number))
                found[one.time, market] = min(first, one.number), max(last, one.number)
    return found


def check_order(live: LiveOrder, view: BrokerOrder, order: PlainOrder) -> None:
    """An order traded the same lots at the same prices and instants, leg by leg."""
    for leg in range(len(view.order.quantity)):
        traded = [_of_exchange(one) for one in live.standing_executions() if one.leg == leg]
        expected = [_of_plain(fill) for fill in order.fills if fill.leg == leg]
        assert sorted(traded) == sorted(expected), (live, leg)
    if order.parent is not None and not order.is_final:
        size = order.asked if order.place == "waiting" else order.ordered
        assert abs(view.order.quantity[0]) == size * abs(order.order.quantity[0] // units_of(order.order)), live
    if not order.is_final and order.place == "market" and not order.legs:
        trigger = None if order.trigger is None else order.trigger * order.market.tick
        found = None if live.trigger is None else Fraction(live.trigger, 10**8)
        assert found == trigger, (live, found, trigger)


def _of_exchange(one: Execution) -> tuple[int, Fraction, int, bool, Fraction]:
    return one.quantity, Fraction(one.price, 10**8), one.time, one.late, Fraction(one.commission, 10**12)


def _of_plain(fill: PlainFill) -> tuple[int, Fraction, int, bool, Fraction]:
    return fill.lots, fill.price, fill.time, fill.late, fill.commission


def check_money(exchange: Exchange, plain: PlainExchange) -> None:
    """Every account has the same cash, whatever it came from, positions, values and margins."""
    for name, account in plain.accounts.items():
        statement = exchange.statement(name)
        for currency, one in statement.items():
            cash = account.cash[currency]
            found = [Fraction(part.amount) for part in (one.deposited, one.realised, one.converted, one.commission)]
            assert found == [cash.deposited, cash.realised, cash.converted, cash.commission], (name, currency)
            assert Fraction(one.cash.amount) == cash.balance
        assert not {currency for currency, cash in account.cash.items() if cash.balance} - statement.keys()
        values = {currency: Fraction(money.amount) for currency, money in exchange.values(name).items()}
        expected = plain.count.values(account)
        assert {one: amount for one, amount in values.items() if amount} == {
            one: amount for one, amount in expected.items() if amount
        }, name
        margins, counted = _margins(exchange, name), _plain_margins(plain, account)
        assert margins == counted, (name, margins, counted)


def _margins(exchange: Exchange, name: str) -> list[Fraction] | None:
    try:
        found = exchange.margins(name)
    except MissingFxCode:
        return None
    return [Fraction(money.amount) for money in (found.value, found.initial, found.maintenance)]


def _plain_margins(plain: PlainExchange, account: PlainAccount) -> list[Fraction] | None:
    try:
        return [plain.count.worth(account), plain.count.initial(account), plain.count.maintenance(account)]
    except NoRateError:
        return None


def positions(exchange: Exchange) -> Held:
    """Ask the exchange for the lots and the average price of every position."""
    return {
        (one.account, one.contract): (one.quantity, Fraction(one.average_price or 0)) for one in exchange.positions()
    }


def plain_positions(plain: PlainExchange) -> Held:
    """Ask the plain exchange for the same."""
    return plain.line.ask_for_positions(dict(_plain_positions(plain)))


def _plain_positions(plain: PlainExchange) -> Iterator[tuple[tuple[str, object], tuple[int, Fraction]]]:
    for name, account in plain.accounts.items():
        for contract, listed in plain.contracts.items():
            held = account.holdings[listed]
            if held.lots and not isinstance(contract, FxPair):
                average = Fraction(round(held.cost / held.lots * 10**12), 10**12)
                yield (name, contract), (held.lots, average)
