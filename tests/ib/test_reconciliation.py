"""What IB and our own records disagree on is reported at the start, and can lock an instrument."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Order, OrderChange, OrderState, TimeInForce
from brokerkit.errors import InvalidOrder
from brokerkit.plugins.sim.gateway import GatewaySettings, ManualClock, SimulatedGateway

OpenIB = Callable[..., Broker]
GOLD = FuturesContract("GOLD", "202402")


def held_two(gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path) -> Path:
    """Buy two lots in a session that ends, and return where it left what it held."""
    with open_ib(gateway) as broker:
        broker.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
    [saved] = state_folder.rglob("ib_positions_*.json")
    return saved


def test_nothing_differs_after_an_orderly_end(gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path) -> None:
    held_two(gateway, open_ib, state_folder)
    report = open_ib(gateway).native.reconciliation.report
    assert report.is_clean, report.summary


def test_positions_are_saved_soon_after_the_start_for_the_session_that_follows_a_killed_one(
    gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path, listen: Callable[[Broker], Any]
) -> None:
    saved = held_two(gateway, open_ib, state_folder)
    saved.unlink()
    listen(open_ib(gateway)).wait_for(saved.exists)
    assert list(json.loads(saved.read_text(encoding="utf-8"))["positions"].values()) == [2]


def test_positions_are_saved_in_a_file_that_windows_can_have_also_where_the_host_has_colons(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB, state_folder: Path
) -> None:
    gateway = run_gateway(GatewaySettings(port=0, host="::1"))
    open_ib(gateway, host="::1").close()
    [saved] = state_folder.rglob("ib_positions_*.json")
    assert saved.name == f"ib_positions_--1_{gateway.port}.json"


def test_a_fill_between_two_sessions_explains_the_position(
    run_gateway: Callable[..., SimulatedGateway], open_ib: OpenIB
) -> None:
    gateway = run_gateway(clock=ManualClock())
    with open_ib(gateway) as broker:
        held = broker.orders.put_order_on_stack(Order.market(GOLD, 2))
        gateway.advance_bars(3)
        held.wait(30)
        resting = broker.orders.put_order_on_stack(Order.limit(GOLD, -1, 1900))
        assert resting.current().state is OrderState.WORKING
    gateway.advance_bars(5)
    broker = open_ib(gateway, lock_on_break=True)
    report = broker.native.reconciliation.report
    assert [fill.order_ref for fill in report.fills] == [resting.order_ref]
    assert [(each.order_ref, each.state) for each in report.orders_changed] == [(resting.order_ref, OrderState.FILLED)]
    assert (report.position_breaks, report.foreign_orders, broker.native.reconciliation.locked) == ((), (), {})


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what a user is warned of about differences, who may not look at the report."""
    told = [each.message for each in caplog.records if each.levelno == logging.WARNING]
    return [message for message in told if message.startswith("IB and our records differ")]


def say_five_more_were_held(saved: Path) -> None:
    """Add five lots to each position that the last session saved."""
    left = json.loads(saved.read_text(encoding="utf-8"))
    left["positions"] = {key: quantity + 5 for key, quantity in left["positions"].items()}
    saved.write_text(json.dumps(left), encoding="utf-8")


def test_a_fill_in_the_second_after_positions_were_saved_explains_the_position(
    gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path
) -> None:
    """IB stamps executions with whole seconds, so a fill may seem to be from before: here its session was killed."""
    saved = held_two(gateway, open_ib, state_folder)
    [fill] = open_ib(gateway).orders.get_list_of_fills()
    left = json.loads(saved.read_text(encoding="utf-8"))
    left |= {"positions": {}, "executions": [], "time": (fill.time + timedelta(seconds=0.4)).isoformat()}
    saved.write_text(json.dumps(left), encoding="utf-8")
    assert open_ib(gateway, lock_on_break=True).native.reconciliation.report.position_breaks == ()


def test_positions_in_dispute_are_not_what_the_next_session_compares_with(
    gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path
) -> None:
    say_five_more_were_held(held_two(gateway, open_ib, state_folder))
    for _ in range(2):
        with open_ib(gateway, lock_on_break=True) as broker:
            assert list(broker.native.reconciliation.locked) == ["GOLD"]
    with open_ib(gateway, lock_on_break=True) as broker:
        broker.native.reconciliation.unlock("GOLD")
    assert open_ib(gateway, lock_on_break=True).native.reconciliation.locked == {}


def test_an_order_that_was_cancelled_between_two_sessions_is_a_difference(
    gateway: SimulatedGateway, open_ib: OpenIB, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_ib(gateway) as broker:
        order = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    with open_ib(gateway, store_path=tmp_path / "another.db") as another:
        another.orders.cancel_all_orders()
    report = open_ib(gateway).native.reconciliation.report
    assert [(each.order_ref, each.state) for each in report.orders_changed] == [(order.order_ref, OrderState.CANCELLED)]
    assert (report.is_clean, report.summary) == (False, "1 orders changed")
    assert ["1 orders changed" in message for message in warned(caplog)] == [True]


def test_a_position_that_no_fill_explains_is_reported_and_locks_its_instrument(
    gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    say_five_more_were_held(held_two(gateway, open_ib, state_folder))
    broker = open_ib(gateway, lock_on_break=True)
    reconciliation = broker.native.reconciliation
    [found] = reconciliation.report.position_breaks
    assert (found.contract, found.expected, found.actual) == (GOLD, 7, 2)
    assert ["1 positions differ" in message for message in warned(caplog)] == [True]
    with pytest.raises(InvalidOrder, match="GOLD is locked: IB holds 2 of GOLD/202402, not 7"):
        broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    other = FuturesContract("CORN", "202403")
    assert broker.orders.put_order_on_stack(Order.market(other, 1)).wait(30).state is OrderState.FILLED
    reconciliation.unlock("GOLD")
    assert broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30).state is OrderState.FILLED


def test_an_order_in_a_locked_instrument_may_change_its_price_and_not_grow(
    gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path
) -> None:
    order = Order.limit(GOLD, 1, 1900)
    with open_ib(gateway, client_id=5) as first:
        first.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
        first.orders.put_order_on_stack(order)
    [saved] = state_folder.rglob("ib_positions_*.json")
    left = json.loads(saved.read_text(encoding="utf-8"))
    left["positions"] = {key: quantity + 5 for key, quantity in left["positions"].items()}
    saved.write_text(json.dumps(left), encoding="utf-8")
    broker = open_ib(gateway, client_id=5, lock_on_break=True)
    control = broker.orders.match_db_broker_order_to_control_order_from_brokers(order)
    with pytest.raises(InvalidOrder, match="GOLD is locked"):
        broker.orders.modify_order_given_control_object(control, OrderChange(quantity=2))
    changed = broker.orders.modify_limit_price_given_control_object(control, 1890).current().order
    assert (changed.limit_price, changed.quantity) == (1890, (1,))


def test_a_lock_opens_by_itself_once_positions_agree(
    gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path
) -> None:
    saved = held_two(gateway, open_ib, state_folder)
    left = json.loads(saved.read_text(encoding="utf-8"))
    [key] = left["positions"]
    left["positions"][key] = 3
    saved.write_text(json.dumps(left), encoding="utf-8")
    broker = open_ib(gateway, lock_on_break=True)
    assert list(broker.native.reconciliation.locked) == ["GOLD"]
    left["positions"][key] = 2
    saved.write_text(json.dumps(left), encoding="utf-8")
    assert broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30).state is OrderState.FILLED
    assert broker.native.reconciliation.locked == {}


@pytest.mark.parametrize("text", ["", '{"positions": {"DU1000001/1": ', "[]"], ids=["empty", "cut off", "other"])
def test_a_file_that_cannot_be_read_keeps_no_broker_from_opening(
    gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    saved = held_two(gateway, open_ib, state_folder)
    saved.write_text(text, encoding="utf-8")
    with open_ib(gateway) as broker:
        assert broker.native.reconciliation.report.is_clean
    assert str(saved) in caplog.text
    assert json.loads(saved.read_text(encoding="utf-8"))["positions"]


def test_a_correction_of_a_fill_that_the_last_session_counted_is_not_counted_again(
    gateway: SimulatedGateway, open_ib: OpenIB, state_folder: Path
) -> None:
    saved = held_two(gateway, open_ib, state_folder)
    left = json.loads(saved.read_text(encoding="utf-8"))
    left["time"] = "2023-11-28T23:59:59+00:00"  # the Gateway's clock, read a second before the fill came
    saved.write_text(json.dumps(left), encoding="utf-8")
    with gateway.fault("correct-execution", price=2001.5):
        broker = open_ib(gateway)
        report = broker.native.reconciliation.report
    assert [(fill.price, bool(fill.corrects)) for fill in report.fills] == [(Decimal("2001.5"), True)]
    assert report.position_breaks == ()


def test_what_was_held_of_a_contract_that_expired_is_no_break_and_leaves_no_order_in_doubt(
    gateway: SimulatedGateway, open_ib: OpenIB
) -> None:
    with open_ib(gateway) as broker:
        front = FuturesContract("SP500", broker.contracts.get_list_of_contract_dates_for_instrument_code("SP500")[0])
        broker.orders.put_order_on_stack(Order.market(front, 2)).wait(30)
        terms = {"time_in_force": TimeInForce.GTD, "good_till": broker.native.server_time() + timedelta(days=1)}
        left = [broker.orders.put_order_on_stack(Order.limit(each, 1, 1900, **terms)) for each in (GOLD, front)]
    gateway.advance(timedelta(days=20))
    broker = open_ib(gateway, lock_on_break=True)
    assert broker.native.reconciliation.report.position_breaks == ()
    assert broker.native.reconciliation.locked == {}
    for _ in range(2):
        broker.orders.get_list_of_broker_orders()
    known = {each.order_ref: each.state for each in broker.orders.get_list_of_orders_from_storage()}
    assert known == {
        left[0].order_ref: OrderState.EXPIRED,
        left[1].order_ref: OrderState.UNKNOWN,  # what it may have bought was settled
    }
