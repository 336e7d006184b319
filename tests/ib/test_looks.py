"""Looks at IB's lists, by which is decided what became of an order: whole ones, one at a time, until it is certain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from brokerkit import Broker, ConnectionState, FuturesContract, Order, OrderState, Position
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.spec.broker_order import BrokerOrder

OpenIB = Callable[..., Broker]
Listen = Callable[[Broker], Any]


def test_many_who_list_orders_at_once_make_no_order_unknown_or_rejected(
    broker: Broker, gold: FuturesContract, listen: Listen
) -> None:
    heard = listen(broker)
    resting = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    over = threading.Event()

    def list_orders() -> None:
        while not over.is_set():
            broker.orders.get_list_of_broker_orders()

    threads = [threading.Thread(target=list_orders) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        placed = [broker.orders.put_order_on_stack(Order.limit(gold, 1, 1901)) for _ in range(15)]
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    assert {control.current().state for control in [resting, *placed]} == {OrderState.WORKING}
    assert {event.state for event in heard.of(BrokerOrder)} == {OrderState.WORKING}


def test_many_who_list_positions_at_once_make_none_flat(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen
) -> None:
    before = open_ib(gateway)
    before.orders.put_order_on_stack(Order.market(gold, 2)).wait(30)
    before.close()
    broker = open_ib(gateway)  # it has no fill of its own, which would be believed for some seconds
    heard = listen(broker)
    told: set[tuple[int, ...]] = set()

    def list_positions() -> None:
        for _ in range(20):
            held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
            told.add(tuple(each.quantity for each in held))

    threads = [threading.Thread(target=list_positions) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told == {(2,)}
    assert {position.quantity for position in heard.of(Position)} <= {2}  # told at the start


@pytest.mark.parametrize(
    "lost", [{"openOrder": 9, "orderStatus": 9, "openOrderEnd": 1}, {"position": 1, "positionEnd": 1}], ids=" ".join
)
def test_a_list_that_did_not_end_while_connecting_says_nothing_of_what_is_not_on_it(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen, lost: dict[str, int]
) -> None:
    before = open_ib(gateway)
    before.orders.put_order_on_stack(Order.market(gold, 2)).wait(30)
    before.close()
    broker = open_ib(gateway, connect_timeout=2.0)
    resting = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    heard = listen(broker)
    for _ in range(2):
        with ExitStack() as faults:
            for message, count in lost.items():
                faults.enter_context(gateway.fault("lose", message=message, count=count))
            gateway.call(lambda inner: inner.restart())
            heard.wait_for(lambda: broker.state is not ConnectionState.CONNECTED)
            heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    broker.orders.get_list_of_broker_orders()
    assert resting.current().state is OrderState.WORKING
    assert {event.state for event in heard.of(BrokerOrder)} <= {OrderState.WORKING}
    [held] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert held.quantity == 2
    assert {position.quantity for position in heard.of(Position)} <= {2}
