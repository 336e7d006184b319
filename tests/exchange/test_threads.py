"""Orders from many threads, from inside listeners, and under a clock that moves by itself."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone

import pytest

from brokerkit.errors import InvalidArgument, RequestTimedOut
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, RealTimeClock
from brokerkit.plugins.sim.exchange.journal import Journal
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, TimeInForce

Market = Callable[..., Exchange]
MINUTE = 60_000_000_000
START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)


@pytest.fixture
def impatient_threads() -> Iterator[None]:
    """Have threads take turns a thousand times as often as usual: what may come between two steps does."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1000)
    yield
    sys.setswitchinterval(usual)


def test_an_order_sent_from_inside_a_fill_trades_in_the_next_bar(
    market: Market, gold: FuturesContract, quiet_rows: list[object]
) -> None:
    exchange = market(quiet_rows)
    seen: list[tuple[int, int]] = []

    def hear(fill: Fill) -> None:
        held = sum(one.quantity for one in exchange.positions())
        seen.append((fill.quantity, held))
        if len(seen) < 3:
            exchange.submit(Order.market(gold, 1))

    exchange.listen(Fill, hear)
    exchange.submit(Order.market(gold, 1))
    exchange.run()
    assert seen == [(1, 1), (1, 2), (1, 3)]
    minutes = [fill.time.minute for fill in exchange.fills()]
    assert minutes == [0, 1, 2]


def test_events_of_one_order_come_in_order_and_never_change(
    market: Market, gold: FuturesContract, quiet_rows: list[object]
) -> None:
    exchange = market(quiet_rows)
    views: list[BrokerOrder] = []
    exchange.listen(BrokerOrder, views.append)
    exchange.submit(Order.market(gold, 25))
    exchange.run()
    assert [(view.state, view.filled) for view in views] == [
        (OrderState.WORKING, (0,)),
        (OrderState.WORKING, (10,)),
        (OrderState.WORKING, (20,)),
        (OrderState.FILLED, (25,)),
    ]


def test_a_listener_that_fails_is_heard_of_and_loses_nothing(
    market: Market, gold: FuturesContract, quiet_rows: list[object]
) -> None:
    exchange = market(quiet_rows)
    heard: list[int] = []

    def hear(fill: Fill) -> None:
        heard.append(fill.quantity)
        if len(heard) == 1:
            raise ZeroDivisionError

    exchange.listen(Fill, hear)
    exchange.submit(Order.market(gold, 2))
    exchange.submit(Order.market(gold, 3))
    with pytest.raises(ZeroDivisionError):
        exchange.run()
    exchange.run()
    assert heard == [2, 3]
    assert exchange.positions()[0].quantity == 5


def test_orders_from_many_threads_are_taken_once_each_while_the_clock_moves(
    market: Market, gold: FuturesContract
) -> None:
    exchange = market([(100.0, 101.0, 99.0, 100.5, 10_000)] * 400)
    heard: list[str] = []
    exchange.listen(Fill, lambda fill: heard.append(fill.execution_id))
    failures: list[BaseException] = []

    def send(side: int) -> None:
        try:
            for _ in range(100):
                exchange.submit(Order.market(gold, side))
        except BaseException as failure:  # noqa: BLE001 because a thread's failure must reach the test
            failures.append(failure)

    threads = [threading.Thread(target=send, args=(1 if at % 2 else -1,)) for at in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        exchange.advance()
    for thread in threads:
        thread.join()
    exchange.run()
    assert failures == []
    assert sorted(heard) == sorted({fill.execution_id for fill in exchange.fills()})
    assert len(heard) == 600
    assert [live.number for live in exchange.orders()] == list(range(1, 601))
    assert exchange.positions() == []


def test_an_order_that_comes_as_the_clock_passes_an_open_does_not_miss_the_next(
    market: Market, gold: FuturesContract, impatient_threads: None
) -> None:
    """It came after the open's agenda was looked at, before the clock showed the time: nothing woke it any more."""
    exchange = market([(100.0, 101.0, 99.0, 100.5, 10_000)] * 100_000)
    sent = threading.Event()

    def move() -> None:
        while not sent.is_set():
            exchange.advance_to(exchange.now_ns + MINUTE // 2)

    mover = threading.Thread(target=move)
    mover.start()
    try:
        lives = [exchange.submit(Order.market(gold, 1, time_in_force=TimeInForce.GTC)) for _ in range(2000)]
    finally:
        sent.set()
        mover.join()
    exchange.advance_to(exchange.now_ns + 2 * MINUTE)
    assert [one.state for one in exchange.orders() if one.state is not OrderState.FILLED] == []
    waited = [live.current().fills[0].time - live.current().submitted for live in lives]
    assert max(waited) <= timedelta(minutes=1)


def test_a_clock_in_real_time_trades_and_lets_an_order_wait(
    market: Market, gold: FuturesContract, quiet_rows: list[object]
) -> None:
    exchange = market(quiet_rows)
    with RealTimeClock(exchange, speed=600):
        done = exchange.submit(Order.market(gold, 1)).wait(timeout=300)
    assert done.state is OrderState.FILLED


def test_waiting_on_a_clock_of_ones_own_moves_it_no_further_than_needed(
    market: Market, gold: FuturesContract, quiet_rows: list[object]
) -> None:
    exchange = market(quiet_rows)
    begin = exchange.now
    assert exchange.submit(Order.market(gold, 1)).wait().state is OrderState.FILLED
    assert exchange.now - begin < timedelta(seconds=1)
    far = exchange.submit(Order.limit(gold, 1, 50))
    with pytest.raises(RequestTimedOut):
        far.wait(timeout=120)
    assert exchange.now - begin >= timedelta(seconds=120)
    assert far.current().state is OrderState.WORKING


def test_whoever_waits_for_an_order_is_answered_when_the_clock_is_stopped(
    market: Market, gold: FuturesContract, quiet_rows: list[object]
) -> None:
    exchange, begun = market(quiet_rows), threading.Event()
    clock = RealTimeClock(exchange, monotonic=lambda: 0.0)  # it runs, and never moves
    clock.start()
    far = exchange.submit(Order.limit(gold, 1, 50))
    raised: list[Exception] = []

    def wait() -> None:
        begun.set()
        try:
            far.wait(timeout=120)
        except RequestTimedOut as late:
            raised.append(late)

    waiting = threading.Thread(target=wait, daemon=True)
    waiting.start()
    assert begun.wait(10)
    clock.stop()
    waiting.join(10)
    assert len(raised) == 1


def test_what_a_listener_raises_stops_a_clock_and_is_raised_where_it_is_stopped(
    market: Market, gold: FuturesContract, quiet_rows: list[object]
) -> None:
    exchange = market(quiet_rows)
    failed = threading.Event()

    def hear(fill: Fill) -> None:
        failed.set()
        raise ZeroDivisionError

    exchange.listen(Fill, hear)
    clock = RealTimeClock(exchange, speed=600)
    clock.start()
    exchange.submit(Order.market(gold, 1))
    assert failed.wait(10)
    with pytest.raises(ZeroDivisionError):
        clock.stop()


class Overtaken(Exchange):
    """Is moved further by another thread, the first time, just before a clock or a call moves it."""

    is_new = True

    def reach(self, time: int) -> None:
        if self.is_new:
            self.is_new = False
            super().reach(self.now_ns + MINUTE)
        super().reach(time)


def test_a_clock_that_another_thread_overtakes_goes_on_from_there() -> None:
    exchange, tick = Overtaken(START), iter(range(1_000_000))
    with RealTimeClock(exchange, speed=60, step=0.001, monotonic=lambda: next(tick) / 10) as clock:
        clock.wait_until(START + timedelta(minutes=2))
    assert exchange.now >= START + timedelta(minutes=2)


@pytest.mark.parametrize("move", [Exchange.advance, Exchange.run, lambda one: one.orders()[0].wait(1)])
def test_who_is_overtaken_while_moving_the_clock_need_not_go_back(
    gold: FuturesContract, move: Callable[[Exchange], object]
) -> None:
    exchange = Overtaken(START)
    exchange.open_account("DU1", {"USD": 100_000})
    exchange.list_contract(ContractTerms(gold, "0.1"))
    exchange.add_bar(gold, START, 100, 101, 99, 100, length=MINUTE // 2)
    exchange.submit(Order.market(gold, 1))
    move(exchange)
    assert not exchange.is_new
    assert exchange.now_ns >= exchange.orders()[0].submitted + MINUTE
    assert exchange.orders()[0].state is OrderState.FILLED


def test_the_time_that_a_clock_shows_is_not_in_its_past(
    market: Market, gold: FuturesContract, quiet_rows: list[object]
) -> None:
    exchange = market(quiet_rows)
    exchange.submit(Order.market(gold, 1)).wait()
    exchange.advance_to(exchange.now_ns + 1)  # a nanosecond, which no datetime shows
    exchange.advance_to(exchange.now)
    with pytest.raises(InvalidArgument, match="cannot go back"):
        exchange.advance_to(exchange.now - timedelta(microseconds=1))


def test_an_order_sent_on_news_of_an_open_takes_part_in_no_other_open_of_that_instant() -> None:
    exchange = Exchange(START)
    exchange.open_account("DU1", {"USD": 100_000})
    first, second = FuturesContract("GOLD", "202312"), FuturesContract("GOLD", "202402")
    for contract in (first, second):
        exchange.list_contract(ContractTerms(contract, "0.1"))
        times = [exchange.now_ns, exchange.now_ns + MINUTE]
        exchange.add_bars(contract, times, [100.0, 105.0], [106.0, 106.0], [99.0, 104.0], [105.0, 105.0])
    sent: list[Order] = []

    def hear(fill: Fill) -> None:
        if not sent:
            sent.append(Order.market(second, 2))
            exchange.submit(sent[0])

    exchange.listen(Fill, hear)
    exchange.submit(Order.market(first, 1))
    exchange.submit(Order.market(second, 1))
    exchange.run()
    prices = {fill.quantity: fill.price for fill in exchange.fills() if fill.contract == second}
    assert prices == {1: 100, 2: 105}


class Forgetful(Exchange):
    """Is asked to forget by another thread when an order is in, and before its news is delivered."""

    def _settle(self) -> None:
        forgetting = threading.Thread(target=self.forget, args=(self.now,))
        with held_up() as (begun, go_on):
            forgetting.start()
            assert begun.wait(10)
            super()._settle()
            go_on.set()
            forgetting.join(10)


@contextmanager
def held_up() -> Iterator[tuple[threading.Event, threading.Event]]:
    """Hold up whoever drops rows of a log: one event is set then, and the other lets it go on."""
    begun, go_on, forget = threading.Event(), threading.Event(), Journal.forget

    def wait_and_forget(journal: Journal, before: int, most: int) -> tuple[int, int]:
        begun.set()
        assert go_on.wait(10)
        return forget(journal, before, most)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "forget", wait_and_forget)
        yield begun, go_on


def test_news_that_comes_while_another_thread_forgets_is_told(gold: FuturesContract) -> None:
    exchange, heard = Forgetful(START), []
    exchange.open_account("DU1", {"USD": 100_000})
    exchange.list_contract(ContractTerms(gold, "0.1"))
    exchange.listen(BrokerOrder, heard.append)
    exchange.submit(Order.limit(gold, 1, 50))
    assert [view.state for view in heard] == [OrderState.WORKING]
