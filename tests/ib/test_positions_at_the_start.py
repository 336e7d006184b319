"""What an earlier session left is held, and what is traded right after the start is added to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Order, Position
from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway


def _held(broker: Broker, contract: FuturesContract) -> int:
    positions = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    return sum(each.quantity for each in positions if each.contract == contract)


def test_a_fill_right_after_the_start_is_added_to_what_was_held(
    broker: Broker, gateway: SimulatedGateway, open_ib: Callable[..., Broker], gold: FuturesContract
) -> None:
    broker.orders.put_order_on_stack(Order.market(gold, 1)).wait()
    broker.close()
    again = open_ib(gateway)
    assert _held(again, gold) == 1
    again.orders.put_order_on_stack(Order.market(gold, 1)).wait()
    assert _held(again, gold) == 2
    again.orders.put_order_on_stack(Order.market(gold, -2)).wait()
    assert _held(again, gold) == 0


def test_fills_of_today_are_not_added_to_a_position_that_includes_them(
    run_gateway: Callable[..., SimulatedGateway], open_ib: Callable[..., Broker], tmp_path: Path
) -> None:
    gateway, gold = run_gateway(clock=ManualClock(), days=3), FuturesContract("GOLD", "202402")
    for lots in (2, 1):
        with open_ib(gateway) as before:
            control = before.orders.put_order_on_stack(Order.market(gold, lots))
            gateway.advance_bars(3)
            control.wait()
        gateway.advance(timedelta(hours=24 if lots == 2 else 0))
    assert _held(open_ib(gateway, store_path=tmp_path / "another.db"), gold) == 3


def test_a_position_held_at_the_start_has_its_price_in_quoted_units(
    gateway: SimulatedGateway, open_ib: Callable[..., Broker]
) -> None:
    """IB tells the cost of a contract, in dollars and with its commission, also where cents are quoted."""
    paid = {}
    with open_ib(gateway) as before:
        for contract in (FuturesContract("GOLD", "202402"), FuturesContract("CORN", "202403")):
            done = before.orders.put_order_on_stack(Order.market(contract, 2)).wait()
            paid[contract] = float(done.average_price())
    held = open_ib(gateway).positions.get_all_current_positions_as_list_with_contract_objects()
    assert {each.contract: float(each.average_price or 0) for each in held} == pytest.approx(paid, rel=0.001)


def test_a_position_held_at_the_start_has_no_price_once_it_is_closed(
    gateway: SimulatedGateway, open_ib: Callable[..., Broker], gold: FuturesContract, listen: Callable[[Broker], Any]
) -> None:
    with open_ib(gateway) as before:
        before.orders.put_order_on_stack(Order.market(gold, 2)).wait()
    broker = open_ib(gateway)
    heard = listen(broker)
    for _ in range(2):
        broker.orders.put_order_on_stack(Order.market(gold, -1)).wait()
    [closed] = heard.wait_for(lambda: [each for each in heard.of(Position) if not each.quantity])
    assert closed.average_price is None


def test_a_list_of_positions_that_never_ended_leaves_nothing_flat(
    broker: Broker, gateway: SimulatedGateway, open_ib: Callable[..., Broker], gold: FuturesContract
) -> None:
    broker.orders.put_order_on_stack(Order.market(gold, 2)).wait()
    broker.close()
    with gateway.fault("lose", message="position"), gateway.fault("lose", message="positionEnd"):
        again = open_ib(gateway, connect_timeout=1.0)
    assert again.native.reconciliation.report.position_breaks == ()
    assert _held(again, gold) == 2
