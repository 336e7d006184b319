"""Group L: changing an order that works."""

from __future__ import annotations

from contextlib import suppress

import pytest

from brokerkit import Broker, BrokerOrder, OrderChange, OrderControl, OrderState
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, trade
from brokerkit.conformance.suite.connection import cut
from brokerkit.conformance.trader import Trader
from brokerkit.errors import (
    ConnectionLost,
    InvalidOrder,
    InvalidQuantity,
    OffTickPrice,
    OrderCannotBeModified,
    OutcomeUnknown,
)

_PRICE = "modify_limit_price_given_control_object"
_CHANGE = "modify_order_given_control_object"
_MAY = "check_order_can_be_modified_given_control_object"
_PLACE = "put_order_on_stack"


@trade(_PLACE, _PRICE)
def test_144_new_buy_price_is_read_back(broker: Broker, trader: Trader) -> None:
    """Case 144: the limit of an order to buy is changed, and the new price is read back from the broker."""
    _change_price(broker, trader, trader.quantity)


@trade(_PLACE, _PRICE)
def test_145_new_sell_price_is_read_back(broker: Broker, trader: Trader) -> None:
    """Case 145: the limit of an order to sell is changed, and the new price is read back from the broker."""
    _change_price(broker, trader, -trader.quantity)


@trade()
def test_146_buy_is_cancelled_and_replaced(trader: Trader) -> None:
    """Case 146: an order to buy is cancelled and another put in its place; one works."""
    _replace(trader, trader.quantity)


@trade()
def test_147_sell_is_cancelled_and_replaced(trader: Trader) -> None:
    """Case 147: an order to sell is cancelled and another put in its place; one works."""
    _replace(trader, -trader.quantity)


@trade(_PLACE, _CHANGE)
def test_148_new_trigger_is_read_back(broker: Broker, trader: Trader) -> None:
    """Case 148: the trigger of a stop order is changed, and the new one is read back."""
    control = trader.rests(trader.stop_order(trader.quantity))
    trigger = trader.market.resting_sell(2)
    broker.orders.modify_order_given_control_object(control, OrderChange(stop_price=trigger))
    trader.until(control, lambda view: view.order.stop_price == trigger)


@trade(_PLACE, "get_list_of_broker_orders")
def test_149_a_replaced_stop_leaves_one(trader: Trader) -> None:
    """Case 149: a stop order that is cancelled and replaced leaves exactly one working."""
    trader.cancel(trader.rests(trader.stop_order(trader.quantity)))
    second = trader.rests(trader.stop_order(trader.quantity))
    assert [view.order_ref for view in trader.open_orders()] == [second.order_ref]


@trade(_PLACE, _PRICE)
def test_150_an_impossible_change_leaves_the_order(broker: Broker, trader: Trader) -> None:
    """Case 150: a change that the order cannot have is refused with a reason, and the order is as it was."""
    control = trader.rests(trader.stop_order(trader.quantity))
    before = control.current().order
    with pytest.raises((OrderCannotBeModified, InvalidOrder)) as raised:
        broker.orders.modify_limit_price_given_control_object(control, trader.market.resting_buy())
    assert str(raised.value)
    assert _found(broker, control).order == before


@trade(_PLACE, _CHANGE)
def test_151_price_and_quantity_together_then_cancelled(broker: Broker, trader: Trader) -> None:
    """Case 151: price and quantity are changed together, read back, and the order is then cancelled."""
    control = trader.rests(trader.resting_order(trader.quantity))
    price, quantity = trader.market.resting_buy(2), trader.quantity + 1
    broker.orders.modify_order_given_control_object(control, OrderChange(limit_price=price, quantity=quantity))
    view = trader.until(control, lambda seen: seen.order.limit_price == price)
    assert view.order.quantity == (quantity,)
    assert trader.cancel(control).state is OrderState.CANCELLED


@trade(_PLACE, _PRICE)
def test_152_changed_until_it_fills(broker: Broker, trader: Trader) -> None:
    """Case 152: an order that is moved toward the market until it fills has filled once, for its quantity."""
    control = trader.rests(trader.resting_order(trader.quantity, part=3))
    for price in (trader.market.resting_buy(2), trader.market.resting_buy(1), trader.market.crossing_buy()):
        broker.orders.modify_limit_price_given_control_object(control, price)
    view = trader.done(control)
    assert view.state is OrderState.FILLED
    assert view.filled == (trader.quantity,)
    assert trader.gained() == trader.quantity


@trade(_PLACE, _PRICE, _MAY)
def test_153_a_final_order_cannot_be_changed(broker: Broker, trader: Trader) -> None:
    """Case 153: a filled and a cancelled order cannot be changed; both say so, and nothing changes."""
    filled = trader.place(trader.market_order(trader.quantity))
    trader.done(filled)
    cancelled = trader.rests(trader.resting_order(trader.quantity))
    trader.cancel(cancelled)
    for control in (filled, cancelled):
        before = control.current()
        assert broker.orders.check_order_can_be_modified_given_control_object(control) is False
        with pytest.raises(OrderCannotBeModified):
            broker.orders.modify_limit_price_given_control_object(control, trader.market.resting_buy())
        assert (control.current().state, control.current().order) == (before.state, before.order)


@fault("partial-fill", hooks=(_PLACE, _CHANGE))
def test_154_apartly_filled_order_is_changed(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 154: an order that has filled in part is changed, or that is refused; its fills stay."""
    control = partly_filled(trader, harness)
    done = control.current().filled
    with suppress(OrderCannotBeModified):
        broker.orders.modify_order_given_control_object(control, OrderChange(limit_price=trader.market.resting_buy()))
    for view in (control.current(), _found(broker, control), *_reports(broker, control.order_ref)):
        assert view.filled[0] >= done[0], f"{done[0]} lots were filled before the change, and {view.filled[0]} after it"
    with pytest.raises((InvalidQuantity, OrderCannotBeModified)):
        broker.orders.modify_order_given_control_object(control, OrderChange(quantity=-trader.quantity))


@trade(_PLACE, _CHANGE)
def test_155_wrong_changes_are_refused(broker: Broker, trader: Trader) -> None:
    """Case 155: an off-tick price and a quantity of the other side are refused, and the order is as it was."""
    control = trader.rests(trader.resting_order(trader.quantity))
    before = control.current().order
    off = trader.market.resting_buy() + trader.tick / 3
    with pytest.raises(OffTickPrice):
        broker.orders.modify_order_given_control_object(control, OrderChange(limit_price=off))
    with pytest.raises(InvalidQuantity):
        broker.orders.modify_order_given_control_object(control, OrderChange(quantity=-trader.quantity))
    assert _found(broker, control).order == before


@trade(_PLACE, _PRICE, "match_db_broker_order_to_control_order_from_brokers")
def test_156_a_changed_order_is_still_found(broker: Broker, trader: Trader) -> None:
    """Case 156: whatever the broker does to its own ids, a changed order is found under its reference."""
    control = trader.rests(trader.resting_order(trader.quantity))
    price = trader.market.resting_buy(2)
    changed = broker.orders.modify_limit_price_given_control_object(control, price)
    assert changed.order_ref == control.order_ref
    found = broker.orders.match_db_broker_order_to_control_order_from_brokers(control)
    trader.until(found, lambda view: view.order.limit_price == price)
    assert trader.cancel(found).state is OrderState.CANCELLED


@trade(_PLACE, _PRICE)
def test_157_a_fill_during_a_change_counts_once(broker: Broker, trader: Trader) -> None:
    """Case 157: an order that fills while it is being changed has filled once, for its quantity."""
    control = trader.place(trader.crossing_order(trader.quantity))
    with suppress(OrderCannotBeModified, OutcomeUnknown):
        broker.orders.modify_limit_price_given_control_object(control, trader.market.crossing_buy())
    view = trader.done(control)
    assert view.filled == (trader.quantity,)
    assert trader.gained() == trader.quantity


@fault("disconnect", hooks=(_PLACE, _PRICE))
def test_158_a_change_during_a_broken_line_leaves_one_order(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 158: a change that is made while the line is down never leaves two live orders."""
    control = trader.rests(trader.resting_order(trader.quantity))
    with cut(harness), pytest.raises((ConnectionLost, OutcomeUnknown)):
        broker.orders.modify_limit_price_given_control_object(control, trader.tick * 10)
    alive = [view.order_ref for view in trader.open_orders()]
    assert alive == [control.order_ref], f"alive after the reconnect: {alive}"


@trade(_PLACE, _MAY)
def test_153_a_working_order_can_be_changed(broker: Broker, trader: Trader) -> None:
    """Case 153: of a working limit order the broker says that it can be changed, if it makes changes at all."""
    control = trader.rests(trader.resting_order(trader.quantity))
    said = broker.orders.check_order_can_be_modified_given_control_object(control)
    changes = [hook for hook in (_PRICE, _CHANGE) if broker.supports(hook)]
    assert said is bool(changes), f"it says {said} of a working limit order, and supports {changes or 'no change'}"


def _change_price(broker: Broker, trader: Trader, quantity: int) -> None:
    control = trader.rests(trader.resting_order(quantity))
    price = trader.market.resting_buy(2) if quantity > 0 else trader.market.resting_sell(2)
    assert broker.orders.modify_limit_price_given_control_object(control, price).order_ref == control.order_ref
    trader.until(control, lambda view: view.order.limit_price == price)
    for view in (_found(broker, control), *_reports(broker, control.order_ref)):
        assert view.order.limit_price == price, f"changed to {price}, and reported at {view.order.limit_price}"
        assert view.order.quantity == (quantity,)
        assert not view.state.is_final
    told = [view.state.value for view in trader.events.views(control.order_ref) if view.state.is_final]
    assert not told, f"a change was told as the end of the order: {told}"


def _reports(broker: Broker, order_ref: str) -> list[BrokerOrder]:
    """Return an order as the broker's list and the storage have it, as far as there are any."""
    reports: list[BrokerOrder] = []
    if broker.supports("get_list_of_broker_orders"):
        reports += broker.orders.get_list_of_broker_orders()
    if broker.supports("get_list_of_orders_from_storage"):
        reports += broker.orders.get_list_of_orders_from_storage()
    return [view for view in reports if view.order_ref == order_ref]


def _replace(trader: Trader, quantity: int) -> None:
    trader.cancel(trader.rests(trader.resting_order(quantity)))
    second = trader.rests(trader.resting_order(quantity, part=2))
    assert [view.order_ref for view in trader.open_orders()] == [second.order_ref]


def partly_filled(trader: Trader, harness: Harness) -> OrderControl:
    """Return the handle of an order that has filled in part, and works on."""
    harness.cause("partial-fill")
    control = trader.place(trader.crossing_order(trader.large_quantity))
    trader.until(control, lambda view: any(view.filled) and not view.state.is_final)
    return control


def _found(broker: Broker, control: OrderControl) -> BrokerOrder:
    return broker.orders.match_db_broker_order_to_order_from_brokers(control)
