"""What the journal looks up it finds through an index, however many orders of years it holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from brokerkit.spec.broker_order import BrokerIds, Fill, OrderState
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order
from brokerkit.spec.services import OrderJournal
from brokerkit.store import LocalStore, open_store
from brokerkit.store.database import Database
from brokerkit.store.journal import StoredOrderJournal
from brokerkit.store.schema import STORE, Schema

MakeFill = Callable[..., Fill]
NOW = datetime(2023, 6, 2, tzinfo=timezone.utc)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that SQLite runs, with its values in place."""
    ran: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments: Any, **settings: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **settings)
        connection.set_trace_callback(ran.append)
        return connection

    monkeypatch.setattr(sqlite3, "connect", traced)
    yield ran
    monkeypatch.undo()


def plan_of(path: Path, statement: str) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]


def reads_all(step: str) -> bool:
    """Return whether a step of a plan passes over a whole table, or all that it holds of a broker."""
    is_of_few = any(index in step for index in ("open_orders", "untold_orders", "untold_fills"))
    return step.startswith("SCAN") or (step.endswith("(broker=?)") and not is_of_few)


def trade(journal: OrderJournal, order: Order, fill_of: MakeFill) -> None:
    """Take an order through all that may be written of it."""
    journal.intend(order, {order.order_ref: BrokerIds("DU1", 100, "1")})
    journal.update(order.order_ref, OrderState.WORKING, BrokerIds("DU1", 100, "1", "7001"))
    journal.sent(order.order_ref)
    journal.record_fills([fill_of(order, "1.01"), fill_of(order, "1.02", corrects="1.01")])
    journal.record_commission("1.02", Money("USD", "2.10"))
    journal.mark_told(["1.02"], [order.order_ref])
    journal.amend(order)


def look_up(journal: OrderJournal, order: Order) -> None:
    """Ask for all that may be asked."""
    journal.order(order.order_ref)
    journal.order_with_perm_id("7001")
    journal.history(order.order_ref)
    for read in (journal.orders, journal.fills):
        read(NOW)
    for listing in (journal.open_orders, journal.unresolved_orders, journal.untold_orders, journal.untold_fills):
        listing()


def test_no_lookup_reads_a_whole_table(
    statements: list[str], store_path: Path, order: Order, fill_of: MakeFill
) -> None:
    with open_store(store_path) as store:
        statements.clear()
        trade(store.journal, order, fill_of)
        look_up(store.journal, order)
        asked = [each for each in statements if each.split()[0] in {"SELECT", "UPDATE", "DELETE"}]
        plans = {each: plan_of(store.path, each) for each in asked}
    assert len(plans) > 15
    assert [each for each, plan in plans.items() if any(map(reads_all, plan))] == []


@pytest.mark.parametrize("state", OrderState)
def test_an_order_is_open_until_its_state_is_final(store: LocalStore, order: Order, state: OrderState) -> None:
    store.journal.intend(order)
    store.journal.update(order.order_ref, state)
    assert [each.state for each in store.journal.open_orders()] == ([] if state.is_final else [state])


def test_what_an_older_brokerkit_wrote_is_kept(store_path: Path, order: Order, fill_of: MakeFill) -> None:
    store_path.parent.mkdir()
    old = Database(store_path, Schema(STORE.application_id, STORE.migrations[:2]))
    trade(StoredOrderJournal(old, "default"), order, fill_of)
    old.close()
    with open_store(store_path) as store:
        assert [each.order_ref for each in store.journal.open_orders()] == [order.order_ref]
        assert store.journal.order_with_perm_id("7001").order == order
        assert [each.execution_id for each in store.journal.fills()] == ["1.02"]
