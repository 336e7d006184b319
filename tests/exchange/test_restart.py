"""An exchange that is restarted goes on as if nothing had been: with its bars given again, in the middle of one too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from brokerkit.errors import ContractExpired
from brokerkit.plugins.sim.exchange import (
    ContractTerms,
    Exchange,
    Latency,
    Models,
    PerLot,
    SessionList,
    order_codec,
)
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce
from brokerkit.spec.orders import OrderChange

START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)
BEGIN = int(START.timestamp()) * 10**9
MINUTE = 60 * 10**9
NEAR, FAR = FuturesContract("GOLD", "202312"), FuturesContract("GOLD", "202402")
SPREAD = FuturesContract("GOLD", "202312_202402")
Row = tuple[float, float, float, float, int]
QUIET: list[Row] = [(100.0, 101.0, 99.0, 100.5, 10)] * 5
Open = Callable[..., Exchange]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """A function that opens the exchange, new or as the one before left it, and gives it all its bars."""
    with ExitStack() as stack:
        before: list[Exchange] = []

        def make(
            rows: list[Row] = QUIET, far: list[Row] | None = None, terms: dict[str, Any] | None = None, **models: Any
        ) -> Exchange:
            for one in before:
                one.abandon()
            exchange = Exchange(START, state=tmp_path / "state", models=Models(**models))
            before.append(exchange)
            stack.callback(exchange.close)
            exchange.open_account("DU1", {"USD": 100_000})
            for contract, given in ((NEAR, rows), (FAR, far or rows)):
                exchange.list_contract(ContractTerms(contract, "0.1", **(terms or {})))
                columns = [[row[at] for row in given] for at in range(5)]
                exchange.add_bars(contract, [BEGIN + at * MINUTE for at in range(len(given))], *columns)
            return exchange

        yield make


def fills(exchange: Exchange, order: Order) -> list[tuple[int, Decimal]]:
    return [(fill.quantity, fill.price) for fill in exchange.order(order.order_ref).at_exchange().fills]


class Killed(Exception):
    """Ends the run where a process would be killed that has just told something."""


def killed_on_hearing_of(kind: type[Fill] | type[BrokerOrder], exchange: Exchange) -> None:
    def kill(_: object) -> None:
        raise Killed

    exchange.listen(kind, kill)
    with pytest.raises(Killed):
        exchange.run()


def test_an_order_is_not_looked_at_again_for_every_contract_that_is_listed_before_its_own(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[FuturesContract] = []
    decode = order_codec.decode_contract

    def decode_contract(values: list[str]) -> Any:
        looks.append(decode(values))
        return looks[-1]

    exchange = opened()
    orders = [exchange.submit(Order.limit(FAR, 1, 90, time_in_force=TimeInForce.GTC)) for _ in range(10)]
    monkeypatch.setattr(order_codec, "decode_contract", decode_contract)
    again = opened()
    assert [again.order(one.order_ref).state for one in orders] == [OrderState.WORKING] * 10
    assert looks.count(FAR) <= 2 * len(orders) + 2  # its row's, and its own; and those of the book of each contract


def test_an_order_that_came_in_the_middle_of_a_bar_takes_no_part_in_it_after_a_restart(opened: Open) -> None:
    order = Order.limit(NEAR, 1, 99)
    first = opened()
    first.advance_to(START + timedelta(seconds=30))
    first.submit(order)
    again = opened()
    again.advance()
    assert fills(again, order) == []
    again.advance()
    assert fills(again, order) == [(1, 99)]


def test_a_bar_that_is_given_while_it_is_under_way_trades_nobody_who_came_after_it_began() -> None:
    order = Order.limit(NEAR, 1, 99)
    exchange = Exchange(START + timedelta(seconds=30))
    exchange.open_account("DU1", {"USD": 100_000})
    exchange.list_contract(ContractTerms(NEAR, "0.1"))
    exchange.submit(order)
    columns = [[row[at] for row in QUIET] for at in range(5)]
    exchange.add_bars(NEAR, [BEGIN + at * MINUTE for at in range(5)], *columns)
    exchange.advance()
    assert fills(exchange, order) == []
    exchange.advance()
    assert fills(exchange, order) == [(1, 99)]


def test_an_order_that_only_reduces_still_does_no_more_after_a_restart(opened: Open) -> None:
    first = opened()
    first.submit(Order.market(NEAR, 2))
    first.advance()
    first.submit(Order.limit(NEAR, -5, 101, reduce_only=True))
    again = opened()
    again.run()
    assert again.positions() == []


def test_a_trailing_stop_on_a_spread_keeps_its_trigger_over_a_restart(opened: Open) -> None:
    near = [(100.0, 104.0, 100.0, 104.0, 10), (104.0, 104.0, 101.0, 101.0, 10)]
    far = [(100.0, 100.0, 100.0, 100.0, 10)] * 2
    order = Order(SPREAD, (-1, 1), OrderType.TRAILING_STOP, trail_amount=2, time_in_force=TimeInForce.GTC)
    first = opened(near, far)
    first.submit(order)
    first.advance()
    assert first.order(order.order_ref).trigger == opened(near, far).order(order.order_ref).trigger == 2 * 10**8


def test_a_spread_takes_the_volume_of_a_bar_once_also_over_a_restart(opened: Open) -> None:
    order = Order.limit(SPREAD, (25, -25), 0, time_in_force=TimeInForce.GTC)
    first = opened()
    first.submit(order)
    first.advance_to(START + timedelta(seconds=30))
    again = opened()
    again.advance()
    assert again.order(order.order_ref).filled == 10


def test_what_stands_before_a_limit_is_not_forgotten_in_a_restart(opened: Open) -> None:
    order = Order.limit(NEAR, 1, 99)
    first = opened(queue_ahead=15)
    first.submit(order)
    first.advance()
    again = opened(queue_ahead=15)
    again.advance()
    assert fills(again, order) == [(1, 99)]


def test_a_spread_that_arrived_and_fills_leg_by_leg_does_not_arrive_again(opened: Open) -> None:
    order = Order(SPREAD, (1, -1), spread_fill=SpreadFill.BY_LEG)
    latency = Latency(submit=timedelta(seconds=10))
    far: list[Row] = [(100.0, 101.0, 99.0, 100.5, volume) for volume in (10, 0, 10, 10, 10)]
    first = opened(QUIET, far, latency=latency)
    first.submit(order)
    first.advance_to(START + timedelta(seconds=90))
    again = opened(QUIET, far, latency=latency)
    again.run()
    assert fills(again, order) == [(1, 100), (-1, 100)]


def test_an_order_and_its_cancel_that_are_both_on_their_way_both_arrive(opened: Open) -> None:
    order = Order.limit(NEAR, 1, 98)
    latency = Latency(submit=timedelta(seconds=10), cancel=timedelta(seconds=20))
    first = opened(latency=latency)
    first.submit(order)
    first.cancel(order.order_ref)
    again = opened(latency=latency)
    again.run()
    assert again.order(order.order_ref).at_exchange().state is OrderState.CANCELLED


@pytest.mark.parametrize("restarts", [False, True])
def test_an_exit_runs_out_also_while_it_waits_for_its_entry(opened: Open, restarts: bool) -> None:
    exit_ = Order.limit(NEAR, -1, 105, time_in_force=TimeInForce.GTD, good_till=START + timedelta(seconds=90))
    entry = attrs.evolve(Order.limit(NEAR, 1, 50), children=(exit_,))
    exchange = opened()
    exchange.submit(entry)
    if restarts:
        exchange = opened()
    exchange.run()
    assert exchange.order(exit_.order_ref).at_exchange().state is OrderState.EXPIRED


def test_a_trigger_that_has_fired_stays_fired_over_a_restart(opened: Open) -> None:
    order = Order(NEAR, 1, OrderType.STOP_LIMIT, "98.5", "99.5", time_in_force=TimeInForce.GTC)
    rows: list[Row] = [(100.0, 101.0, 99.0, 100.0, 10), (99.0, 99.2, 98.5, 98.9, 10)]
    first = opened(rows)
    first.submit(order)
    first.advance()
    assert opened(rows).order(order.order_ref).trigger is None


def test_an_order_that_arrived_with_its_cancel_on_the_way_has_arrived(opened: Open) -> None:
    order = Order.limit(NEAR, 1, 98)
    latency = Latency(submit=timedelta(seconds=10), cancel=timedelta(seconds=50))
    first = opened(latency=latency)
    first.submit(order)
    first.cancel(order.order_ref)
    first.advance_to(START + timedelta(seconds=20))
    again = opened(latency=latency)
    assert again.order(order.order_ref).holding.working_buys == 1


def test_a_changed_order_stays_behind_the_others_when_another_contract_is_listed(opened: Open) -> None:
    changed, other = Order.market(NEAR, 7), Order.market(NEAR, 7)
    exchange = opened()
    exchange.advance_to(START + timedelta(seconds=30))
    exchange.submit(changed)
    exchange.submit(other)
    exchange.modify(changed.order_ref, OrderChange(quantity=6))
    exchange.list_contract(ContractTerms(FuturesContract("SILVER", "202312"), "0.1"))
    exchange.advance_to(START + timedelta(seconds=90))
    assert [quantity for quantity, _ in fills(exchange, other)] == [7]
    assert [quantity for quantity, _ in fills(exchange, changed)] == [3]


@pytest.mark.parametrize("at", ["opens", "bodies", "bodies before a close", "opens of a spread", "closes of a spread"])
def test_what_else_trades_at_the_instant_of_a_fill_trades_also_when_the_process_is_killed_on_telling_of_it(
    opened: Open, at: str
) -> None:
    near = Order.market(NEAR, 1) if at.startswith("opens") else Order.limit(NEAR, 1, 99)
    far = {
        "opens": Order.market(FAR, 1),
        "opens of a spread": Order.limit(SPREAD, (1, -1), 0),
        "closes of a spread": Order.limit(SPREAD, (-1, 1), 1),
    }.get(at, Order.limit(FAR, 1, 99))
    rows = [(100.0, 101.0, 99.0, 99.0 if at == "closes of a spread" else 100.5, 10), *QUIET]
    hours = SessionList([(START, START + timedelta(minutes=1))]) if at == "bodies before a close" else None
    first = opened(QUIET, far=rows, terms={"sessions": hours})
    first.submit(near)
    first.submit(far)
    killed_on_hearing_of(Fill, first)
    killed_at = first.now
    again = opened(QUIET, far=rows, terms={"sessions": hours})
    again.run()
    assert {fill.order_ref: fill.time for fill in again.fills()} == {
        near.order_ref: killed_at,
        far.order_ref: killed_at,
    }


def test_an_exit_acts_in_the_bar_that_opened_with_the_fill_of_its_entry_also_after_a_restart(opened: Open) -> None:
    entry = Order.market(NEAR, 1, time_in_force=TimeInForce.GTC).with_bracket(take_profit=101, stop_loss=90)
    first = opened(rows := [*QUIET[:1], (100.0, 101.0, 99.0, 100.5, 10), (95.0, 95.0, 95.0, 95.0, 10)])
    first.advance()
    first.submit(entry)
    killed_on_hearing_of(Fill, first)
    again = opened(rows)
    again.run()
    assert fills(again, entry.children[0]) == [(-1, 101)]


def test_a_session_closes_and_a_contract_ends_also_when_the_process_is_killed_at_that_instant(opened: Open) -> None:
    end = START + timedelta(minutes=2)
    terms = {"sessions": SessionList([(START, end), (START + timedelta(minutes=3), START + timedelta(minutes=5))])}
    rows = [(100.0, 101.0, 99.5, 100.5, 10), *QUIET[1:]]
    for_the_day, at_close = Order.limit(NEAR, 1, 90), Order.market(NEAR, 2, time_in_force=TimeInForce.AT_CLOSE)
    kept = Order.limit(NEAR, 1, 80, time_in_force=TimeInForce.GTC)
    first = opened(rows, terms={**terms, "expiry": end})
    for order in (Order.limit(NEAR, 1, 99), for_the_day, at_close, kept):
        first.submit(order)
    killed_on_hearing_of(Fill, first)
    assert first.now == end
    again = opened(rows, terms={**terms, "expiry": end})
    again.run()
    assert [again.order(order.order_ref).state for order in (for_the_day, kept)] == [OrderState.EXPIRED] * 2
    assert fills(again, at_close) == [(2, Decimal("100.5"))]
    assert again.positions() == []
    assert again.cash()["USD"].amount == 100_000 + Decimal("1.5")


def test_a_session_that_has_closed_for_one_contract_closes_for_the_other_after_a_restart(opened: Open) -> None:
    terms = {"sessions": SessionList([(START, START + timedelta(minutes=2))])}
    near, far = Order.limit(NEAR, 1, 90), Order.limit(FAR, 1, 90)
    first = opened(terms=terms)
    first.submit(near)
    first.submit(far)
    killed_on_hearing_of(BrokerOrder, first)
    again = opened(terms=terms)
    again.run()
    assert [again.order(order.order_ref).state for order in (near, far)] == [OrderState.EXPIRED] * 2


def test_an_at_open_order_still_waits_for_an_opening_at_the_instant_at_which_the_process_is_killed(
    opened: Open,
) -> None:
    end = START + timedelta(minutes=2)
    terms = {"sessions": SessionList([(START, end), (end, START + timedelta(minutes=5))])}
    at_open = Order.market(NEAR, 1, time_in_force=TimeInForce.AT_OPEN)
    first = opened(terms=terms)
    first.submit(Order.limit(FAR, 1, 90))
    first.submit(at_open)
    killed_on_hearing_of(BrokerOrder, first)
    again = opened(terms=terms)
    again.run()
    assert [(fill.order_ref, fill.time) for fill in again.fills()] == [(at_open.order_ref, end)]


def test_a_trailing_stop_that_is_held_overnight_keeps_the_trigger_that_it_had_moved_to(opened: Open) -> None:
    close, opening = START + timedelta(minutes=2), START + timedelta(minutes=3)
    terms = {"sessions": SessionList([(START, close), (opening, START + timedelta(minutes=9))])}
    rows = [(100.0, 100.0, 100.0, 100.0, 10), (100.0, 105.0, 100.0, 105.0, 10)] + [(104.5, 104.5, 102.0, 104.0, 10)] * 2
    order = Order.trailing_stop(NEAR, -1, amount=2, time_in_force=TimeInForce.GTC)
    first = opened(rows, terms=terms)
    first.submit(order)
    first.advance_to(close)
    again = opened(rows, terms=terms)
    again.run()
    assert fills(again, order) == [(-1, 103)]


def test_a_contract_that_has_ended_takes_no_order_after_a_restart_at_that_instant(opened: Open) -> None:
    end = START + timedelta(minutes=2)
    first = opened(terms={"expiry": end})
    first.submit(Order.limit(NEAR, 1, 90, time_in_force=TimeInForce.GTC))
    first.advance_to(end)
    again = opened(terms={"expiry": end})
    for order in (Order.market(NEAR, 1), Order.market(SPREAD, (1, -1))):
        with pytest.raises(ContractExpired):
            again.submit(order)


def test_an_account_is_checked_when_it_trades_a_contract_without_margin_also_after_a_restart(opened: Open) -> None:
    one_bar, margin = QUIET[:1], {"initial_margin": 50_000, "maintenance_margin": 50_000}
    exchange = opened(one_bar, terms=margin)
    exchange.submit(Order.market(NEAR, 1))
    exchange.run()
    exchange = opened(one_bar, terms=margin)
    free = FuturesContract("SILVER", "202312")
    exchange.list_contract(ContractTerms(free, "0.1", commission=PerLot(60_000)))
    columns = [[row[at] for row in QUIET] for at in range(5)]
    exchange.add_bars(free, [BEGIN + (1 + at) * MINUTE for at in range(len(QUIET))], *columns)
    exchange.submit(Order.market(free, 1))
    exchange.advance()
    assert "margin call" in exchange.log()[-2]


def test_each_contract_is_worth_its_own_last_price_before_its_bars_are_given_again(opened: Open) -> None:
    exchange = opened(far=[(200.0, 201.0, 199.0, 200.2, 10)] * 5)
    for contract in (NEAR, FAR):
        exchange.submit(Order.market(contract, 2))
    exchange.advance(2)
    before = exchange.statement("DU1")
    again = opened([])
    assert again.statement("DU1") == before
    assert [float(again.last_price(contract)) for contract in (NEAR, FAR)] == [100.5, 200.2]


def test_a_position_is_watched_for_a_margin_call_after_a_restart(opened: Open) -> None:
    falling: list[Row] = [*QUIET[:3], (100.0, 101.0, 1.0, 2.0, 10), (2.0, 3.0, 1.0, 2.0, 10)]
    terms = {"multiplier": 1_000, "initial_margin": 60, "maintenance_margin": 50}
    exchange = opened(falling, far=QUIET, terms=terms)
    exchange.submit(Order.market(NEAR, 2))
    exchange.advance(2)
    again = opened(falling, far=QUIET, terms=terms)
    again.run()
    assert [line[11:16] for line in again.log() if "margin call: DU1" in line] == ["09:04"]
