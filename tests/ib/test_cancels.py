"""A cancel reaches the order that is meant, or the order goes on and can be cancelled again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, ConnectionState, FuturesContract, Order, OrderState, errors
from brokerkit.errors import OrderCannotBeCancelled, OutcomeUnknown
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.orders import GlobalCancel

OpenIB = Callable[..., Broker]
Listen = Callable[[Broker], Any]
RunGateway = Callable[..., SimulatedGateway]


def break_line_instead_of_cancelling(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the socket die right before the next cancel would leave."""
    ib = broker.native.connection.ib._ib

    def die(*_: object) -> None:
        monkeypatch.undo()
        ib.client.conn.transport.abort()

    monkeypatch.setattr(ib.client, "cancelOrder", die)


def test_an_order_whose_cancel_was_lost_works_on_and_can_be_cancelled(
    broker: Broker, gold: FuturesContract, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    with monkeypatch.context() as patch:
        break_line_instead_of_cancelling(broker, patch)
        broker.orders.cancel_order_given_control_object(control)
    heard.wait_for(lambda: control.current().state is OrderState.WORKING)
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED


def test_a_bracket_s_exit_whose_cancel_was_lost_waits_on(
    broker: Broker, gold: FuturesContract, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(broker)
    entry = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900).with_bracket(stop_loss=1800))
    [stop] = entry.children
    heard.wait_for(lambda: stop.current().state is OrderState.PENDING and stop.current().ids.perm_id)
    with monkeypatch.context() as patch:
        break_line_instead_of_cancelling(broker, patch)
        broker.orders.cancel_order_given_control_object(stop)
    heard.wait_for(lambda: stop.current().state is OrderState.PENDING)
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    broker.orders.cancel_order_given_control_object(stop)
    assert stop.wait(30).state is OrderState.CANCELLED


def test_an_order_is_waited_for_until_it_is_answered_and_a_cancel_until_it_is_sent(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract
) -> None:
    broker = open_ib(gateway, order_timeout=60.0)
    began = time.monotonic()
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    with gateway.fault("stall"):
        assert broker.orders.cancel_order_on_stack(control).state is OrderState.PENDING_CANCEL
    assert time.monotonic() - began < 30
    assert control.wait(30).state is OrderState.CANCELLED


def test_orders_whose_common_cancel_was_lost_work_on(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen, answer_as: Callable[..., None]
) -> None:
    broker = open_ib(gateway, order_timeout=1.0)
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    answer_as(GlobalCancel, lambda session, asked, usual: None)
    [asked] = broker.orders.cancel_all_orders()
    assert asked.state is OrderState.PENDING_CANCEL
    with pytest.raises(OrderCannotBeCancelled):
        broker.orders.cancel_order_given_control_object(control)
    heard.wait_for(lambda: control.current().state is OrderState.WORKING)
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED


def test_cancel_all_reaches_an_order_of_which_nothing_was_heard(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen
) -> None:
    broker = open_ib(gateway, order_timeout=0.3)
    heard = listen(broker)
    order = Order.limit(gold, 1, 1900)
    with (
        gateway.fault("lose", message="openOrder", count=99),
        gateway.fault("lose", message="orderStatus", count=99),
    ):
        with pytest.raises(OutcomeUnknown):
            broker.orders.put_order_on_stack(order)
        assert broker.orders.cancel_all_orders() == []  # it is not known to work
    [at_gateway] = gateway.call(lambda inner: list(inner.orders.registry))
    assert at_gateway.status.value == "Cancelled"
    find = broker.orders.match_db_broker_order_to_order_from_brokers
    heard.wait_for(lambda: find(order).state is OrderState.CANCELLED)


def test_one_order_that_cannot_be_cancelled_keeps_no_other_of_its_account_in_the_market(
    run_gateway: RunGateway, open_ib: OpenIB
) -> None:
    gateway = run_gateway(accounts=("DU1", "DU2"))
    theirs, ours = open_ib(gateway, client_id=7, account="DU2"), open_ib(gateway, client_id=8, account="DU2")
    gold = FuturesContract("GOLD", ours.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0])
    theirs.orders.put_order_on_stack(Order.market(gold, 1)).wait(30)
    ours.native.connection.call(lambda ib: ib.client.updateReqId(500))
    first = ours.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    number = int(first.current().ids.order_id)
    theirs.native.connection.call(lambda ib: ib.client.updateReqId(number))
    foreign = theirs.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    [seen] = [each for each in ours.orders.get_list_of_broker_orders() if each.order_ref == foreign.order_ref]
    assert seen.ids.order_id == str(number)  # in our session that names another order
    last = ours.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    with pytest.raises(errors.OrderCannotBeCancelled, match="client id 7"):
        ours.orders.cancel_all_orders("DU2")
    assert [each.wait(30).state for each in (first, last)] == [OrderState.CANCELLED] * 2
    assert foreign.current().state is OrderState.WORKING


def test_a_refused_cancel_of_another_client_s_order_leaves_it_working(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen
) -> None:
    theirs, ours = open_ib(gateway, client_id=7), open_ib(gateway, client_id=8)
    heard = listen(ours)
    for _ in range(3):
        placed = theirs.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    order = placed.current().order
    with gateway.fault("cancel-error", code=10147):
        ours.orders.cancel_order_on_stack(order)
        find = ours.orders.match_db_broker_order_to_order_from_brokers
        heard.wait_for(lambda: find(order).state is OrderState.WORKING and "not found" in find(order).reason)
    ours.orders.cancel_order_on_stack(order)
    assert placed.wait(30).state is OrderState.CANCELLED


def test_orders_whose_cancel_of_all_was_lost_can_be_cancelled_again(
    gateway: SimulatedGateway, open_ib: OpenIB, gold: FuturesContract, listen: Listen
) -> None:
    broker = open_ib(gateway, order_timeout=1.0)
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    with gateway.fault("lose-request", message="reqGlobalCancel", close=False):
        broker.orders.cancel_all_orders()
    heard.wait_for(lambda: control.current().state is OrderState.WORKING)
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED


def test_a_cancel_of_all_that_was_interrupted_leaves_each_order_to_be_cancelled(
    broker: Broker, gold: FuturesContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))

    def interrupt() -> None:
        raise KeyboardInterrupt  # before it was sent

    monkeypatch.setattr(broker.native.orders.ib_client, "cancel_everything", interrupt)
    with pytest.raises(KeyboardInterrupt):
        broker.orders.cancel_all_orders()
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED
