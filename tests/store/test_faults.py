"""A store that is locked, damaged, too new, somebody else's, or on a disk that refuses: said, and nothing changed."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from brokerkit.errors import StoreCorrupt, StoreError, StoreLocked, StoreTooNew, StoreUnwritable
from brokerkit.spec.order import Order
from brokerkit.store import LocalStore, open_store

SCRIPTS = Path(__file__).parent / "scripts"


def raw(path: Path) -> closing[sqlite3.Connection]:
    return closing(sqlite3.connect(path, isolation_level=None))


def test_a_locked_store_says_so_in_time_and_goes_on_when_it_is_free(store_path: Path, order: Order) -> None:
    with open_store(store_path, timeout=0.05) as store, raw(store_path) as other:
        other.execute("BEGIN IMMEDIATE")
        for write in (lambda: store.journal.intend(order), lambda: store.client_ids.lease("a:1")):
            with pytest.raises(StoreLocked, match="Nothing was written") as caught:
                write()
            assert (caught.value.place, caught.value.temporary) == (str(store_path), True)
        assert store.journal.orders() == ()
        assert store.client_ids.leases() == ()
        other.execute("ROLLBACK")
        store.journal.intend(order)
        assert len(store.journal.orders()) == 1


def test_a_store_locked_for_ever_is_not_waited_for_for_ever(store_path: Path) -> None:
    open_store(store_path).close()
    with raw(store_path) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreLocked):
            open_store(store_path, timeout=0.05)


def test_a_change_to_wal_mode_is_waited_for_as_long_as_was_said(store_path: Path) -> None:
    """SQLite itself refuses that change at once while anybody reads."""
    open_store(store_path).close()
    with raw(store_path) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN")
        other.execute("SELECT * FROM orders").fetchall()
        start = time.monotonic()
        with pytest.raises(StoreLocked):
            open_store(store_path, timeout=0.3)
        assert time.monotonic() - start >= 0.3
        other.execute("COMMIT")
    open_store(store_path).close()


def test_a_file_of_something_else_is_refused_and_left_alone(store_path: Path) -> None:
    store_path.parent.mkdir()
    store_path.write_text("prices = 17\n" * 100)
    with pytest.raises(StoreCorrupt, match="no SQLite database") as caught:
        open_store(store_path)
    assert caught.value.place == str(store_path)
    assert store_path.read_text() == "prices = 17\n" * 100


def test_another_programs_database_is_refused_and_left_alone(store_path: Path) -> None:
    store_path.parent.mkdir()
    with raw(store_path) as other:
        other.execute("CREATE TABLE songs (title)")
    before = store_path.read_bytes()
    with pytest.raises(StoreCorrupt, match="another program"):
        open_store(store_path)
    assert store_path.read_bytes() == before


def test_a_damaged_store_is_told_by_whatever_reads_the_damage(store: LocalStore, order: Order) -> None:
    store.journal.intend(order)
    assert store.damage() == []
    store.close()
    content = bytearray(store.path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    store.path.write_bytes(content)
    with (
        open_store(store.path, broker="paper") as damaged,
        pytest.raises(StoreCorrupt, match=r"damaged.*brokerkit\.db"),
    ):
        damaged.journal.orders()


def test_a_value_that_was_changed_by_hand_is_not_guessed_at(store: LocalStore, order: Order) -> None:
    store.journal.intend(order)
    with raw(store.path) as editor:
        editor.execute("""UPDATE orders SET instruction = '{"$":"Order","price":1}'""")
    with pytest.raises(StoreCorrupt, match="cannot be read"):
        store.journal.orders()


def test_a_missing_table_is_damage(store: LocalStore) -> None:
    with raw(store.path) as editor:
        editor.execute("DROP TABLE fills")
    with pytest.raises(StoreCorrupt, match="fills"):
        store.journal.fills()


def test_a_newer_store_is_refused_and_left_alone(store_path: Path) -> None:
    open_store(store_path).close()
    with raw(store_path) as newer:
        newer.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreTooNew, match=r"version 99.*Upgrade brokerkit"):
        open_store(store_path)
    with raw(store_path) as newer:
        assert newer.execute("PRAGMA user_version").fetchone() == (99,)


def test_a_place_under_a_file_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnwritable, match=r"file/state/brokerkit\.db"):
        open_store(tmp_path / "file" / "state" / "brokerkit.db")


def test_a_store_that_was_deleted_or_replaced_is_not_written_on(
    store: LocalStore, order: Order, tmp_path: Path
) -> None:
    """What is written into a file that has no name any more is lost with the process."""
    aside = tmp_path / "aside.db"
    store.path.rename(aside)
    with pytest.raises(StoreUnwritable, match="deleted or replaced"):
        store.journal.intend(order)
    store.path.touch()
    with pytest.raises(StoreUnwritable, match="deleted or replaced"):
        store.client_ids.lease("a:1")
    aside.replace(store.path)
    store.journal.intend(order)
    assert len(store.journal.orders()) == 1


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnwritable):
        open_store(tmp_path)


@pytest.fixture
def reachable_folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="brokerkit-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_a_folder_without_permission_is_said_with_the_remedy(
    reachable_folder: Path, start_script: Callable[..., subprocess.Popen[str]]
) -> None:
    locked = reachable_folder / "locked"
    locked.mkdir(mode=0o555)
    said, _ = start_script("unprivileged.py", locked / "brokerkit.db").communicate()
    assert "The store cannot be opened: Permission denied." in said
    assert "Give this user the right to write the file and its folder" in said
    assert said.strip().endswith("[BK704]")


def test_a_file_that_may_only_be_read_is_said(
    reachable_folder: Path, start_script: Callable[..., subprocess.Popen[str]]
) -> None:
    reachable_folder.chmod(0o777)
    path = reachable_folder / "brokerkit.db"
    open_store(path).close()
    path.chmod(0o444)
    said, _ = start_script("unprivileged.py", path).communicate()
    assert "[BK704]" in said


def test_a_full_disk_refuses_the_order_keeps_the_others_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f"mount -t tmpfs -o size=400k tmpfs {disk} && exec {sys.executable} {SCRIPTS / 'fill_disk.py'} {disk}"
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-Urm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk of their own")
    done = subprocess.run([unshare, "-Urm", "sh", "-c", script], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert "no space left" in told["refusal"]
    assert told["refusal"].endswith("[BK704]")
    assert told["kept"]
    assert told["before"] > 0 < told["after"]


def test_every_error_of_the_store_is_a_store_error(store: LocalStore) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.journal.orders()
