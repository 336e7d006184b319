"""Who listens hears what happens from then on, whoever else listens to other things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, Latency, Models, SessionList, fault
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.events import CommissionReport, ConnectionChange, DataGap
from brokerkit.spec.order import Order
from brokerkit.spec.orders import OrderChange
from brokerkit.spec.positions import Position

MINUTE = 60_000_000_000
START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)


def test_a_new_listener_of_orders_hears_nothing_of_before_it_listened_while_fills_were_heard(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]]
) -> None:
    exchange, fills, views = market(quiet_rows), [], []
    exchange.listen(Fill, fills.append)
    exchange.submit(Order.limit(gold, 1, "50", order_ref="before"))
    exchange.listen(BrokerOrder, views.append)
    exchange.submit(Order.limit(gold, 1, "51", order_ref="after"))
    assert [(view.order_ref, view.state.value) for view in views] == [("after", "working")]
    exchange.submit(Order.market(gold, 1, order_ref="market"))
    exchange.advance()
    assert [fill.order_ref for fill in fills] == ["market"]
    assert [(view.order_ref, view.state.value) for view in views[1:]] == [("market", "working"), ("market", "filled")]
    exchange.unlisten(Fill, fills.append)
    exchange.submit(Order.market(gold, 1, order_ref="unheard"))
    exchange.advance()
    assert [fill.order_ref for fill in fills] == ["market"]
    assert [view.order_ref for view in views[3:]] == ["unheard", "unheard"]


def test_a_line_that_becomes_faulty_carries_nothing_of_before(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]]
) -> None:
    exchange, fills, views = market(quiet_rows), [], []
    exchange.listen(Fill, fills.append)
    exchange.submit(Order.limit(gold, 1, "50", order_ref="before"))
    exchange.disconnect()
    exchange.listen(BrokerOrder, views.append)
    exchange.reconnect()
    exchange.advance()
    assert exchange.order("before").current().state.value == "working"
    assert fills == views == []


def test_what_is_sent_on_hearing_of_a_fill_trades_before_what_is_sent_later(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]]
) -> None:
    exchange, fills = market(quiet_rows), []
    exchange.listen(Fill, lambda fill: fill.order_ref == "first" and exchange.submit(order("on its fill")))
    exchange.listen(Fill, lambda fill: fills.append((fill.order_ref, fill.time.minute)))

    def order(name: str) -> Order:
        return Order.market(gold, 10, order_ref=name)

    exchange.submit(order("first"))
    exchange.advance_to(exchange.now + timedelta(seconds=30))
    exchange.submit(order("half a minute later"))
    exchange.advance(3)
    assert fills == [("first", 0), ("on its fill", 1), ("half a minute later", 2)]


def test_what_a_silent_line_kept_is_told_when_the_line_is_up_again_that_broke_meanwhile(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]]
) -> None:
    exchange, told = market(quiet_rows, faults=[fault("silent-stall", at=(1,))]), []
    exchange.listen(Fill, lambda fill: told.append("fill"))
    exchange.listen(ConnectionChange, lambda change: told.append(change.state.value))
    exchange.listen(DataGap, lambda gap: told.append((gap.end - gap.start).seconds))
    exchange.submit(Order.market(gold, 1))
    exchange.advance_to(exchange.now + timedelta(seconds=10))
    exchange.disconnect(lasts=timedelta(seconds=80))
    exchange.advance_to(exchange.now + timedelta(seconds=70))
    assert told == ["disconnected"]
    exchange.advance_to(exchange.now + timedelta(seconds=30))
    assert told == ["disconnected", "connected", 90, "fill"]


def test_lost_statuses_stay_lost_where_the_line_breaks_after_them(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]]
) -> None:
    faults = [fault("lost-statuses", at=(1,))]
    latency = Latency(timedelta(seconds=60), timedelta(seconds=15))
    exchange, views = market(quiet_rows, faults=faults, models=Models(latency=latency)), []
    exchange.listen(BrokerOrder, lambda view: views.append(view.state.value))
    live = exchange.submit(Order.limit(gold, 1, 50))
    exchange.advance_to(exchange.now + timedelta(seconds=10))
    exchange.modify(live.order_ref, OrderChange(limit_price=51))
    exchange.advance_to(exchange.now + timedelta(seconds=10))
    exchange.disconnect(lasts=timedelta(seconds=10))
    exchange.advance(3)
    assert views == ["unknown"]


def test_an_acknowledgement_that_a_broken_line_kept_cannot_be_lost_later(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]]
) -> None:
    faults = [fault("lost-acknowledgement", at=(1,))]
    exchange, prices = market(quiet_rows, faults=faults, models=Models(latency=Latency(timedelta(seconds=10)))), []
    exchange.listen(BrokerOrder, lambda view: prices.append((view.state.value, view.order.limit_price)))
    live = exchange.submit(Order.limit(gold, 1, 50))
    exchange.disconnect(lasts=timedelta(seconds=20))
    exchange.advance()
    exchange.modify(live.order_ref, OrderChange(limit_price=51))
    assert prices == [("pending", 50), ("working", 50), ("working", 51)]


def test_a_listener_that_moves_the_clock_bar_by_bar_takes_no_bar_from_another_contract(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]]
) -> None:
    exchange, later = market(quiet_rows), FuturesContract("GOLD", "202402")
    rows = [(100.0, 101.0, 99.5, 100.5, 10), (100.0, 101.0, 95.0, 100.5, 10)]
    exchange.list_contract(ContractTerms(later, "0.1"))
    exchange.add_bars(later, [exchange.now_ns + at * MINUTE for at in range(2)], *zip(*rows, strict=True))
    exchange.listen(Fill, lambda fill: fill.order_ref == "first" and exchange.advance())
    exchange.submit(Order.limit(gold, 1, 99, order_ref="first"))
    exchange.submit(Order.limit(later, -1, 101, order_ref="in the same bar"))
    exchange.submit(Order.limit(later, 1, 95, order_ref="in the next one"))
    exchange.run()
    times = {fill.order_ref: fill.time.minute for fill in exchange.fills()}
    assert times == {"first": 1, "in the same bar": 1, "in the next one": 2}


@pytest.mark.parametrize("is_open_on", [True, False])
def test_a_day_order_that_answers_the_last_fill_of_a_session_is_for_the_next_one(
    market: Callable[..., Exchange], gold: FuturesContract, is_open_on: bool
) -> None:
    close = START + timedelta(minutes=1)
    opening = close if is_open_on else close + timedelta(minutes=1)
    sessions = SessionList([(START, close), (opening, START + timedelta(minutes=4))])
    exchange = market([(100.0, 101.0, 99.0, 100.5, 10)] * 5, {"sessions": sessions})
    exchange.listen(Fill, lambda fill: fill.quantity > 0 and exchange.submit(Order.limit(gold, -1, "100.8")))
    exchange.submit(Order.limit(gold, 1, 99))
    exchange.run()
    first_bar_ends = opening + timedelta(minutes=1)
    assert [(fill.quantity, fill.time) for fill in exchange.fills()] == [(1, close), (-1, first_bar_ends)]


def test_a_listener_that_fails_keeps_nothing_from_the_others(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]]
) -> None:
    exchange, heard = market(quiet_rows), []

    def fail(_: object) -> None:
        raise LookupError

    for kind in (Fill, BrokerOrder, Position):
        exchange.listen(kind, lambda event: heard.append(type(event)))
    exchange.submit(Order.market(gold, 1))
    for kind in (Fill, BrokerOrder, CommissionReport):
        exchange.listen(kind, fail)
    for kind in (Fill, BrokerOrder, CommissionReport, Position):
        exchange.listen(kind, lambda event: heard.append(type(event)))
    heard.clear()
    with pytest.raises(LookupError):
        exchange.advance()
    assert heard == [Fill, Fill, BrokerOrder, BrokerOrder, CommissionReport, Position, Position]


def test_a_listener_that_fails_loses_no_fill_that_a_faulty_line_held_back(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]]
) -> None:
    exchange, heard = market(quiet_rows, faults=[fault("reordered-fills", at=1)]), []

    def fail_once(fill: Fill) -> None:
        heard.append(fill.order_ref)
        if len(heard) == 1:
            raise LookupError

    exchange.listen(Fill, fail_once)
    exchange.submit(Order.market(gold, 1, order_ref="held back"))
    exchange.advance()
    exchange.submit(Order.market(gold, 1, order_ref="told first"))
    with pytest.raises(LookupError):
        exchange.advance()
    assert heard == ["told first", "held back"]


@pytest.mark.parametrize("new", [(), (Fill,)])
def test_what_a_removed_listener_failed_to_hear_is_no_news_for_others_and_no_wait(
    market: Callable[..., Exchange], gold: FuturesContract, quiet_rows: list[tuple[float, ...]], new: tuple[type[Fill]]
) -> None:
    """Kept for ever, it made waiting for an order hang, and nothing could be forgotten."""
    exchange, heard = market(quiet_rows), []

    def fail(fill: Fill) -> None:
        raise ZeroDivisionError

    exchange.listen(Fill, fail)
    for name in ("first", "second"):
        exchange.submit(Order.market(gold, 1, order_ref=name))
    with pytest.raises(ZeroDivisionError):
        exchange.advance()
    exchange.unlisten(Fill, fail)
    for kind in new:
        exchange.listen(kind, heard.append)
    assert exchange.submit(Order.market(gold, 1, order_ref="later")).wait().state.value == "filled"
    assert [fill.order_ref for fill in heard] == ["later"] * len(new)
    exchange.advance()
    assert exchange.forget(exchange.now) == 3
