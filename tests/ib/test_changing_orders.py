"""Orders that wait for a trigger or for their entry are changed as those are that rest at the exchange."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from brokerkit import Broker, ConnectionState, FuturesContract, Order, OrderChange, OrderState
from brokerkit.errors import OffTickPrice, OrderCannotBeModified
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder


def test_the_trigger_of_a_waiting_stop_is_changed(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.stop(gold, 1, "2500.0"))
    broker.orders.modify_order_given_control_object(control, OrderChange(stop_price="2600.0"))
    view = control.current()
    assert (view.order.stop_price, view.state) == (Decimal(2600), OrderState.WORKING)


@pytest.mark.parametrize("name", ["limit_price", "stop_price"])
def test_a_change_to_a_price_between_two_ticks_is_refused_before_it_is_sent(
    broker: Broker, gold: FuturesContract, answer_as: Callable[..., None], name: str
) -> None:
    control = broker.orders.put_order_on_stack(Order.stop_limit(gold, 1, stop_price="2500.0", limit_price="2500.0"))
    sent: list[Any] = []
    answer_as(PlaceOrder, lambda session, asked, usual: sent.append(asked) or usual(session, asked))
    with pytest.raises(OffTickPrice) as raised:
        broker.orders.modify_order_given_control_object(control, OrderChange(**{name: "2400.05"}))
    assert raised.value.candidates == (Decimal("2400.0"), Decimal("2400.1"))
    broker.native.connection.server_time()  # what was sent before has been read
    assert sent == []
    assert getattr(control.current().order, name) == Decimal(2500)


def test_exits_that_wait_for_their_entry_are_changed(broker: Broker, gold: FuturesContract) -> None:
    entry = Order.limit(gold, 1, "100.0").with_bracket(take_profit="2500.0", stop_loss="90.0")
    control = broker.orders.put_order_on_stack(entry)
    profit, loss = control.children
    broker.orders.modify_order_given_control_object(profit, OrderChange(limit_price="2600.0"))
    broker.orders.modify_order_given_control_object(loss, OrderChange(stop_price="80.0"))
    assert profit.current().order.limit_price == Decimal(2600)
    assert loss.current().order.stop_price == Decimal(80)
    found = broker.orders.match_db_broker_order_to_order_from_brokers(loss)
    assert found.order.stop_price == Decimal(80)


def test_an_exit_whose_entry_has_filled_is_changed_without_naming_it(broker: Broker, gold: FuturesContract) -> None:
    """IB knows an order that is done no more, and refuses a change that names it as the parent (135)."""
    entry = Order.market(gold, 1).with_bracket(stop_loss="90.0")
    control = broker.orders.put_order_on_stack(entry)
    control.wait(30)
    (loss,) = control.children
    broker.orders.modify_order_given_control_object(loss, OrderChange(stop_price="80.0"))
    assert loss.current().order.stop_price == Decimal(80)


def test_ids_of_orders_that_work_on_are_known_after_a_break(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract, listen: Callable[[Broker], Any]
) -> None:
    """An error names an order by its id in this session, and a change of an exit names its entry by that."""
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, "100.0").with_bracket(stop_loss="90.0"))
    (loss,) = control.children
    gateway.cut()
    heard.wait_for(lambda: broker.state is not ConnectionState.CONNECTED)
    gateway.mend()
    heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    broker.orders.modify_order_given_control_object(loss, OrderChange(stop_price="80.0"))
    trades = {trade.order.orderId: trade.order for trade in broker.native.connection.ib.reqAllOpenOrders()}
    [exit_order] = [order for order in trades.values() if order.parentId]
    assert (exit_order.auxPrice, trades[exit_order.parentId].lmtPrice) == (80.0, 100.0)
    with gateway.fault("modify-error", code=105), pytest.raises(OrderCannotBeModified):
        broker.orders.modify_order_given_control_object(loss, OrderChange(stop_price="70.0"))


def test_an_exit_whose_entry_works_still_names_it(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, "100.0").with_bracket(stop_loss="90.0"))
    (loss,) = control.children
    broker.orders.modify_order_given_control_object(loss, OrderChange(stop_price="80.0"))
    trades = {trade.order.orderId: trade.order for trade in broker.native.connection.ib.reqAllOpenOrders()}
    [exit_order] = [order for order in trades.values() if order.parentId]
    assert (exit_order.auxPrice, trades[exit_order.parentId].lmtPrice) == (80.0, 100.0)


@pytest.mark.parametrize("code", [105, 110, 135, 10326, 201])
def test_an_exit_that_waits_for_its_entry_works_on_when_its_change_is_refused(
    broker: Broker, gold: FuturesContract, gateway: SimulatedGateway, code: int
) -> None:
    """It is as pending as an order that IB has not accepted yet, but an error can only mean its change."""
    entry = Order.limit(gold, 1, "100.0").with_bracket(stop_loss="90.0")
    (loss,) = broker.orders.put_order_on_stack(entry).children
    with gateway.fault("modify-error", code=code), pytest.raises(OrderCannotBeModified) as refused:
        broker.orders.modify_order_given_control_object(loss, OrderChange(stop_price="80.0"))
    assert refused.value.broker_code == code
    found = broker.orders.match_db_broker_order_to_order_from_brokers(loss)
    assert (found.state, found.order.stop_price) == (OrderState.PENDING, Decimal(90))
    broker.orders.modify_order_given_control_object(loss, OrderChange(stop_price="70.0"))
    assert loss.current().order.stop_price == Decimal(70)


def test_a_change_that_comes_while_ib_still_processes_the_order_is_refused(
    broker: Broker, gold: FuturesContract, answer_as: Callable[..., None]
) -> None:
    """IB counts that among its warnings: https://interactivebrokers.github.io/tws-api/message_codes.html."""
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, "100.0"))
    text = "Unable to modify this order as it is still being processed."
    answer_as(PlaceOrder, lambda session, asked, _usual: session.error(asked.order_id, 2102, text))
    with pytest.raises(OrderCannotBeModified, match="still being processed") as refused:
        broker.orders.modify_order_given_control_object(control, OrderChange(limit_price="90.0"))
    assert refused.value.broker_code == 2102
    assert (control.current().state, control.current().order.limit_price) == (OrderState.WORKING, Decimal(100))
