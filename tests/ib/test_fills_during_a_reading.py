"""Fills that come while IB's lists are read: told at once, each once, and before the state that counts them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, Fill, FuturesContract, Order, OrderState
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.account import ExecutionsRequest
from brokerkit.plugins.sim.gateway.codec.requests.orders import AllOpenOrdersRequest, CompletedOrdersRequest
from brokerkit.spec.broker_order import BrokerOrder

AnswerAs = Callable[..., None]
Listen = Callable[[Broker], Any]


@pytest.mark.parametrize("slow", [AllOpenOrdersRequest, CompletedOrdersRequest])
def test_a_fill_does_not_wait_until_ib_has_listed_all_its_orders(
    gateway: SimulatedGateway,
    broker: Broker,
    gold: FuturesContract,
    listen: Listen,
    answer_as: AnswerAs,
    slow: type,
) -> None:
    heard, asked = listen(broker), threading.Event()
    held: list[Callable[[], object]] = []

    def hold(session: Any, request: Any, usual: Callable[..., object]) -> None:
        held.append(lambda: usual(session, request))
        asked.set()

    answer_as(slow, hold)
    reading = threading.Thread(target=broker.orders.get_list_of_broker_orders)
    reading.start()
    assert asked.wait(30)
    order = Order.market(gold, 1)
    done = broker.orders.put_order_on_stack(order).wait(15)
    assert [fill.execution_id for fill in heard.of(Fill)] == [fill.execution_id for fill in done.fills]
    for answer in held:
        gateway.call(lambda _, answer=answer: answer())
    reading.join(30)
    assert len(heard.of(Fill)) == 1


def test_a_fill_that_a_list_names_twice_is_told_before_the_state_that_counts_it(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, listen: Listen, answer_as: AnswerAs
) -> None:
    heard = listen(broker)

    def answer_twice(session: Any, request: Any, usual: Callable[..., object]) -> None:
        usual(session, request)
        usual(session, request)

    answer_as(ExecutionsRequest, answer_twice)
    with gateway.fault("lose", message="execDetails"):
        control = broker.orders.put_order_on_stack(Order.market(gold, 1))
        with gateway.fault("lose", message="execDetailsEnd"):
            broker.orders.get_list_of_broker_orders()
    assert control.wait(15).state is OrderState.FILLED
    assert _fills_and_end(heard) == [Fill, BrokerOrder]


def test_all_fills_that_a_list_brings_are_told_before_the_state_that_counts_them(
    gateway: SimulatedGateway, broker: Broker, listen: Listen
) -> None:
    dates = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")
    heard = listen(broker)
    with gateway.fault("lose", message="execDetails", count=9):
        control = broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", dates[:2]), (1, -1)))
        heard.wait_for(lambda: heard.of(BrokerOrder))
    broker.orders.get_list_of_broker_orders()
    assert control.wait(15).state is OrderState.FILLED
    assert _fills_and_end(heard) == [Fill, Fill, BrokerOrder]


def _fills_and_end(heard: Any) -> list[type]:
    """Return which came in which order: fills, and the state that an order is filled."""
    told = [event for event in heard.events if isinstance(event, (Fill, BrokerOrder))]
    return [type(event) for event in told if isinstance(event, Fill) or event.state is OrderState.FILLED]
