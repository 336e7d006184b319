"""Two strategies of one section of the configuration: they share a journal, and each hears of its own orders."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
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
    trading.native.orders._desk.worker.post(lambda: held_up.wait(30))  # as on a laptop that sleeps
    try:
        gateway.advance_bars(2)
        assert [fill.quantity for fill in watching.orders.get_list_of_fills()] == [1]
    finally:
        held_up.set()
    assert control.wait(30).state is OrderState.FILLED
    heard.wait_for(lambda: heard.of(Fill))
    trading.orders.get_list_of_fills()
    assert [fill.quantity for fill in heard.of(Fill)] == [1]


def test_how_an_order_ended_is_known_from_the_journal_when_ib_lists_it_no_more(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract
) -> None:
    """At midnight IB's lists begin anew: what a session has not seen by then, only the one that placed it has heard."""
    trading = open_ib(gateway)
    ended = trading.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    filled = trading.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    watching = open_ib(gateway)
    trading.orders.modify_limit_price_given_control_object(filled, 2200)
    gateway.advance_bars(2)
    assert filled.wait(30).state is OrderState.FILLED
    gateway.advance(timedelta(days=1))
    assert ended.wait(30).state is OrderState.CANCELLED
    watching.orders.get_list_of_broker_orders()
    known = {each.order_ref: each for each in watching.orders.get_list_of_orders_from_storage()}
    assert known[ended.order_ref].state is OrderState.CANCELLED
    assert (known[filled.order_ref].state, known[filled.order_ref].filled) == (OrderState.FILLED, (1,))
    [held] = watching.positions.get_all_current_positions_as_list_with_contract_objects()
    assert held.quantity == 1
