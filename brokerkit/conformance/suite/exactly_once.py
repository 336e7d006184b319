"""Groups T and U: nothing is sent twice, nothing is lost, and nothing is left hanging."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from brokerkit import Broker, OrderState
from brokerkit.conformance.agreement import check_fills
from brokerkit.conformance.connection import Restart
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, trade
from brokerkit.conformance.suite.rejections import sent
from brokerkit.conformance.trader import Trader
from brokerkit.errors import BrokerkitError, DuplicateOrder, OutcomeUnknown, RequestTimedOut

_PLACE = "put_order_on_stack"
_STORED = "get_list_of_orders_from_storage"


@fault("lost-acknowledgement")
def test_256_an_unanswered_order_is_resolved(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 256: an order that nobody answered is asked about, and its state becomes known."""
    harness.cause("lost-acknowledgement")
    order = trader.resting_order(trader.quantity)
    sent(trader, order)
    if "advance" in harness.offers:
        harness.advance(120.0)

    def known() -> bool:
        view = broker.orders.match_db_broker_order_to_order_from_brokers(order)
        return view.state is OrderState.WORKING

    trader.eventually(known, "the order was found to be working")


@fault("lost-cancel", hooks=(_PLACE, "cancel_order_on_stack"))
def test_257_an_unanswered_cancel_can_be_made_again(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 257: a cancel that nobody answered stays unresolved, and can be made again."""
    control = trader.rests(trader.resting_order(trader.quantity))
    harness.cause("lost-cancel")
    with suppress(OutcomeUnknown, RequestTimedOut):
        broker.orders.cancel_order_on_stack(control)
    assert not control.current().state.is_final, "a cancel that never arrived was believed"
    harness.heal()
    assert trader.cancel(control).state is OrderState.CANCELLED


@trade()
def test_263_one_reference_is_one_order(broker: Broker, trader: Trader) -> None:
    """Case 263: an order placed twice under one reference is placed once, and the second time says so, also later."""
    order = trader.resting_order(trader.quantity)
    control = trader.rests(order)
    assert not trader.not_asked_for(), trader.not_asked_for()
    with pytest.raises(DuplicateOrder):
        trader.place(order)
    trader.cancel(control)
    with pytest.raises(DuplicateOrder):
        trader.place(order)
    listed = [view.order_ref for view in broker.orders.get_list_of_broker_orders()]
    assert listed.count(order.order_ref) == 1


@fault("lost-acknowledgement")
def test_264_trying_again_never_doubles_an_order(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 264: an order whose fate is unknown, placed again, is still one order."""
    before = {view.order_ref for view in broker.orders.get_list_of_broker_orders()}
    harness.cause("lost-acknowledgement")
    order = trader.resting_order(trader.quantity)
    sent(trader, order)
    with pytest.raises((DuplicateOrder, OutcomeUnknown)):
        trader.place(order)
    harness.heal()

    def count() -> int:
        return [view.order_ref for view in broker.orders.get_list_of_broker_orders()].count(order.order_ref)

    trader.eventually(lambda: count() == 1, "it was there, once")
    others = {view.order_ref for view in broker.orders.get_list_of_broker_orders()} - before - {order.order_ref}
    assert not others, f"one order was placed, and at the broker are also {', '.join(sorted(others))}: sent again?"


@fault("restart", "lost-acknowledgement")
def test_265_an_unacknowledged_order_is_found_after_a_restart(
    trader: Trader, harness: Harness, restart: Restart
) -> None:
    """Case 265: an order that was sent and not acknowledged before a restart is found by its reference."""
    harness.cause("lost-acknowledgement")
    order = trader.resting_order(trader.quantity)
    sent(trader, order)
    again = restart()
    assert again.orders.match_db_broker_order_to_order_from_brokers(order).state is OrderState.WORKING
    again.orders.cancel_all_orders()


@fault("restart")
def test_267_ids_are_not_used_again_after_a_restart(trader: Trader, restart: Restart) -> None:
    """Case 267: an order placed after a restart never takes the id of a live one."""
    before = trader.rests(trader.resting_order(trader.quantity)).current().ids
    order = trader.resting_order(trader.quantity, part=2)
    again = restart()
    control = trader.place(order, at=again)
    after = control.current().ids
    assert (after.client_id, after.order_id, after.perm_id) != (before.client_id, before.order_id, before.perm_id)
    listed = [view.order_ref for view in again.orders.get_list_of_broker_orders()]
    assert len(set(listed)) == len(listed)
    again.orders.cancel_all_orders()


@fault("restart")
def test_268_two_restarts_double_nothing(trader: Trader, restart: Restart) -> None:
    """Case 268: after two restarts, each order and fill is there once."""
    view = trader.buys()
    restart()
    again = restart()
    fills = [fill.execution_id for fill in again.orders.get_list_of_fills() if fill.order_ref == view.order_ref]
    assert sorted(fills) == sorted(fill.execution_id for fill in view.fills)
    listed = [each.order_ref for each in again.orders.get_list_of_broker_orders()]
    assert listed.count(view.order_ref) <= 1


@trade(_PLACE, _STORED)
def test_269_stored_orders_come_back_equal(broker: Broker, trader: Trader) -> None:
    """Case 269: an order read from storage is equal to the order that was placed, fills and all."""
    view = trader.buys()
    stored = {each.order_ref: each for each in broker.orders.get_list_of_orders_from_storage()}
    found = stored[view.order_ref]
    assert found.order.quantity == view.order.quantity
    assert found.order.contract == view.order.contract
    assert found.state is view.state, f"it ended {view.state.value}, and is stored as {found.state.value}"
    check_fills(found.fills, view, "in storage")


@trade(_PLACE, _STORED)
def test_269_storage_lists_orders_as_they_were_placed(broker: Broker, trader: Trader) -> None:
    """Case 269: storage lists orders in the order they were placed, each once, refused ones not as open."""
    refs = [trader.rests(trader.resting_order(trader.quantity, part)).order_ref for part in (1, 2)]
    stored = [each.order_ref for each in broker.orders.get_list_of_orders_from_storage()]
    assert [ref for ref in stored if ref in refs] == refs


@trade()
def test_263_a_refused_order_leaves_its_reference_free(broker: Broker, trader: Trader) -> None:
    """Case 263: an order that was refused before it was sent leaves nothing under its reference."""
    order = trader.limit_order(trader.quantity, trader.market.resting_buy() + trader.tick / 3)
    for _ in range(2):
        with pytest.raises(BrokerkitError) as raised:
            trader.place(order)
        assert not isinstance(raised.value, DuplicateOrder)
        assert json.dumps(raised.value.as_dict())
