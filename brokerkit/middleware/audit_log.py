"""Where audit records are kept: a file of JSON lines, or a table in SQLite."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any, Protocol

from brokerkit.errors import StoreError, StoreUnwritable

_REMEDY = "Give this user the right to write there, free some space, or set another place."
_COLUMNS = {
    "time": str,
    "broker": str,
    "account_kind": str,
    "record": str,
    "hook": str,
    "call": str,
    "thread": str,
    "arguments": str,
    "outcome": str,
    "seconds": float,
}


class AuditLog(Protocol):
    """Keeps audit records. Safe from any thread; several processes may write to one."""

    def write(self, record: dict[str, Any]) -> None:
        """Keep a record; when this returns, the death of this process does not lose it.

        Raises:
            StoreError: It could not be kept.
        """
        ...

    def close(self) -> None:
        """Keep nothing more."""
        ...


class FileLog:
    """A file with one JSON object a line, only ever appended to."""

    def __init__(self, path: Path) -> None:
        self._path = path = path.absolute()  # the program may go to another folder
        self._writing = threading.RLock()
        self._is_open = True
        self._is_torn = False  # whether the last line is the beginning of a record
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = self._opened()
        except OSError as error:
            raise StoreUnwritable(
                f"The audit file cannot be opened: {error.strerror}.", place=str(path), remedy=_REMEDY
            ) from error

    def write(self, record: dict[str, Any]) -> None:
        """Append a record as one line, in one write; to a new file where the old one was deleted."""
        try:
            with self._writing:
                is_whole = self._append(_utf8(json.dumps(record, ensure_ascii=False) + "\n"))
        except OSError as error:
            raise StoreUnwritable(
                f"The audit file cannot be written: {error.strerror}.", place=str(self._path), remedy=_REMEDY
            ) from error
        if not is_whole:
            raise StoreUnwritable(
                "The audit file took only part of a record.", place=str(self._path), remedy="Free some space."
            )

    def _append(self, line: bytes) -> bool:
        """Return whether there was room for all of it."""
        if not self._is_open:  # by then the number may stand for somebody else's file
            raise StoreUnwritable("The audit file was closed with its broker.", place=str(self._path))
        if not os.fstat(self._descriptor).st_nlink:  # nobody can read it any more
            deleted, self._descriptor = self._descriptor, self._opened()
            os.close(deleted)
            self._is_torn = False
        added = b"\n" + line if self._is_torn else line
        self._is_torn = os.write(self._descriptor, added) < len(added)
        return not self._is_torn

    def _opened(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def close(self) -> None:
        """Close the file, once."""
        with self._writing:
            was_open, self._is_open = self._is_open, False
            if was_open:
                os.close(self._descriptor)


class DatabaseLog:
    """The table `audit` of a SQLite file: one row a record, arguments and outcome as JSON."""

    def __init__(self, path: Path) -> None:
        from sqlite_utils.db import Database, Table  # here, because it takes long to import and few need it

        self._path = path = path.absolute()  # the program may go to another folder
        self._writing = threading.RLock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(path, check_same_thread=False, timeout=5.0, isolation_level=None)
            self._database = Database(connection)
            self._database.enable_wal()
            self._table = Table(self._database, "audit")
            self._table.create({"id": int, **_COLUMNS}, pk="id", if_not_exists=True)
        except (OSError, sqlite3.Error) as error:
            raise StoreUnwritable(
                f"The audit database cannot be opened: {error}.", place=str(path), remedy=_REMEDY
            ) from error

    def write(self, record: dict[str, Any]) -> None:
        """Insert a record as one row."""
        row = {name: _cell(record.get(name)) for name in _COLUMNS}
        try:
            with self._writing:
                if not self._path.exists():  # SQLite goes on writing into a file that nobody can read any more
                    raise StoreUnwritable(
                        "The audit database was deleted.", place=str(self._path), remedy="Open the broker again."
                    )
                self._table.insert(row)
        except sqlite3.Error as error:
            raise StoreError(
                f"The audit database cannot be written: {error}.", place=str(self._path), remedy=_REMEDY
            ) from error

    def close(self) -> None:
        """Close the database."""
        self._database.conn.close()


def _cell(value: Any) -> str | float | None:
    if value is None or isinstance(value, float):
        return value
    return _utf8(value).decode() if isinstance(value, str) else json.dumps(value)


def _utf8(text: str) -> bytes:
    """Return a text as UTF-8; what stands for a byte that was no text, such as of a file's name, as its escape."""
    return text.encode(errors="backslashreplace")
