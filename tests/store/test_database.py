"""The file itself: made, migrated, shared, and cheap to open."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import platformdirs
import pytest
from sqlite_utils import Database as Tables

from brokerkit.errors import DuplicateOrder, StoreCorrupt, StoreError
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order
from brokerkit.store import LocalStore, default_path, open_store
from brokerkit.store.database import Database
from brokerkit.store.schema import STORE, Schema

GOLD = FuturesContract("GOLD", "202312")


def first(tables: Tables) -> None:
    tables.table("notes").create({"id": int, "text": str}, pk="id")


def second(tables: Tables) -> None:
    tables.table("notes").add_column("author", str, not_null_default="nobody")


def broken(tables: Tables) -> None:
    tables.table("half_made").create({"id": int})
    tables.execute("SELECT * FROM no_such_table")


ONE, TWO, BROKEN = (Schema(7, steps) for steps in ((first,), (first, second), (first, second, broken)))


def test_the_store_lies_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_path() == platformdirs.user_state_path("brokerkit") / "brokerkit.db"
    with open_store() as store:
        assert store.path == default_path()
        assert store.path.exists()


def test_nobody_else_may_read_the_store(store: LocalStore) -> None:
    store.client_ids.lease("a:1")
    for file in store.path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_the_file_is_in_wal_mode_and_says_whose_it_is(store: LocalStore) -> None:
    with closing(sqlite3.connect(store.path)) as reader:
        pragmas = [reader.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "user_version")]
        assert pragmas == ["wal", STORE.version]
        assert reader.execute("PRAGMA application_id").fetchone()[0].to_bytes(4, "big") == b"BKIT"


def test_a_migration_keeps_what_is_there(tmp_path: Path) -> None:
    old = Database(tmp_path / "notes.db", ONE)
    with old.write() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('kept')")
    old.close()
    new = Database(tmp_path / "notes.db", TWO)
    assert [tuple(row) for row in new.read("SELECT text, author FROM notes")] == [("kept", "nobody")]
    new.close()


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    Database(path, ONE).close()
    with pytest.raises(StoreCorrupt, match="no_such_table"):
        Database(path, BROKEN)
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("PRAGMA user_version").fetchone() == (1,)
        assert reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("notes",)]
        assert [row[1] for row in reader.execute("PRAGMA table_info(notes)")] == ["id", "text"]
    Database(path, TWO).close()


def test_many_may_make_the_store_at_once(store_path: Path) -> None:
    together = Barrier(8)

    def make(_: int) -> int:
        together.wait()
        with open_store(store_path) as store:
            return store.client_ids.lease("a:1").client_id

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(make, range(8))) <= set(range(100, 108))


def test_an_error_inside_a_transaction_undoes_it(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", ONE)

    def write(text: str, error: type[BaseException] | None = None) -> None:
        with database.write() as connection:
            connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))
            if error:
                raise error

    with pytest.raises(KeyboardInterrupt):
        write("half", KeyboardInterrupt)
    write("whole")
    assert [row["text"] for row in database.read("SELECT text FROM notes")] == ["whole"]
    database.close()


def test_only_a_durable_commit_waits_for_the_disk(tmp_path: Path) -> None:
    database = Database(tmp_path / "notes.db", ONE)
    waits = []
    for durable in (True, False, True):
        with database.write(durable=durable) as connection:
            waits.append(connection.execute("PRAGMA synchronous").fetchone()[0])
    assert waits == [2, 1, 2]  # FULL and NORMAL, in SQLite's numbers
    database.close()


def test_children_forked_while_threads_write_write_too(
    store: LocalStore, start_script: Callable[..., subprocess.Popen[str]]
) -> None:
    said, _ = start_script("fork_while_writing.py", store.path).communicate(timeout=60)
    assert said.split() == ["0"] * 5
    orders = store.journal.orders()
    assert sum(order.order.tag == "child" for order in orders) == 5 * 20
    assert any(order.order.tag == "parent" for order in orders)
    assert store.damage() == []


def test_two_processes_of_two_threads_write_one_journal(
    store: LocalStore, start_script: Callable[..., subprocess.Popen[str]]
) -> None:
    writers = [start_script("write_orders.py", store.path, 50) for _ in range(2)]
    counts = [[int(word) for word in writer.communicate()[0].split()] for writer in writers]
    assert [written for written, _, _ in counts] == [100, 100]
    assert sum(won for _, won, _ in counts) == 50
    assert sum(lost for _, _, lost in counts) == 150
    orders = store.journal.orders()
    assert len({order.order_ref for order in orders}) == len(orders) == 250
    assert store.journal.highest_order_id(7) == 49
    assert store.damage() == []


def test_threads_that_send_the_same_order_send_it_once(store: LocalStore, order: Order) -> None:
    def intend(_: int) -> bool:
        try:
            store.journal.intend(order)
        except DuplicateOrder:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(intend, range(40))) == [False] * 39 + [True]


class InterruptedAt(sqlite3.Connection):
    """A connection at whose user Ctrl-C is pressed when a statement is done."""

    statement = ""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        cursor = super().execute(sql, *parameters)
        if sql == self.statement:
            raise KeyboardInterrupt
        return cursor


def test_ctrl_c_right_after_a_transaction_was_begun_leaves_none_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = partial(sqlite3.connect, factory=InterruptedAt)
    monkeypatch.setattr("brokerkit.store.database.sqlite3.connect", connect)
    with closing(Database(tmp_path / "one.db", Schema(7, (first,)))) as database:
        database.read("SELECT 1")
        with monkeypatch.context() as patch:
            patch.setattr(InterruptedAt, "statement", "BEGIN IMMEDIATE")
            with pytest.raises(KeyboardInterrupt):
                database.write(durable=True).__enter__()
        with database.write(durable=True) as connection:
            connection.execute("INSERT INTO notes (text) VALUES ('intent')")
        with closing(sqlite3.connect(tmp_path / "one.db")) as other:
            assert other.execute("SELECT text FROM notes").fetchall() == [("intent",)]


@pytest.mark.parametrize(
    ("end", "raised"),
    [(SystemExit, SystemExit), (KeyboardInterrupt, KeyboardInterrupt), (None, StoreError), (sqlite3.Error, StoreError)],
)
def test_closing_the_store_inside_a_transaction_hides_no_error_and_writes_nothing(
    tmp_path: Path, end: type[BaseException] | None, raised: type[BaseException]
) -> None:
    """A signal handler may come at any moment, close the broker, and end the program."""
    database = Database(tmp_path / "one.db", ONE)

    def write() -> None:
        with database.write() as connection:
            connection.execute("INSERT INTO notes (text) VALUES ('intent')")
            database.close()
            if end is sqlite3.Error:
                connection.execute("INSERT INTO notes (text) VALUES ('more')")
            elif end is not None:
                raise end

    with pytest.raises(raised):
        write()
    with closing(Database(tmp_path / "one.db", ONE)) as again:
        assert again.read("SELECT text FROM notes") == []


def test_opening_a_store_that_is_there_imports_nothing_heavy(store: LocalStore) -> None:
    code = (
        "import sys; from brokerkit.store import open_store; open_store(sys.argv[1]).close(); "
        "print([name for name in ('sqlite_utils', 'pandas', 'numpy', 'click', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, store.path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
