"""One exchange a state file: who has it open holds a lock on a file beside it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from brokerkit.errors import StoreLocked

_PATIENCE = 1.0
"""Seconds to wait for an exchange that is just being closed."""


class FileClaim:
    """A claim on a file, held until it is closed or the process ends, however that comes.

    It is SQLite's lock of a database beside the file, in which there is nothing. The file's own lock would not do:
    a forked child of the process that holds it takes it for its own, and undoes what the parent writes meanwhile.

    Raises:
        StoreLocked: Somebody else has a claim on it, in this process or another.
        sqlite3.DatabaseError: There is no place for the file beside it.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        self._process = os.getpid()
        self._holder = sqlite3.connect(f"{path}-lock", timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            self._holder.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as problem:
            self._holder.close()
            if "is locked" not in str(problem):  # Python 3.10 does not tell SQLite's code
                raise
            raise StoreLocked(
                "The state file is open in another simulation, of this process or another one.",
                place=self._path,
                remedy=f"Close that one first (`fuser {path}` names its process), or give another file. "
                "Nothing was changed.",
            ) from problem

    def check(self) -> None:
        """Do nothing in the process that has the claim.

        Raises:
            StoreLocked: This is a forked child of it.
        """
        if os.getpid() != self._process:
            raise StoreLocked(
                f"The state file belongs to the simulation of process {self._process}, of which this is a child.",
                place=self._path,
                remedy="Open a simulation in the child, on a file of its own.",
            )

    def close(self) -> None:
        """Let others have the file."""
        self._holder.close()
