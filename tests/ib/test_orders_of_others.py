"""Orders that another program placed: known for what they are, told once, and no reason to worry at every start."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, Fill, FuturesContract, Order, OrderOrigin, OrderState
from brokerkit.errors import OrderCannotBeCancelled, OrderCannotBeModified
from brokerkit.plugins.sim.gateway import SimulatedGateway

OpenIB = Callable[..., Broker]
Listen = Callable[[Broker], Any]
RunGateway = Callable[..., SimulatedGateway]
GOLD = FuturesContract("GOLD", "202402")


@pytest.fixture
def another_program(
    gateway: SimulatedGateway, open_ib: OpenIB, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[str]:
    """Trade in a program with a store of its own, which then ends; return the references of its orders."""
    with open_ib(gateway, client_id=100) as other:
        filled = [other.orders.put_order_on_stack(Order.market(GOLD, 1)) for _ in range(3)]
        for control in filled:
            control.wait(30)
        resting = other.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
        other.orders.cancel_order_given_control_object(resting)
        resting.wait(30)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    return [control.order_ref for control in filled]


def test_they_are_of_another_client_and_not_by_hand(
    gateway: SimulatedGateway, open_ib: OpenIB, another_program: list[str]
) -> None:
    listed = open_ib(gateway, client_id=50).orders.get_list_of_broker_orders()
    assert {each.order_ref: each.origin for each in listed} == dict.fromkeys(another_program, OrderOrigin.OTHER_CLIENT)


def test_their_fills_are_told_at_the_first_start_alone_and_nothing_is_warned_of_at_the_next(
    gateway: SimulatedGateway,
    open_ib: OpenIB,
    listen: Listen,
    another_program: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with open_ib(gateway, client_id=50) as first:
        heard = listen(first)
        heard.wait_for(lambda: len(heard.of(Fill)) == len(another_program))
    caplog.clear()
    for _ in range(2):
        with open_ib(gateway, client_id=50) as later, later.subscribe(on_fill=pytest.fail):
            assert later.native.reconciliation.report.fills == ()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_gateways_that_count_their_lasting_ids_alike_do_not_mix_up_their_orders(
    run_gateway: RunGateway, open_ib: OpenIB, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, other = run_gateway(), run_gateway()
    with open_ib(one) as broker:
        resting = broker.orders.put_order_on_stack(Order.limit(GOLD, -1, 2900)).current()
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
        with open_ib(other) as program:
            filled = program.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
    assert resting.ids.perm_id == filled.ids.perm_id
    broker = open_ib(other)
    [listed] = [each for each in broker.orders.get_list_of_broker_orders() if each.fills]
    assert (listed.order_ref, listed.order.quantity, listed.filled) == (filled.order_ref, (2,), (2,))


def test_an_order_by_hand_that_filled_is_by_hand(
    gateway: SimulatedGateway, broker: Broker, open_ib: OpenIB, tmp_path: Path
) -> None:
    gateway.call(lambda inner: inner.exchange.submit(Order.market(GOLD, 1, account="DU1000001")))
    gateway.advance_bars(2)
    for each in (broker, open_ib(gateway, store_path=tmp_path / "another.db")):
        [listed] = each.orders.get_list_of_broker_orders()
        assert (listed.origin, listed.filled) == (OrderOrigin.MANUAL, (1,))


def test_an_order_by_hand_is_on_the_side_that_it_is_on(gateway: SimulatedGateway, broker: Broker) -> None:
    by_hand = [Order.limit(GOLD, -2, 2900, account="DU1000001"), Order.limit(GOLD, 3, 1900, account="DU1000001")]
    for order in by_hand:
        gateway.call(lambda inner, order=order: inner.exchange.submit(order))
    listed = broker.orders.get_list_of_broker_orders()
    assert [(each.order.quantity, each.order.limit_price) for each in listed] == [((-2,), 2900), ((3,), 1900)]


def test_an_order_by_hand_has_no_id_by_which_to_cancel_or_change_it(gateway: SimulatedGateway, broker: Broker) -> None:
    gateway.call(lambda inner: inner.exchange.submit(Order.limit(GOLD, 1, 1900, account="DU1000001")))
    [listed] = broker.orders.get_list_of_broker_orders()
    with pytest.raises(OrderCannotBeCancelled, match=r"has no order id.*Cancel it in TWS, or with cancel_all_orders"):
        broker.orders.cancel_order_on_stack(listed)
    control = broker.orders.match_db_broker_order_to_control_order_from_brokers(listed)
    with pytest.raises(OrderCannotBeModified, match="client id 0 placed it"):
        broker.orders.modify_limit_price_given_control_object(control, 1890)
    assert control.current().state is OrderState.WORKING
    broker.orders.cancel_all_orders()
    assert control.wait(30).state is OrderState.CANCELLED


@pytest.mark.parametrize("is_placed_before", [True, False])
def test_client_id_0_changes_and_cancels_orders_by_hand(
    gateway: SimulatedGateway, open_ib: OpenIB, is_placed_before: bool
) -> None:
    """What was placed before it connected is bound only by reqOpenOrders, as IB's page on open orders says.

    https://interactivebrokers.github.io/tws-api/open_orders.html
    """

    def place_by_hand() -> None:
        for limit in (1900, 1901):
            order = Order.limit(GOLD, 1, limit, account="DU1000001")
            gateway.call(lambda inner, order=order: inner.exchange.submit(order))

    if is_placed_before:
        place_by_hand()
    broker = open_ib(gateway, client_id=0)
    if not is_placed_before:
        place_by_hand()
    listed = broker.orders.get_list_of_broker_orders()
    assert [each.origin for each in listed] == [OrderOrigin.MANUAL] * 2
    for each in listed:
        control = broker.orders.match_db_broker_order_to_control_order_from_brokers(each)
        changed = broker.orders.modify_limit_price_given_control_object(control, 1890)
        assert changed.current().order.limit_price == 1890
        broker.orders.cancel_order_given_control_object(control)
        assert control.wait(30).state is OrderState.CANCELLED


def test_client_id_0_is_told_of_a_refused_change_of_an_order_by_hand(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    """Such orders have negative ids, of which -1 is also what IB sends where no order is meant."""
    broker = open_ib(gateway, client_id=0)
    for limit in (1900, 1901):
        order = Order.limit(GOLD, 1, limit, account="DU1000001")
        gateway.call(lambda inner, order=order: inner.exchange.submit(order))
    _, second = broker.orders.get_list_of_broker_orders()
    assert second.ids.order_id == "-2"
    control = broker.orders.match_db_broker_order_to_control_order_from_brokers(second)
    with gateway.fault("modify-error", code=105), pytest.raises(OrderCannotBeModified, match="does not match"):
        broker.orders.modify_limit_price_given_control_object(control, 1890)
    assert control.current().state is OrderState.WORKING
