"""Group S: what a session finds that earlier ones, or others, left behind."""

from __future__ import annotations

from decimal import Decimal

import pytest

from brokerkit import Broker, BrokerOrder, OrderOrigin, OrderState
from brokerkit.conformance.connection import OpenAnother, Restart
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, read, trade
from brokerkit.conformance.suite.modification import partly_filled
from brokerkit.conformance.trader import Trader
from brokerkit.errors import ConfigError, ConnectionProblem, MissingOrder, OrderRejected

_PLACE = "put_order_on_stack"
_HELD = "get_all_current_positions_as_list_with_contract_objects"
_FIND = "match_db_broker_order_to_order_from_brokers"


@fault("restart")
def test_238_open_orders_of_an_earlier_session_are_found(trader: Trader, restart: Restart) -> None:
    """Case 238: an order that was open before a restart is found with its state, price, quantity, type and id."""
    control = trader.rests(trader.resting_order(trader.quantity))
    before = control.current()
    again = restart()
    found = again.orders.match_db_broker_order_to_order_from_brokers(control)
    assert (found.state, found.order.limit_price, found.order.quantity, found.order.order_type) == (
        OrderState.WORKING,
        before.order.limit_price,
        before.order.quantity,
        before.order.order_type,
    )
    assert found.ids.order_id or found.ids.perm_id
    again.orders.cancel_all_orders()


@fault("restart")
def test_239_filled_orders_of_an_earlier_session_are_found(trader: Trader, restart: Restart) -> None:
    """Case 239: an order that was filled before a restart is found with its fills, prices and quantity."""
    view = trader.buys()
    again = restart()
    found = again.orders.match_db_broker_order_to_order_from_brokers(view)
    assert found.state is OrderState.FILLED
    assert _fills(found) == _fills(view)


@fault("restart", hooks=(_PLACE, _HELD))
def test_240_a_long_position_is_found(trader: Trader, restart: Restart) -> None:
    """Case 240: a long position is there after a restart, with its average price."""
    _position_survives(trader, restart, 1)


@fault("restart", hooks=(_PLACE, _HELD))
def test_241_a_short_position_is_found(trader: Trader, restart: Restart) -> None:
    """Case 241: a short position is there after a restart, with its average price."""
    _position_survives(trader, restart, -1)


@fault("rejection")
def test_242_a_refusal_replaces_what_was_believed(trader: Trader, harness: Harness) -> None:
    """Case 242: an order that was sent, and that the broker then refuses, moves to rejected, and that is told."""
    harness.cause("rejection")
    order = trader.resting_order(trader.quantity)
    try:
        control = trader.place(order)
    except OrderRejected:
        assert order.order_ref not in {view.order_ref for view in trader.open_orders()}
        return
    assert trader.done(control).state is OrderState.REJECTED
    trader.eventually(
        lambda: OrderState.REJECTED in {view.state for view in trader.events.views(order.order_ref)}, "it was told"
    )


@fault("lost-statuses")
def test_243_missed_reports_are_made_good(trader: Trader, harness: Harness) -> None:
    """Case 243: what was missed of an order is made good by asking: its fills are those of the broker."""
    harness.cause("lost-statuses")
    view = trader.buys()
    found = trader.market.broker.orders.match_db_broker_order_to_order_from_brokers(view)
    assert _fills(found) == _fills(view)


@fault("elsewhere")
def test_244_orders_of_others_are_shown_as_such(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 244: an order that somebody else placed is listed, and is not called ours."""
    ref = harness.place_elsewhere(trader.resting_order(trader.quantity))
    try:
        listed = [view for view in broker.orders.get_list_of_broker_orders() if view.order_ref == ref]
        assert [view.origin is OrderOrigin.OURS for view in listed] == [False]
    finally:
        harness.cancel_elsewhere(ref)


@fault("partial-fill", hooks=(_PLACE, "cancel_order_on_stack"))
def test_245_partly_filled_then_cancelled_keeps_its_fills(trader: Trader, harness: Harness) -> None:
    """Case 245: read back from the broker, an order cancelled after a partial fill still has its fills."""
    view = trader.cancel(partly_filled(trader, harness))
    found = trader.market.broker.orders.match_db_broker_order_to_order_from_brokers(view)
    assert found.state is OrderState.CANCELLED
    assert found.filled == view.filled != (0,)


@trade(_PLACE, "get_list_of_broker_orders", "get_list_of_fills")
def test_247_asking_twice_reports_nothing_twice(broker: Broker, trader: Trader) -> None:
    """Case 247: asked twice, the same orders and fills are reported, each once."""
    trader.buys()
    trader.rests(trader.resting_order(trader.quantity))
    orders = [[view.order_ref for view in broker.orders.get_list_of_broker_orders()] for _ in range(2)]
    fills = [[fill.execution_id for fill in broker.orders.get_list_of_fills()] for _ in range(2)]
    assert orders[0] == orders[1]
    assert fills[0] == fills[1]
    assert len(set(fills[0])) == len(fills[0])


@fault("partial-fill", hooks=(_PLACE, _HELD))
def test_249_partial_fills_count_once_in_the_position(trader: Trader, harness: Harness) -> None:
    """Case 249: while an order has filled in part, the position holds that part once, and not the whole order."""
    control = partly_filled(trader, harness)
    assert trader.gained() == control.current().filled[0]


@fault("failed-positions", hooks=(_HELD,))
def test_250_a_failed_question_is_not_taken_for_flat(broker: Broker, harness: Harness) -> None:
    """Case 250: when the question for positions fails, an error is raised; an empty list would mean flat."""
    harness.cause("failed-positions")
    with pytest.raises(ConnectionProblem):
        broker.positions.get_all_current_positions_as_list_with_contract_objects()
    harness.heal()
    assert isinstance(broker.positions.get_all_current_positions_as_list_with_contract_objects(), list)


@trade(_PLACE, "match_db_broker_order_to_control_order_from_brokers")
def test_252_looking_again_adds_nothing(broker: Broker, trader: Trader) -> None:
    """Case 252: looking an order up again and again makes no new order, id or event."""
    control = trader.rests(trader.resting_order(trader.quantity))
    ids = {broker.orders.match_db_broker_order_to_order_from_brokers(control).ids for _ in range(3)}
    handles = [broker.orders.match_db_broker_order_to_control_order_from_brokers(control) for _ in range(3)]
    assert len(ids) == 1
    assert {handle.order_ref for handle in handles} == {control.order_ref}
    assert len(trader.open_orders()) == 1


@read()
def test_253_one_that_fails_does_not_stop_the_others(broker: Broker, open_another: OpenAnother) -> None:
    """Case 253: a broker that cannot be opened leaves the one that is open as it was."""
    with pytest.raises(ConfigError):
        open_another(no_such_setting_anywhere="1")
    assert broker.instruments.get_list_of_instruments()


@trade(_PLACE, _FIND)
def test_254_an_order_that_the_broker_does_not_have_is_named(broker: Broker, trader: Trader) -> None:
    """Case 254: an order that the broker does not have raises MissingOrder; it is no None and no empty order."""
    order = trader.resting_order(trader.quantity)
    with pytest.raises(MissingOrder):
        broker.orders.match_db_broker_order_to_order_from_brokers(order)
    with pytest.raises(MissingOrder):
        broker.orders.match_db_broker_order_to_control_order_from_brokers(order)


@fault("elsewhere")
def test_261_a_cancel_by_hand_is_seen(trader: Trader, harness: Harness) -> None:
    """Case 261: what is done to an order in the broker's own screen is seen here."""
    control = trader.rests(trader.resting_order(trader.quantity))
    harness.cancel_elsewhere(control.order_ref)
    trader.until(control, OrderState.CANCELLED)


@fault("stale-positions", hooks=(_PLACE, _HELD))
def test_260_a_stale_position_becomes_right(trader: Trader, harness: Harness) -> None:
    """Case 260: a position that was reported stale is right when it is asked for again; fills were never stale."""
    harness.cause("stale-positions")
    view = trader.buys()
    trader.eventually(lambda: trader.gained() == view.filled[0], "the position was right")


def _position_survives(trader: Trader, restart: Restart, sign: int) -> None:
    view = trader.fills(trader.market_order(sign * trader.quantity))
    again = restart()
    held = {
        position.contract: position
        for position in again.positions.get_all_current_positions_as_list_with_contract_objects()
    }
    assert held[trader.market.contract].quantity == view.filled[0]
    assert held[trader.market.contract].average_price is not None


def _fills(view: BrokerOrder) -> list[tuple[str, int, Decimal]]:
    return [(fill.execution_id, fill.quantity, fill.price) for fill in view.fills]
