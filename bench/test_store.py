"""What writing to the store costs: `pytest bench/test_store.py`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from brokerkit.spec.broker_order import BrokerIds, Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order
from brokerkit.spec.services import OrderJournal
from brokerkit.store import LocalStore, open_store

GOLD = FuturesContract("GOLD", "202312")
NOW = datetime(2023, 6, 1, tzinfo=timezone.utc)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    with open_store(tmp_path / "brokerkit.db") as opened:
        yield opened


def intend_one(journal: OrderJournal) -> str:
    order = Order.limit(GOLD, 2, "1950.1")
    journal.intend(order, {order.order_ref: BrokerIds("DU1", 100, "1")})
    return order.order_ref


def test_intend(store: LocalStore, benchmark: Any) -> None:
    benchmark.pedantic(intend_one, args=(store.journal,), rounds=500)


def test_update(store: LocalStore, benchmark: Any) -> None:
    ref = intend_one(store.journal)
    numbers = count(1)
    benchmark.pedantic(
        lambda: store.journal.update(ref, OrderState.WORKING, BrokerIds(perm_id=str(next(numbers)))), rounds=500
    )


def test_record_one_fill(store: LocalStore, benchmark: Any) -> None:
    numbers = count(1)
    benchmark.pedantic(
        lambda: store.journal.record_fills([Fill(str(next(numbers)), "r", GOLD, 1, Decimal(1950), NOW)]), rounds=500
    )


def test_record_4000_fills_at_once(store: LocalStore, benchmark: Any) -> None:
    fills = [Fill(str(number), "r", GOLD, 1, Decimal(1950), NOW) for number in range(4000)]
    assert len(benchmark.pedantic(store.journal.record_fills, args=(fills,), rounds=1)) == 4000


def test_lease_and_release_a_client_id(store: LocalStore, benchmark: Any) -> None:
    leases = store.client_ids
    benchmark.pedantic(lambda: leases.release(leases.lease("127.0.0.1:4002")), rounds=500)
