"""One SQLite file: opened, migrated, written in transactions, and closed."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from brokerkit.errors import InvalidArgument, StoreCorrupt, StoreError, StoreTooNew, StoreUnwritable
from brokerkit.store.faults import raise_as_store_error, store_errors
from brokerkit.store.schema import Schema

_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_paused: list[Database] = []
_forking = threading.Lock()


def _before_fork() -> None:
    # SQLite keeps in memory which locks its process holds. A child would believe that copy, and the
    # locks are not its own: so no connection is open, nor any transaction, while a process forks.
    _forking.acquire()
    _paused.extend(_databases)
    for database in _paused:
        database.pause()


def _after_fork_in_parent() -> None:
    while _paused:
        _paused.pop().resume()
    _forking.release()


def _after_fork_in_child() -> None:
    global _forking  # the parent's is held by a thread that the child does not have
    _forking = threading.Lock()
    while _paused:
        _paused.pop().resume_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)


class Database:
    """A SQLite file in WAL mode, with one connection that all threads share, and no child process does.

    Args:
        path: The file; it and its folder are made when they are not there, readable by this user only.
        schema: What the file must hold; an older one is migrated, a newer one refused.
        timeout: Seconds to wait for other processes that are writing.

    Raises:
        StoreLocked: Another process kept it locked for longer than `timeout`.
        StoreCorrupt: It is damaged, no SQLite database, or another program's.
        StoreTooNew: A newer brokerkit wrote it.
        StoreUnwritable: No permission, no space, or no such place.
    """

    def __init__(self, path: Path, schema: Schema, timeout: float = 5.0) -> None:
        self.path = path
        self._schema = schema
        self._timeout = timeout
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._synchronous = ""
        with _forking:
            _databases.add(self)
        with self._lock:
            self._connected()

    def write(self, *, durable: bool = False) -> AbstractContextManager[sqlite3.Connection]:
        """Give the connection inside a transaction that is committed at the end, or undone by any error.

        Inside another one of the same thread it is part of that one.

        Args:
            durable: The commit survives the loss of power, not only the end of the process; so does
                then all that was committed before.
        """
        return _Transaction(self, "FULL" if durable else "NORMAL")

    def sync(self) -> None:
        """Have all that was committed survive the loss of power."""
        with self.write(durable=True) as connection:  # any page will do: its commit syncs all that is in the log
            connection.execute(f"PRAGMA user_version = {self._schema.version}")

    def read(self, query: str, *parameters: Any) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        with self._lock, store_errors(self.path):
            rows: list[sqlite3.Row] = self._connected().execute(query, parameters).fetchall()
            return rows

    def damage(self) -> list[str]:
        """Return what SQLite finds wrong with the whole file, in its words; empty when it is sound."""
        findings = [str(row[0]) for row in self.read("PRAGMA quick_check")]
        return [] if findings == ["ok"] else findings

    def close(self) -> None:
        """Close the file; closing it again does nothing."""
        with self._lock, store_errors(self.path):
            self._closed = True
            self._disconnect()

    def pause(self) -> None:
        """Wait until no thread uses the connection, close it, and let none open it before `resume`."""
        self._lock.acquire()
        self._disconnect()

    def resume(self) -> None:
        """Let threads open a new connection."""
        self._lock.release()

    def resume_in_child(self) -> None:
        """Do so in a forked child, where no other thread runs, and no lock of theirs counts."""
        self._lock = threading.RLock()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> sqlite3.Connection:
        if self._closed:
            raise StoreError("The store is closed.", place=str(self.path), remedy="Open it again.")
        if self._connection is None:
            with store_errors(self.path):
                self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        if not os.access(self.path, os.W_OK):  # it is not there, or one of these says what is wrong with it
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
        connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")  # so that all of it is read of one moment: another process may be migrating
            self._check_owner(connection)
            connection.execute("COMMIT")
            self._enter_wal_mode(connection)
            connection.execute("PRAGMA foreign_keys = ON")
            if _version(connection) < self._schema.version:
                self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._synchronous = ""
        self._status = self.path.stat()
        return connection

    def _check_owner(self, connection: sqlite3.Connection) -> None:
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = _version(connection)
        if application != self._schema.application_id and (application or version or _has_tables(connection)):
            raise StoreCorrupt(
                "The file is a SQLite database of another program.",
                place=str(self.path),
                remedy="Set another place for the store.",
            )
        if version > self._schema.version:
            raise StoreTooNew(
                f"The store has version {version}, and this brokerkit knows versions up to {self._schema.version}.",
                place=str(self.path),
                remedy="Upgrade brokerkit, or set another place for this one's store.",
            )

    def _enter_wal_mode(self, connection: sqlite3.Connection) -> None:
        # SQLite does not wait for other processes here: while one changes the mode, the others are refused at once.
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() >= deadline:
                    raise
                time.sleep(0.005)
            else:
                return

    def _migrate(self, connection: sqlite3.Connection) -> None:
        # Imported here because it costs half a second, and is needed once a version.
        from sqlite_utils import Database as Tables

        connection.execute("BEGIN IMMEDIATE")
        try:
            self._check_owner(connection)  # another process may have been here first
            tables = Tables(connection, execute_plugins=False)
            for migrate in self._schema.migrations[_version(connection) :]:
                migrate(tables)
            connection.execute(f"PRAGMA application_id = {self._schema.application_id}")
            connection.execute(f"PRAGMA user_version = {self._schema.version}")
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _check_durable(self, synchronous: str) -> None:
        if synchronous == "FULL" and self._synchronous != "FULL":
            raise InvalidArgument(
                "What must survive the loss of power was written inside a transaction that need not.",
                place=str(self.path),
                remedy="Write it in a transaction of its own.",
            )

    def _begin(self, connection: sqlite3.Connection, synchronous: str) -> None:
        """Begin a transaction whose commit waits for the disk as far as a mode of SQLite's says."""
        self._check_in_place()
        self._set_synchronous(connection, synchronous)
        connection.execute("BEGIN IMMEDIATE")

    def _check_in_place(self) -> None:
        # SQLite goes on writing into a file that was deleted, and the next process would find none of it.
        try:
            is_in_place = os.path.samestat(self.path.stat(), self._status)
        except FileNotFoundError:
            is_in_place = False
        if not is_in_place:
            raise StoreUnwritable(
                "The store was deleted or replaced while it was open. Nothing was written.",
                place=str(self.path),
                remedy="Put the file back, or open the broker again.",
            )

    def _set_synchronous(self, connection: sqlite3.Connection, mode: str) -> None:
        if self._synchronous != mode:
            connection.execute(f"PRAGMA synchronous = {mode}")
            self._synchronous = mode


class _Transaction(AbstractContextManager[sqlite3.Connection]):
    """The block of one `write`. An order enters a dozen of them, most inside another: so it is no generator."""

    __slots__ = ("_connection", "_database", "_is_part", "_synchronous")

    def __init__(self, database: Database, synchronous: str) -> None:
        self._database = database
        self._synchronous = synchronous

    def __enter__(self) -> sqlite3.Connection:
        database = self._database
        database._lock.acquire()
        self._is_part = True
        try:
            connection = self._connection = database._connected()
            self._is_part = connection.in_transaction
            if self._is_part:
                database._check_durable(self._synchronous)
            else:
                database._begin(connection, self._synchronous)
        except BaseException as error:
            if not self._is_part:
                with suppress(sqlite3.Error):  # Ctrl-C may have come right after it was begun
                    self._connection.execute("ROLLBACK")
            database._lock.release()
            raise_as_store_error(error, database.path)
            raise
        return connection

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._database._connection is not self._connection:
                self._check_written(error)
            elif not self._is_part:
                self._end(commit=error is None)
            if error is not None:
                raise_as_store_error(error, self._database.path)
        finally:
            self._database._lock.release()

    def _check_written(self, error: BaseException | None) -> None:
        """Raise where a signal handler closed the store meanwhile, unless something else ends the block."""
        if error is None or isinstance(error, sqlite3.ProgrammingError):
            raise StoreError(
                "The store was closed while it was written. Nothing was written.",
                place=str(self._database.path),
                remedy="Open it again.",
            ) from error

    def _end(self, *, commit: bool) -> None:
        try:
            if commit:
                self._connection.execute("COMMIT")
        except BaseException as error:
            raise_as_store_error(error, self._database.path)
            raise
        finally:
            if self._connection.in_transaction:
                with store_errors(self._database.path):
                    self._connection.execute("ROLLBACK")


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
