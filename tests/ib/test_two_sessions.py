"""Two strategies of one section of the configuration: they share a journal, and each hears of its own orders."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from brokerkit import Broker, Fill, FuturesContract, Order, OrderState
from brokerkit.plugins.sim.gateway import SimulatedGateway

OpenIB = Callable[..., Broker]
Listen = Callable[[Broker], Any]


def test_a_fill_that_another_session_wrote_down_first_is_told_to_who_placed_the_order(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen
) -> None:
    trading, watching = open_ib(gateway), open_ib(gateway)
    heard = listen(trading)
    control = trading.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    trading.orders.modify_limit_price_given_control_object(control, 2200)
    held_up = threading.Event()
    trading.native.orders._desk.office.post(lambda: held_up.wait(30))  # as on a laptop that sleeps
    try:
        gateway.advance_bars(2)
        assert [fill.quantity for fill in watching.orders.get_list_of_fills()] == [1]
    finally:
        held_up.set()
    assert control.wait(30).state is OrderState.FILLED
    heard.wait_for(lambda: heard.of(Fill))
    trading.orders.get_list_of_fills()
    assert [fill.quantity for fill in heard.of(Fill)] == [1]
