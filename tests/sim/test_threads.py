"""Every call may be made from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

import pytest

from brokerkit import Fill, Frequency, FuturesContract, FxPair, Order, OrderState, open_broker
from brokerkit.broker import Broker
from brokerkit.errors import BrokerClosed, RequestTimedOut
from brokerkit.spec.broker_order import BrokerOrder

CODES = ("BUND", "CORN", "CRUDE_W", "EDOLLAR", "FTSE100", "GAS_US", "GOLD", "SP500")


def _at_once(calls: list[Callable[[], object]]) -> list[object]:
    together = threading.Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        together.wait(10)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_first_orders_of_many_contracts_at_once(broker: Broker) -> None:
    def trade(code: str) -> Callable[[], object]:
        def once() -> object:
            dates = broker.contracts.get_list_of_contract_dates_for_instrument_code(code)
            contract = FuturesContract(code, dates[1])
            broker.prices.get_prices_for_contract_object(contract, Frequency.HOUR)
            broker.fx.put_fx_order_on_stack(Order.market(FxPair("AUDUSD"), 1000))
            return broker.orders.put_order_on_stack(Order.market(contract, 1))

        return once

    _at_once([trade(code) for code in CODES])
    broker.native.advance(minutes=10)
    orders = broker.orders.get_list_of_broker_orders()
    assert len(orders) == 2 * len(CODES)
    assert {one.state for one in orders} == {OrderState.FILLED}
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert [one.contract.instrument_code for one in held] == sorted(CODES)
    assert str(broker.fx.get_fx_balances()[0]) == f"{1000 * len(CODES):,} AUD"


def test_the_clock_may_be_moved_while_others_order(broker: Broker) -> None:
    gold = FuturesContract("GOLD", "202306")
    done = threading.Event()

    def move() -> object:
        while not done.is_set():
            broker.native.advance(seconds=10)
        return None

    mover = threading.Thread(target=move)
    mover.start()
    try:
        handles = _at_once([lambda: broker.orders.put_order_on_stack(Order.market(gold, 1))] * 6)
    finally:
        done.set()
        mover.join()
    broker.native.advance(days=4)  # some may have come while the market was closed
    fills = broker.orders.get_list_of_fills()
    assert len(handles) == len(fills) == len({fill.execution_id for fill in fills}) == 6
    (position,) = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert position.quantity == 6


@pytest.mark.parametrize("speed", [0.0, 600.0])
def test_a_listener_may_close_the_broker(open_sim: Callable[..., Broker], speed: float) -> None:
    broker = open_sim(speed=speed)
    outcome: Future[None] = Future()

    def close(fill: Fill) -> None:
        try:
            outcome.set_result(broker.close())
        except BaseException as error:  # noqa: BLE001 because whatever it is, the test shall say it
            outcome.set_exception(error)

    broker.subscribe(on_fill=close)
    broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", "202306"), 1))
    if not speed:
        broker.native.advance(minutes=10)
    outcome.result(timeout=30)
    with pytest.raises(BrokerClosed):
        broker.positions.get_all_current_positions_as_list_with_contract_objects()


@pytest.mark.parametrize("speed", [0.0, 1.0])
def test_a_wait_ends_when_the_broker_is_closed(speed: float) -> None:
    with open_broker("sim", speed=speed) as broker, ThreadPoolExecutor(1) as another:
        (date, *_) = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")
        control = broker.orders.put_order_on_stack(Order.limit(FuturesContract("GOLD", date), 1, 1))
        waiting = another.submit(control.wait, 86_400) if speed else None
        broker.close()
        for wait in (waiting.result if waiting else control.wait, control.wait):
            with pytest.raises(BrokerClosed, match="working"):
                wait()
        before = broker.native.now
        with pytest.raises(BrokerClosed):
            control.wait(3600)
        assert broker.native.now == before


@pytest.mark.parametrize("end", ["wait", "unsubscribe"])
def test_whose_order_another_thread_trades_hears_its_fill_before_it_goes_on(broker: Broker, end: str) -> None:
    gold = FuturesContract("GOLD", "202306")
    is_held, go_on = threading.Event(), threading.Event()
    heard: list[Fill] = []

    def hold(fill: Fill) -> None:
        is_held.set()
        assert go_on.wait(30)

    broker.subscribe(on_fill=hold)
    subscription = broker.subscribe(on_fill=heard.append)
    controls = [broker.orders.put_order_on_stack(Order.market(gold, 1)) for _ in range(3)]
    with ThreadPoolExecutor(2) as pool:
        moving = pool.submit(broker.native.advance, minutes=10)
        assert is_held.wait(30)
        ending = pool.submit(controls[-1].wait if end == "wait" else subscription.close)
        wait([ending], 0.5)  # it must not end by now
        go_on.set()
        ending.result(30)
        assert {fill.order_ref for fill in heard} == {control.order_ref for control in controls}
        moving.result(30)
    assert len(heard) == 3


@pytest.mark.parametrize("speed", [0.0, 600.0])
def test_a_listener_may_wait_for_an_order_that_it_placed(open_sim: Callable[..., Broker], speed: float) -> None:
    broker, gold = open_sim(speed=speed), FuturesContract("GOLD", "202306")
    outcome: Future[object] = Future()
    heard: list[str] = []

    def place_another(fill: Fill) -> None:
        heard.append(fill.order_ref)
        if len(heard) == 1:
            try:
                outcome.set_result(broker.orders.put_order_on_stack(Order.market(gold, 2)).wait(600))
            except BaseException as error:  # noqa: BLE001 because whatever it is, the test shall say it
                outcome.set_exception(error)

    subscription = broker.subscribe(on_fill=place_another)
    first = broker.orders.put_order_on_stack(Order.market(gold, 1))
    first.wait(600)
    done = outcome.result(30)
    assert isinstance(done, BrokerOrder)
    assert done.state is OrderState.FILLED
    subscription.close()
    assert list(dict.fromkeys(heard)) == [first.order_ref, done.order_ref]


def test_a_listener_that_waits_in_vain_on_a_running_clock_is_told_in_time(open_sim: Callable[..., Broker]) -> None:
    broker, gold = open_sim(speed=600.0), FuturesContract("GOLD", "202306")
    outcome: Future[object] = Future()

    def wait_in_vain(fill: Fill) -> None:
        far = broker.orders.put_order_on_stack(Order.limit(gold, 1, 100))
        with pytest.raises(RequestTimedOut) as late:
            far.wait(60)
        outcome.set_exception(late.value)

    broker.subscribe(on_fill=wait_in_vain)
    broker.orders.put_order_on_stack(Order.market(gold, 1))
    assert isinstance(outcome.exception(30), RequestTimedOut)
    far = broker.orders.put_order_on_stack(Order.limit(gold, 1, 100))
    with pytest.raises(RequestTimedOut):
        far.wait(60)  # the clock runs on


def test_a_wait_in_a_listener_on_a_running_clock_ends_when_the_broker_is_closed(
    open_sim: Callable[..., Broker],
) -> None:
    broker, gold = open_sim(speed=600.0), FuturesContract("GOLD", "202306")
    is_waiting = threading.Event()
    outcome: Future[Exception] = Future()

    def wait_in_vain(fill: Fill) -> None:
        is_waiting.set()
        with pytest.raises(BrokerClosed) as closed:
            far.wait(30 * 86_400)
        outcome.set_result(closed.value)

    far = broker.orders.put_order_on_stack(Order.limit(gold, 1, 100))
    broker.subscribe(on_fill=wait_in_vain)
    broker.orders.put_order_on_stack(Order.market(gold, 1))
    assert is_waiting.wait(30)
    broker.close()
    outcome.result(30)
