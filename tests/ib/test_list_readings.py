"""Readings of IB's lists, which decide what became of an order: whole ones, one at a time, until it is certain."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest

from brokerkit import Broker, ConnectionChange, Fill, FuturesContract, Order, OrderState, Position
from brokerkit.errors import OutcomeUnknown, RequestTimedOut
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.spec.broker_order import BrokerIds, BrokerOrder
from brokerkit.store import open_store

OpenIB = Callable[..., Broker]
Listen = Callable[[Broker], Any]
GOLD = FuturesContract("GOLD", "202402")


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


def test_an_order_that_is_about_to_be_sent_is_not_missed_in_lists(
    broker: Broker, gold: FuturesContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine may do two whole readings between writing an order down and sending it."""
    client = broker.native.orders.ib_client
    send = client.send

    def send_late(*arguments: Any) -> None:
        for _ in range(3):
            broker.orders.get_list_of_broker_orders()
        send(*arguments)

    monkeypatch.setattr(client, "send", send_late)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    assert control.current().state is OrderState.WORKING


def test_one_order_after_another_that_was_lost_is_looked_for(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen
) -> None:
    broker = open_ib(gateway, order_timeout=0.5)
    heard = listen(broker)
    for price in (1900, 1901):
        order, began = Order.limit(gold, 1, price), time.monotonic()
        with gateway.fault("lose-request", message="placeOrder"), pytest.raises(OutcomeUnknown):
            broker.orders.put_order_on_stack(order)
        ended = heard.wait_for(lambda: [each for each in heard.of(BrokerOrder) if each.state is OrderState.REJECTED])
        assert ended[-1].order_ref == order.order_ref
        assert time.monotonic() - began >= 1.0  # between the two readings that decide
        heard.events.clear()


def test_many_who_list_positions_at_once_make_none_flat(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen
) -> None:
    before = open_ib(gateway)
    before.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
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
    "lost", [("openOrderEnd", "openOrder", "orderStatus"), ("positionEnd", "position")], ids=["orders", "positions"]
)
def test_a_list_that_did_not_end_while_connecting_says_nothing_of_what_is_not_on_it(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen, lost: tuple[str, ...]
) -> None:
    before = open_ib(gateway)
    before.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
    before.close()
    broker = open_ib(gateway, connect_timeout=2.0)
    resting = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    heard = listen(broker)
    for breaks in (1, 2):
        with ExitStack() as faults:
            for message in lost:  # a list's end first: one asked for before must not end without what is on it
                faults.enter_context(gateway.fault("lose", message=message))
            gateway.call(lambda inner: inner.restart())
            heard.wait_for(lambda breaks=breaks: len(heard.of(ConnectionChange)) == 2 * breaks)
        broker.positions.get_all_current_positions_as_list_with_contract_objects()  # behind the one asked for again
    broker.orders.get_list_of_broker_orders()
    assert resting.current().state is OrderState.WORKING
    assert {event.state for event in heard.of(BrokerOrder)} <= {OrderState.WORKING}
    [held] = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert held.quantity == 2
    assert {position.quantity for position in heard.of(Position)} <= {2}


def lose_orders(gateway: SimulatedGateway, broker: Broker) -> None:
    """Read IB's lists once, without the open orders that are on them."""
    with gateway.fault("lose", message="openOrder", count=9), gateway.fault("lose", message="orderStatus", count=9):
        broker.orders.get_list_of_broker_orders()


def test_two_lists_that_left_an_order_out_say_nothing_when_one_between_them_had_it(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, listen: Listen
) -> None:
    heard = listen(broker)
    resting = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    for _ in range(3):
        lose_orders(gateway, broker)
        broker.orders.get_list_of_broker_orders()
    assert resting.current().state is OrderState.WORKING
    assert {event.state for event in heard.of(BrokerOrder)} == {OrderState.WORKING}


def test_the_fate_of_an_order_is_told_to_who_asks_nothing_after_a_restart(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen
) -> None:
    order = Order.limit(GOLD, 1, 1900)
    with open_store(broker="ib") as store:  # as a process leaves it that is killed before the send
        store.journal.intend(order, {order.order_ref: BrokerIds("DU1000001", 100, "7")})
    heard = listen(open_ib(gateway))
    [told] = heard.wait_for(lambda: heard.of(BrokerOrder))
    assert (told.order_ref, told.state) == (order.order_ref, OrderState.REJECTED)


def test_the_fate_of_an_order_is_told_however_long_the_line_was_down(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen
) -> None:
    broker = open_ib(gateway, order_timeout=0.5)
    broker.contracts.get_contract_object_with_broker_data(GOLD)
    heard = listen(broker)
    order = Order.limit(GOLD, 1, 1900)
    with gateway.fault("lose-request", message="placeOrder"), pytest.raises(OutcomeUnknown):
        broker.orders.put_order_on_stack(order)
    gateway.cut()
    threading.Event().wait(6.0)  # nobody looks for it all the time
    gateway.mend()
    heard.wait_for(lambda: [each for each in heard.of(BrokerOrder) if each.state is OrderState.REJECTED])


def test_the_fill_of_an_order_that_another_client_id_placed_is_told_to_who_asks_nothing(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen
) -> None:
    before = open_ib(gateway, client_id=7)
    resting = before.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    before.orders.modify_limit_price_given_control_object(resting, 2200)
    before.close()
    heard = listen(open_ib(gateway))  # IB tells this session nothing of that order by itself
    gateway.advance_bars(3)
    [fill] = heard.wait_for(lambda: heard.of(Fill))
    assert fill.order_ref == resting.order_ref


def test_an_id_that_another_process_leased_since_does_not_keep_an_order_in_doubt(
    gateway: SimulatedGateway, open_ib: OpenIB, listen: Listen
) -> None:
    order = Order.limit(GOLD, 1, 1900)
    with open_store(broker="ib") as store:
        store.journal.intend(order, {order.order_ref: BrokerIds("DU1000001", 100, "7")})
    with open_store(broker="other") as store:
        assert store.client_ids.lease(f"127.0.0.1:{gateway.port}").client_id == 100
        broker = open_ib(gateway)
        heard = listen(broker)
        assert broker.native.connection.client_id() == 101
        [told] = heard.wait_for(lambda: heard.of(BrokerOrder))
    assert (told.order_ref, told.state) == (order.order_ref, OrderState.REJECTED)


def test_a_reading_ends_in_the_time_of_one_request(
    gateway: SimulatedGateway, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, limits = broker.native.orders._desk, []
    monkeypatch.setattr(desk.worker, "flush", lambda timeout: limits.append(timeout) or True)
    desk.read_lists()
    [limit] = limits
    assert limit < broker.native.connection.settings.request_timeout  # less what reading the lists took


def test_a_reading_that_came_to_its_end_too_late_is_ended_in_silence(
    gateway: SimulatedGateway, open_ib: OpenIB, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("brokerkit.plugins.ib.loop_thread._GRACE", 0.1)
    desk = open_ib(gateway, request_timeout=1.0).native.orders._desk
    held_up = threading.Event()
    desk.worker.post(lambda: held_up.wait(30))
    with pytest.raises(RequestTimedOut):
        desk.read_lists()
    held_up.set()
    desk.read_lists()
    assert not [record.getMessage() for record in caplog.records if record.exc_info]
