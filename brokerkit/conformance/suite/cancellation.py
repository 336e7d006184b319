"""Group M: cancelling."""

from __future__ import annotations

from contextlib import suppress

import pytest

from brokerkit import Broker, OrderControl, OrderState
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, trade
from brokerkit.conformance.suite.modification import partly_filled
from brokerkit.conformance.trader import Trader
from brokerkit.errors import MissingAccount, MissingOrder, OrderCannotBeCancelled, OrderError

_PLACE, _CANCEL = "put_order_on_stack", "cancel_order_on_stack"
_NOBODY = "NO-SUCH-ACCOUNT"
_BY_HANDLE = "cancel_order_given_control_object"


@trade(_PLACE, _CANCEL, "check_order_is_cancelled")
def test_159_a_cancelled_order_is_gone(broker: Broker, trader: Trader) -> None:
    """Case 159: a cancel ends in the state cancelled, told once, and the order is no longer open."""
    control = trader.rests(trader.resting_order(trader.quantity))
    assert broker.orders.check_order_is_cancelled(control) is False
    view = broker.orders.cancel_order_on_stack(control)
    assert view.order_ref == control.order_ref
    assert view.state in {OrderState.PENDING_CANCEL, OrderState.CANCELLED}
    assert trader.done(control).state is OrderState.CANCELLED
    assert broker.orders.check_order_is_cancelled(control) is True
    assert control.order_ref not in {each.order_ref for each in trader.open_orders()}


@trade(_PLACE, "cancel_all_orders")
def test_160_all_orders_are_cancelled(broker: Broker, trader: Trader) -> None:
    """Case 160: one call cancels every working order, and says which; for an unknown account it cancels none."""
    controls = [trader.rests(trader.resting_order(trader.quantity, part)) for part in (1, 2, 3)]
    with pytest.raises(MissingAccount):
        broker.orders.cancel_all_orders(_NOBODY)
    assert {control.current().state for control in controls} == {OrderState.WORKING}, "it cancelled orders all the same"
    asked = {view.order_ref for view in broker.orders.cancel_all_orders()}
    assert {control.order_ref for control in controls} <= asked
    assert {trader.done(control).state for control in controls} == {OrderState.CANCELLED}
    assert not trader.open_orders()


@trade(_PLACE, _BY_HANDLE, "check_order_is_cancelled_given_control_object")
def test_161_several_are_cancelled_one_by_one(broker: Broker, trader: Trader) -> None:
    """Case 161: several orders are cancelled one by one, each by its handle, and only that one each time."""
    first, second = (trader.rests(trader.resting_order(trader.quantity, part)) for part in (1, 2))
    assert broker.orders.cancel_order_given_control_object(first).order_ref == first.order_ref
    assert trader.done(first).state is OrderState.CANCELLED
    assert broker.orders.check_order_is_cancelled_given_control_object(first) is True
    assert broker.orders.check_order_is_cancelled_given_control_object(second) is False
    assert [view.order_ref for view in trader.open_orders()] == [second.order_ref]


@trade(_PLACE, _CANCEL)
def test_163_a_second_cancel_is_refused(broker: Broker, trader: Trader) -> None:
    """Case 163: a second cancel is refused, and no second cancelled event comes."""
    control = trader.rests(trader.resting_order(trader.quantity))
    trader.cancel(control)
    with pytest.raises(OrderCannotBeCancelled):
        broker.orders.cancel_order_on_stack(control)
    _hears_the_end(trader, control)
    told = [view for view in trader.events.views(control.order_ref) if view.state is OrderState.CANCELLED]
    assert len(told) == 1, f"told {len(told)} times that it was cancelled"


@trade(_PLACE, _CANCEL)
def test_164_a_filled_order_cannot_be_cancelled(broker: Broker, trader: Trader) -> None:
    """Case 164: a filled order cannot be cancelled, nor one that nobody knows; the state stays."""
    view = trader.buys()
    with pytest.raises(OrderCannotBeCancelled):
        broker.orders.cancel_order_on_stack(view)
    assert broker.orders.match_db_broker_order_to_order_from_brokers(view).state is OrderState.FILLED
    if broker.supports("check_order_is_cancelled"):
        assert broker.orders.check_order_is_cancelled(view) is False, "a filled order is called cancelled"
    with pytest.raises(MissingOrder):
        broker.orders.cancel_order_on_stack(trader.resting_order(trader.quantity))


@trade(_PLACE, _CANCEL)
def test_165_an_order_being_cancelled_still_counts_as_open(broker: Broker, trader: Trader) -> None:
    """Case 165: between the cancel and its confirmation the order is pending-cancel, which is not final."""
    control = trader.rests(trader.resting_order(trader.quantity))
    broker.orders.cancel_order_on_stack(control)
    trader.done(control)
    _hears_the_end(trader, control)
    states = [view.state for view in trader.events.views(control.order_ref)]
    assert states[-1] is OrderState.CANCELLED
    assert all(not state.is_final for state in states[:-1]), f"states {states}"


@fault("partial-fill", hooks=(_PLACE, _CANCEL))
def test_166_apartly_filled_order_keeps_its_fills(trader: Trader, harness: Harness) -> None:
    """Case 166: an order cancelled after a partial fill is cancelled, and keeps what it has filled."""
    control = partly_filled(trader, harness)
    view = trader.cancel(control)
    assert view.state is OrderState.CANCELLED
    assert any(view.filled)
    assert any(view.remaining)
    assert trader.gained() == view.filled[0]


@trade(_PLACE, _CANCEL)
def test_167_a_fill_that_wins_the_race_counts_once(broker: Broker, trader: Trader) -> None:
    """Case 167: an order cancelled while it fills ends filled or cancelled, and what it filled is held, once."""
    control = trader.place(trader.market_order(trader.quantity))
    try:
        broker.orders.cancel_order_on_stack(control)
    except OrderCannotBeCancelled as refusal:
        ended = trader.sees(control, lambda view: view.state.is_final)
        assert ended, f"a cancel was refused ({refusal.fact}), and the order is still {control.current().state.value}"
    view = trader.done(control)
    assert view.state in {OrderState.FILLED, OrderState.CANCELLED}
    assert trader.gained() == view.filled[0]
    assert len({fill.execution_id for fill in view.fills}) == len(view.fills)


@fault("cancel-fill-race", hooks=(_PLACE, _CANCEL))
def test_167_the_race_is_lost_to_the_fill(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 167: when the fill is there before the cancel, the order ends filled, once, and stays so."""
    harness.cause("cancel-fill-race")
    control = trader.place(trader.crossing_order(trader.quantity))
    with suppress(OrderError):
        broker.orders.cancel_order_on_stack(control)
    view = trader.done(control)
    assert view.state is OrderState.FILLED, f"it ended {view.state.value}"
    assert trader.gained() == trader.quantity


@fault("refused-cancel", hooks=(_PLACE, _CANCEL))
def test_168_a_refused_cancel_leaves_the_order(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 168: an order whose cancel the broker refuses works on, is not told to be cancelled, and can be later."""
    control = trader.rests(trader.resting_order(trader.quantity))
    harness.cause("refused-cancel")
    with suppress(OrderCannotBeCancelled):
        broker.orders.cancel_order_on_stack(control)
    trader.until(control, OrderState.WORKING)
    assert trader.is_known(control.order_ref)
    told = {view.state for view in trader.events.views(control.order_ref)}
    assert not {state for state in told if state.is_final}, f"told {told}"
    harness.heal()
    assert trader.cancel(control).state is OrderState.CANCELLED


@fault("elsewhere", hooks=(_PLACE, _CANCEL))
def test_169_an_order_of_another_session(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 169: an order that another session placed is listed as such, and is cancelled or refused by name."""
    ref = harness.place_elsewhere(trader.resting_order(trader.quantity))
    listed = [view for view in broker.orders.get_list_of_broker_orders() if view.order_ref == ref]
    assert len(listed) == 1, "the other session's order is not listed"
    assert listed[0].origin.value != "ours"
    try:
        broker.orders.cancel_order_on_stack(listed[0])
    except OrderError as refusal:
        assert str(refusal)
        harness.cancel_elsewhere(ref)
    else:
        found = broker.orders.match_db_broker_order_to_control_order_from_brokers(listed[0])
        assert trader.done(found).state is OrderState.CANCELLED


def _hears_the_end(trader: Trader, control: OrderControl) -> None:
    """Wait until listeners were told that an order is final: that may come later than a wait for it ends."""
    views = trader.events.views
    trader.eventually(lambda: any(view.state.is_final for view in views(control.order_ref)), "the end was told")
