"""What brokerkit does for a plugin: the durable store, seen as the plugin sees it."""

from __future__ import annotations

from typing import Protocol


class ClientIdLeases(Protocol):
    """Client ids, each held by one living process at a time."""


class OrderJournal(Protocol):
    """Orders and fills on disk: the intent before the send, the outcome after."""


class Store(Protocol):
    """The SQLite store of this user or of this broker."""

    @property
    def client_ids(self) -> ClientIdLeases:
        """The client ids that processes hold."""
        ...

    @property
    def journal(self) -> OrderJournal:
        """The orders that were meant, sent, and done."""
        ...
