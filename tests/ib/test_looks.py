"""Looks at IB's lists, by which is decided what became of an order: whole ones, one at a time, until it is certain."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from brokerkit import Broker, FuturesContract, Order, OrderState
from brokerkit.spec.broker_order import BrokerOrder

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
