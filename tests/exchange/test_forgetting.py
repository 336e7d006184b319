"""What an exchange lets go of is gone, and changes nothing of what stays."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from brokerkit.errors import MissingOrder
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, LiveOrder, Models, PerLot, VolumeShare, fault
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, TimeInForce
from brokerkit.spec.positions import Position

Market = Callable[..., Exchange]
GTC = TimeInForce.GTC


def test_what_ended_is_gone_and_what_works_is_not(market: Market, gold: FuturesContract, quiet_rows: list[Any]) -> None:
    exchange = market(quiet_rows)
    done, works = Order.market(gold, 1), Order.limit(gold, 1, 50, time_in_force=GTC)
    bracket = Order.market(gold, 1, time_in_force=GTC).with_bracket(take_profit=200, stop_loss=10)
    for order in (done, works, bracket):
        exchange.submit(order)
    exchange.advance(3)
    exchange.cancel(bracket.children[0].order_ref)  # it has ended, and stays for what it is tied to
    exchange.advance()
    late = exchange.submit(Order.market(gold, -1))
    exchange.advance()
    before, held = exchange.cash(), exchange.positions()
    assert exchange.forget(late.current().submitted) == 1
    with pytest.raises(MissingOrder):
        exchange.order(done.order_ref)
    stays = {works.order_ref, bracket.order_ref, *(child.order_ref for child in bracket.children), late.order_ref}
    assert {live.order_ref for live in exchange.orders()} == stays
    assert [line.split()[1] for line in exchange.log()] == ["#6", "#6"]
    assert (exchange.cash(), exchange.positions()) == (before, held)
    assert [fill.order_ref for fill in exchange.fills()] == [bracket.order_ref, late.order_ref]
    exchange.cancel(works.order_ref)
    assert exchange.order(works.order_ref).current().state is OrderState.CANCELLED


@pytest.mark.parametrize("seed", range(8))
def test_forgetting_changes_nothing_of_what_is_told_held_or_owned(
    market: Market, gold: FuturesContract, seed: int
) -> None:
    told = []
    for forgets in (False, True):
        draw, heard = Random(seed), []
        rows = [(p, p + 1.0, p - 1.0, p, 5) for p in (100.0 + draw.randint(-5, 5) / 10 for _ in range(60))]
        faults = (
            [fault("execution-correction", rate=0.1, ticks=1), fault("duplicate-fill", rate=0.1)] if seed % 2 else []
        )
        exchange = market(rows, models=Models(commission=PerLot(2), volume=VolumeShare(1)), faults=faults)
        for kind in (Fill, BrokerOrder, Position):
            exchange.listen(kind, lambda event, heard=heard: heard.append(_without_reference(event)))
        for _ in range(60):
            for _ in range(draw.randint(0, 3)):
                side = draw.choice([1, -1]) * draw.randint(1, 3)
                limit = round(100 + draw.randint(-15, 15) / 10, 1)
                exchange.submit(draw.choice([Order.market(gold, side), Order.limit(gold, side, limit)]))
            exchange.advance()
            back = timedelta(minutes=draw.randint(0, 20))
            if forgets:
                exchange.forget(exchange.now - back)
        told.append((heard, exchange.cash(), exchange.positions(), exchange.statement()))
    assert told[0] == told[1]


def _without_reference(event: object) -> str:
    if isinstance(event, Fill):
        return f"{event.execution_id} {event.quantity} {event.price} {event.corrects}"
    if isinstance(event, BrokerOrder):
        return f"{event.ids.perm_id} {event.state} {event.filled} {len(event.fills)}"
    return repr(event)


def test_what_nobody_was_told_yet_is_kept(market: Market, gold: FuturesContract, quiet_rows: list[Any]) -> None:
    exchange, heard = market(quiet_rows), []
    failing = [True]

    def listener(fill: Fill) -> None:
        if failing:
            failing.clear()
            raise RuntimeError("this listener fails once")
        heard.append(fill.order_ref)

    exchange.listen(Fill, listener)
    exchange.submit(Order.market(gold, 1, order_ref="first"))
    second = exchange.submit(Order.market(gold, 1, order_ref="second"))
    with pytest.raises(RuntimeError, match="fails once"):
        exchange.advance()
    assert exchange.forget(exchange.now + timedelta(days=1)) == 0  # the second fill is still to be told
    exchange.advance()
    assert heard == ["second"]
    assert second.current().state is OrderState.FILLED


def test_an_order_that_was_forgotten_can_still_be_corrected(
    market: Market, gold: FuturesContract, quiet_rows: list[Any]
) -> None:
    late = fault("execution-correction", at=1, ticks=2, delay=150)
    exchange, heard = market(quiet_rows, faults=[late]), []
    exchange.listen(Fill, lambda fill: heard.append((fill.execution_id, str(fill.price), fill.corrects)))
    exchange.submit(Order.market(gold, 1))
    exchange.advance(2)
    assert exchange.forget(exchange.now) == 1
    exchange.advance(2)
    assert heard == [("E1", "100", ""), ("E2", "100.2", "E1")]


def test_a_state_file_keeps_what_is_forgotten(
    market: Market, gold: FuturesContract, quiet_rows: list[Any], tmp_path: Path
) -> None:
    first = market(quiet_rows, state=tmp_path / "state")
    done, later = Order.market(gold, 1), Order.market(gold, 2)
    first.submit(done)
    first.advance(2)
    assert first.forget(first.now) == 1
    first.submit(later)
    first.advance()
    first.close()
    again = market(quiet_rows, state=tmp_path / "state")
    assert [again.order(order.order_ref).current().filled for order in (done, later)] == [(1,), (2,)]
    assert [position.quantity for position in again.positions()] == [3]


def test_what_was_let_go_of_does_not_come_back_when_a_contract_is_listed(
    market: Market, gold: FuturesContract, quiet_rows: list[Any], tmp_path: Path
) -> None:
    exchange = market(quiet_rows, state=tmp_path / "state")
    exchange.submit(Order.market(gold, 1))
    exchange.run()
    assert exchange.forget(exchange.now) == 1
    exchange.list_contract(ContractTerms(FuturesContract("GOLD", "202402"), "0.1"))
    assert exchange.orders() == []


def test_orders_that_ended_in_groups_are_let_go_of_whole(
    market: Market, gold: FuturesContract, quiet_rows: list[Any]
) -> None:
    exchange = market(quiet_rows)
    for pair in range(3):
        for limit in (50, 51):
            exchange.submit(Order.limit(gold, 1, limit, oco_group=f"group {pair}", tag="of a group"))
        exchange.cancel_all()
    exchange.advance()
    assert exchange.forget(exchange.now) == 6
    gc.collect()
    assert not [one for one in gc.get_objects() if isinstance(one, LiveOrder) and one.order.tag == "of a group"]


def test_a_faulty_line_keeps_nothing_of_what_was_let_go_of(market: Market, gold: FuturesContract) -> None:
    lost = fault("lost-statuses", rate=0.5)
    exchange, heard = market([(100.0, 101.0, 99.0, 100.5, 10)] * 2100, faults=[lost]), [0]
    exchange.listen(Fill, lambda fill: heard.append(heard.pop() + 1), once_each=True)

    def trade(orders: int) -> None:
        for _ in range(orders):
            exchange.submit(Order.market(gold, 1))
            exchange.advance()
            exchange.forget(exchange.now)

    tracemalloc.start()
    trade(1100)  # fills the caches
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    trade(1000)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert heard == [2100]
    assert after - before < 20_000  # twenty bytes an order: nothing of each is kept
