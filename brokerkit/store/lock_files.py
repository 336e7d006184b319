"""A file per living owner, kept locked by SQLite: where there are no POSIX locks, as on Windows.

The system unlocks it when the process ends, however it ends. Nothing of it is for processes that fork:
SQLite keeps in memory which locks its process holds, and a child would believe that.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing, suppress
from pathlib import Path

from brokerkit.store.faults import store_errors

_guard = threading.Lock()
_holders: dict[Path, sqlite3.Connection] = {}


class LockFiles:
    """The locks of owners, by their tokens: each is an empty database with an exclusive transaction.

    Args:
        path: What the names of the files begin with.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def hold(self, token: int) -> None:
        """Lock this process's own file, unless it has it already, and delete those of owners that ended.

        It must be called inside a transaction of the store: no other process may be making its file meanwhile.
        """
        file = self._file(token)
        with _guard, store_errors(self._path):
            if file in _holders:
                return
            for other in file.parent.glob(f"{self._path.name}-*"):
                if other not in _holders and not _is_locked(other):
                    _delete(other)
            holder = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
            try:
                holder.execute("PRAGMA journal_mode = MEMORY")  # no file of its own
                holder.execute("BEGIN EXCLUSIVE")
            except BaseException:
                holder.close()
                raise
            _holders[file] = holder

    def release(self, token: int) -> None:
        """Unlock this process's own file, and delete it: an open file keeps its folder from being deleted."""
        file = self._file(token)
        with _guard, store_errors(self._path):
            holder = _holders.pop(file, None)
            if holder is not None:
                holder.close()
                _delete(file)

    def is_held(self, token: int) -> bool:
        """Return whether another process has its file locked."""
        with _guard, store_errors(self._path):
            return _is_locked(self._file(token))

    def _file(self, token: int) -> Path:
        return self._path.with_name(f"{self._path.name}-{token:x}")


def _is_locked(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", timeout=0, uri=True)) as connection:
            connection.execute("PRAGMA schema_version").fetchall()
    except sqlite3.OperationalError as error:
        if "is locked" in str(error):  # Python 3.10 does not tell SQLite's error code
            return True
        if file.exists():
            raise
    return False


def _delete(file: Path) -> None:
    with suppress(PermissionError):  # Windows deletes no file that is open: another process looks whether it is locked
        file.unlink(missing_ok=True)
