"""The writer of news: in one transaction, whatever the store can and cannot take."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from brokerkit import Fill, FuturesContract, Order, OrderState
from brokerkit.errors import InvalidArgument
from brokerkit.plugins.ib.journal_writer import JournalWriter
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.services import OrderJournal
from brokerkit.store import LocalStore, open_store

GOLD = FuturesContract("GOLD", "202402")
NOW = datetime(2024, 1, 2, tzinfo=timezone.utc)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    """A store that waits for others a moment only."""
    with open_store(tmp_path / "brokerkit.db", broker="ib", timeout=0.05) as opened:
        yield opened


@pytest.fixture
def writer(store: LocalStore) -> JournalWriter:
    """A writer into it."""
    return JournalWriter(lambda: store.journal)


def working(store: LocalStore) -> TrackedOrder:
    """Return an order whose intent is written, and which works now."""
    order = Order.market(GOLD, 1)
    store.journal.intend(order)
    return TrackedOrder(order, state=OrderState.WORKING)


def fill_of(tracked: TrackedOrder) -> Fill:
    """Return an execution of an order."""
    return Fill(f"{tracked.order.order_ref}.01", tracked.order.order_ref, GOLD, 1, Decimal(2000), NOW)


def test_nothing_is_written_before_the_commit_and_all_of_it_then(store: LocalStore, writer: JournalWriter) -> None:
    tracked = working(store)
    writer.state(tracked)
    recorded = writer.fills([fill_of(tracked)])
    assert store.journal.order(tracked.order.order_ref).state is OrderState.PENDING
    assert writer.commit()
    known = store.journal.order(tracked.order.order_ref)
    assert (known.state, known.filled) == (OrderState.WORKING, (1,))
    assert recorded.is_new(fill_of(tracked))
    again = writer.fills([fill_of(tracked)])
    writer.commit()
    assert not again.is_new(fill_of(tracked))


def test_an_order_s_end_is_told_apart_from_its_fills(store: LocalStore, writer: JournalWriter) -> None:
    tracked = working(store)
    writer.delivered(tracked.view())  # that it works is not how it ended
    writer.fills([fill_of(tracked)])
    tracked.state = OrderState.FILLED
    writer.state(tracked)
    writer.delivered(fill_of(tracked))
    assert writer.commit()
    assert store.journal.untold_fills() == ()
    [ended] = store.journal.untold_orders()
    writer.delivered(ended)
    writer.sync()
    assert store.journal.untold_orders() == ()


def test_what_is_committed_is_synced_once_when_it_is_quiet(
    store: LocalStore, writer: JournalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[None] = []
    monkeypatch.setattr(store.journal, "sync", lambda: synced.append(None))
    writer.sync()
    assert synced == []  # there is nothing
    writer.state(working(store))
    writer.commit()
    assert synced == []
    writer.sync()
    writer.sync()
    assert len(synced) == 1


def test_what_cannot_be_written_now_is_written_later_and_told_as_new(store: LocalStore, writer: JournalWriter) -> None:
    tracked = working(store)
    blocker = sqlite3.connect(store.path, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    recorded = writer.fills([fill_of(tracked)])
    assert not writer.commit()
    assert recorded.is_new(fill_of(tracked))
    blocker.execute("ROLLBACK")
    blocker.close()
    assert writer.commit()
    assert store.journal.order(tracked.order.order_ref).filled == (1,)


def test_an_entry_that_can_never_be_written_takes_no_other_with_it(store: LocalStore, writer: JournalWriter) -> None:
    tracked, stranger = working(store), TrackedOrder(Order.market(GOLD, 1), state=OrderState.WORKING)

    def fail(journal: OrderJournal) -> None:
        raise InvalidArgument("This cannot be kept.")

    writer.state(stranger)  # the journal has no such order
    writer._write(fail)
    writer.fills([fill_of(tracked)])
    assert writer.commit()
    assert store.journal.order(tracked.order.order_ref).filled == (1,)
    assert writer.commit()


def test_what_was_told_is_marked_with_the_next_entry_or_when_it_is_quiet(
    store: LocalStore, writer: JournalWriter
) -> None:
    first, second = working(store), working(store)
    for tracked in (first, second):
        writer.fills([fill_of(tracked)])
    writer.commit()
    writer.delivered(fill_of(first))
    writer.commit()
    assert len(store.journal.untold_fills()) == 2  # nothing else was to be written
    writer.state(first)
    writer.commit()
    assert store.journal.untold_fills() == (fill_of(second),)
    writer.delivered(fill_of(second))
    writer.sync()
    assert store.journal.untold_fills() == ()
