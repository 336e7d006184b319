"""What SQLite and the operating system complain of, said as store errors with file and remedy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brokerkit.errors import StoreCorrupt, StoreError, StoreLocked, StoreUnwritable

_SALVAGE = (
    "Move the file away together with its -wal and -shm, and restore a backup, or start with a new one: "
    "the broker is then asked for open orders and today's fills. `sqlite3 FILE .recover` saves what is readable."
)
_SPACE = "Free some space, or set another place for the store. Nothing was written."
_PERMISSION = "Give this user the right to write the file and its folder, or set another place for the store."
_PATIENCE = (
    "Find the process that keeps it locked (with `fuser FILE`; on Windows, with the Resource Monitor), or wait and try "
    "again. Nothing was written."
)

# Python 3.10 does not tell SQLite's error code, so its fixed wording is what there is to go by.
_FAULTS: tuple[tuple[str, type[StoreError], str, str], ...] = (
    ("is locked", StoreLocked, "The store is locked by another process", _PATIENCE),
    ("malformed", StoreCorrupt, "The store is damaged", _SALVAGE),
    ("not a database", StoreCorrupt, "The file is no SQLite database", _SALVAGE),
    ("no such table", StoreCorrupt, "The store lacks a table", _SALVAGE),
    ("no such column", StoreCorrupt, "The store lacks a column", _SALVAGE),
    ("full", StoreUnwritable, "There is no space left for the store", _SPACE),
    ("readonly", StoreUnwritable, "The store may not be written", _PERMISSION),
    ("unable to open", StoreUnwritable, "The store cannot be opened", _PERMISSION),
    ("disk I/O error", StoreUnwritable, "The disk failed to read or write the store", "Check the disk."),
)


def store_error(error: sqlite3.Error | OSError, file: Path) -> StoreError:
    """Return the store error that says what `error` means for the store at `file`.

    Example:
        >>> print(store_error(sqlite3.OperationalError("database or disk is full"), Path("/s/brokerkit.db")).fact)
        There is no space left for the store: database or disk is full.
    """
    if isinstance(error, OSError):
        return StoreUnwritable(
            f"The store cannot be opened: {error.strerror or error}.", place=str(file), remedy=_PERMISSION
        )
    message = str(error)
    for wording, kind, fact, remedy in _FAULTS:
        if wording in message:
            return kind(f"{fact}: {message}.", place=str(file), remedy=remedy)
    return StoreError(f"The store failed: {message}.", place=str(file), remedy="Run `brokerkit doctor`.")


def raise_as_store_error(error: BaseException, file: Path) -> None:
    """Raise a `StoreError` about `file` where SQLite or the system raised `error`; do nothing for any other error."""
    if not isinstance(error, (sqlite3.DatabaseError, OSError)):
        return
    if isinstance(error, (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.InternalError)):
        return  # a mistake of the code that asked, not a fault of the store
    raise store_error(error, file) from error


@contextmanager
def store_errors(file: Path) -> Iterator[None]:
    """Turn what SQLite or the system raises inside the block into a `StoreError` about `file`."""
    try:
        yield
    except BaseException as error:
        raise_as_store_error(error, file)
        raise
