"""The store: what writing an order, a fill and a client id's lease to the disk costs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from itertools import count
from pathlib import Path

from bench.figure import Figure, best_seconds
from brokerkit.spec.broker_order import BrokerIds, Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order
from brokerkit.store import LocalStore, open_store

GOLD = FuturesContract("GOLD", "202312")
NOW = datetime(2023, 6, 1, tzinfo=timezone.utc)
FILLS_AT_ONCE = 4_000
NUMBER = 50
"""How often each is written in a round."""


def figures() -> Iterator[Figure]:
    """Measure them in a new store."""
    with (
        tempfile.TemporaryDirectory(prefix="brokerkit-bench-") as folder,
        open_store(Path(folder) / "brokerkit.db") as store,
    ):
        yield from _writes(store)
        yield _many_fills(store)


def _writes(store: LocalStore) -> Iterator[Figure]:
    journal, leases, numbers = store.journal, store.client_ids, count(1)
    working = Order.market(GOLD, 1)
    journal.intend(working)

    def intend() -> None:
        order = Order.limit(GOLD, 2, "1950.1")
        journal.intend(order, {order.order_ref: BrokerIds("DU1", 100, "1")})

    def update() -> None:
        journal.update(working.order_ref, OrderState.WORKING, BrokerIds(perm_id=str(next(numbers))))

    def record_fill() -> None:
        journal.record_fills([_fill(next(numbers))])

    def lease_and_release() -> None:
        leases.release(leases.lease("127.0.0.1:4002"))

    calls = {
        "an order's intent, which waits for the disk": intend,
        "a state that the broker reports": update,
        "a fill": record_fill,
        "a client id, leased and released": lease_and_release,
    }
    for what, seconds in zip(calls, best_seconds(list(calls.values()), NUMBER), strict=True):
        yield Figure(what, f"{seconds * 1e3:.2f} ms")


def _many_fills(store: LocalStore) -> Figure:
    batches = ([_fill(-number) for number in range(first, first + FILLS_AT_ONCE)] for first in count(1, FILLS_AT_ONCE))
    (seconds,) = best_seconds([lambda: store.journal.record_fills(next(batches))], number=1, rounds=5)
    return Figure(f"{FILLS_AT_ONCE:,} fills at once", f"{seconds * 1e3:,.0f} ms")


def _fill(number: int) -> Fill:
    return Fill(str(number), "r", GOLD, 1, Decimal(1950), NOW)
