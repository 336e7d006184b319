"""The store of an opened broker, opened when its plugin first asks for it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from brokerkit.errors import BrokerClosed

if TYPE_CHECKING:
    from brokerkit.store import LocalStore


class LazyStore:
    """Opens the store on the first call, and returns the same one afterwards. Safe from any thread."""

    def __init__(self, broker_name: str, path: Path | None = None) -> None:
        self._broker_name = broker_name
        self._path = path
        self._opening = threading.RLock()
        self._store: LocalStore | None = None
        self._closed = False

    def __call__(self) -> LocalStore:
        """Return the open store.

        Raises:
            StoreError: It cannot be opened.
            BrokerClosed: The broker was closed.
        """
        with self._opening:
            if self._closed:
                raise BrokerClosed(f"The store of broker {self._broker_name!r} was closed with it.")
            if self._store is None:
                from brokerkit.store import open_store  # here, because sqlite-utils takes long to import

                self._store = open_store(self._path, broker=self._broker_name)
            return self._store

    def close(self) -> None:
        """Close the store, if it was opened."""
        with self._opening:
            self._closed = True
            store, self._store = self._store, None
        if store is not None:
            store.close()
