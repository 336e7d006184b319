"""Brokers of one name on two Gateways, paper and live say, share a journal: each follows its own login's orders."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brokerkit import Broker, BrokerOrder, FuturesContract, Order, OrderState
from brokerkit.plugins.sim.gateway import SimulatedGateway

OpenIB = Callable[..., Broker]
RunGateway = Callable[..., SimulatedGateway]
GOLD = FuturesContract("GOLD", "202402")


def look_twice(broker: Broker) -> None:
    """Have IB's lists read as often as it takes to conclude something from what they do not show."""
    for _ in range(3):
        broker.orders.get_list_of_broker_orders()


def test_orders_of_another_login_are_left_alone(
    run_gateway: RunGateway, open_ib: OpenIB, listen: Callable[[Broker], Any]
) -> None:
    paper, live = run_gateway(accounts=("DU1000001",)), run_gateway(accounts=("U2000002",))
    first = open_ib(paper)
    control = first.orders.put_order_on_stack(Order.limit(GOLD, 1, 1900))
    second = open_ib(live)
    heard = listen(second)
    assert second.orders.get_list_of_orders_from_storage() == []
    look_twice(second)
    second.orders.put_order_on_stack(Order.market(GOLD, 1)).wait(30)
    assert {each.order_ref for each in heard.of(BrokerOrder)}.isdisjoint({control.order_ref})
    first.close()
    again = open_ib(paper)
    assert again.native.reconciliation.report.is_clean, again.native.reconciliation.report.summary
    [known] = again.orders.get_list_of_orders_from_storage()
    assert (known.order_ref, known.state) == (control.order_ref, OrderState.WORKING)


def test_fills_of_another_login_are_no_break_of_the_positions(run_gateway: RunGateway, open_ib: OpenIB) -> None:
    paper, live = run_gateway(accounts=("DU1000001",)), run_gateway(accounts=("U2000002",))
    open_ib(live).close()
    paper.advance_bars(5)
    with open_ib(paper) as first:
        first.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
    report = open_ib(live, lock_on_break=True).native.reconciliation.report
    assert report.is_clean, report.summary


def test_what_another_login_left_behind_the_same_port_is_not_compared(
    run_gateway: RunGateway, open_ib: OpenIB, state_folder: Path
) -> None:
    """A Gateway that is logged in to paper today and to live tomorrow keeps its port."""
    paper, live = run_gateway(accounts=("DU1000001",)), run_gateway(accounts=("U2000002",))
    for gateway in (paper, live):
        with open_ib(gateway) as broker:
            broker.orders.put_order_on_stack(Order.market(GOLD, 2)).wait(30)
    saved = {each.stem.rpartition("_")[2]: each for each in state_folder.rglob("ib_positions_*.json")}
    shutil.copy(saved[str(live.port)], saved[str(paper.port)])
    report = open_ib(paper, lock_on_break=True).native.reconciliation.report
    assert report.is_clean, report.summary
