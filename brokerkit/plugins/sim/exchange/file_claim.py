"""One exchange per state file: whoever has it open holds a lock on a file beside it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from brokerkit.errors import StoreLocked

_PATIENCE = 1.0
"""Seconds to wait for an exchange that is being closed."""


class FileClaim:
    """An exclusive claim on a file, held until it is closed or the process ends, however it ends.

    It is SQLite's lock on an empty database beside the file. A lock on the file itself would not do: a forked
    child inherits it as its own, and would undo what the parent writes in the meantime.

    Raises:
        StoreLocked: Another exchange has claimed the file, in this process or another.
        sqlite3.DatabaseError: The file beside it cannot be created.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        self._process = os.getpid()
        self._holder = sqlite3.connect(f"{path}-lock", timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            self._holder.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as problem:
            self._holder.close()
            if "is locked" not in str(problem):  # Python 3.10 does not expose SQLite's error code
                raise
            raise StoreLocked(
                "The state file is open in another simulation, in this process or another one.",
                place=self._path,
                remedy=f"Close that one first (`fuser {path}` names its process, on Windows the Resource Monitor), or "
                "give another file. Nothing was changed.",
            ) from problem

    def check(self) -> None:
        """Return if this is the process that has the claim.

        Raises:
            StoreLocked: This is a forked child of it.
        """
        if os.getpid() != self._process:
            raise StoreLocked(
                f"The state file belongs to process {self._process}, of which this is a forked child.",
                place=self._path,
                remedy="Open a simulation in the child, with its own state file.",
            )

    def close(self) -> None:
        """Release the file."""
        self._holder.close()
