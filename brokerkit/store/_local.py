"""The store that a process opens: client ids and journals in one file."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import platformdirs

from brokerkit.store.client_ids import StoredClientIdLeases
from brokerkit.store.database import Database
from brokerkit.store.journal import StoredOrderJournal
from brokerkit.store.schema import STORE


class LocalStore:
    """An open store, seen from one broker. All threads may use it; a forked child gets a connection of its own.

    Attributes:
        path: The SQLite file. Beside it lie `-wal`, `-shm` and `-owners`, which belong to it.
        broker: The name of the broker whose journal this is.
        client_ids: The client ids that processes hold, at every gateway.
        journal: The orders and fills of this broker.
    """

    def __init__(self, database: Database, broker: str) -> None:
        self._database = database
        self.path: Path = database.path
        self.broker = broker
        self.client_ids: StoredClientIdLeases = StoredClientIdLeases(database)
        self.journal: StoredOrderJournal = StoredOrderJournal(database, broker)

    def damage(self) -> list[str]:
        """Return what SQLite finds wrong with the file, in its words; empty when it is sound. It reads all of it."""
        return self._database.damage()

    def close(self) -> None:
        """Give back the client ids that were leased through this object, and close the file."""
        try:
            self.client_ids.release_own()
        finally:
            self._database.close()

    def __enter__(self) -> LocalStore:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()


def default_path() -> Path:
    """Return where the store is when nothing else is said: `brokerkit.db` in the user's state folder."""
    return platformdirs.user_state_path("brokerkit") / "brokerkit.db"


def open_store(path: Path | str | None = None, broker: str = "default", timeout: float = 5.0) -> LocalStore:
    """Return the store in a file, which is made or migrated when it has to be.

    Processes that share a gateway must share a file: in it they see each other's client ids. The file
    must be on a disk of this machine: SQLite's WAL mode does not work on network file systems.

    Args:
        path: The file; None for the default one in the user's state folder.
        broker: Whose journal to read and write, by the name it was opened by.
        timeout: Seconds to wait while other processes write.

    Raises:
        StoreLocked: Another process kept it locked for longer than `timeout`.
        StoreCorrupt: It is damaged, no SQLite database, or another program's.
        StoreTooNew: A newer brokerkit wrote it.
        StoreUnwritable: No permission, no space, or no such place.

    Example:
        >>> with open_store(getfixture("tmp_path") / "brokerkit.db", broker="paper") as store:
        ...     store.client_ids.lease("127.0.0.1:4002").client_id
        100
    """
    file = default_path() if path is None else Path(path).expanduser()
    return LocalStore(Database(file.absolute(), STORE, timeout), broker)
