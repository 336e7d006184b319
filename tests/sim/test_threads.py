"""Every call may be made from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from brokerkit import Fill, Frequency, FuturesContract, FxPair, Order, OrderState, open_broker
from brokerkit.broker import Broker
from brokerkit.errors import BrokerClosed

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
