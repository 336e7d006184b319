"""The client id of a connection: fixed by the user, or leased from the store."""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs

from brokerkit.errors import ClientIdInUse
from brokerkit.plugins.ib.settings import IBSettings
from brokerkit.spec.services import ClientIdLease, Store

_HELD_FOR = 3600.0


@attrs.frozen
class Identity:
    """The identity with which a session connects.

    Attributes:
        client_id: The client id, which no other session has.
        highest_order_id: The highest order id that the client ever used, even if a restarted Gateway counts from lower.
    """

    client_id: int
    highest_order_id: int


class ClientIdHolder:
    """Holds one client id at a time, and replaces a leased one that the Gateway refuses.

    A fixed id is leased too, so that two processes with the same store never use it at once.
    """

    def __init__(self, settings: IBSettings, store: Callable[[], Store]) -> None:
        self._settings = settings
        self._store = store
        self._lease: ClientIdLease | None = None
        self._refused: dict[int, float] = {}

    @property
    def is_fixed(self) -> bool:
        """Whether the client id is configured."""
        return self._settings.client_id is not None

    def is_held_elsewhere(self, client_id: int) -> bool:
        """Return whether the Gateway refused an id within the hour: orders of the session holding it may still arrive.

        No connection delays what was sent on it for longer.
        """
        refused = self._refused.get(client_id)
        return refused is not None and time.monotonic() - refused < _HELD_FOR

    def take(self) -> Identity:
        """Return the identity to connect with, leasing a client id if none is held.

        Raises:
            NoFreeClientId: Every id is held or was refused.
            StoreError: The store cannot be used.
        """
        if self._lease is None:
            fixed = self._settings.client_id
            ids = self._settings.leasable_ids if fixed is None else range(fixed, fixed + 1)
            self._lease = self._store().client_ids.lease(self._settings.gateway, ids, avoid=self._refused)
        client_id = self._lease.client_id
        return Identity(client_id, self._store().journal.highest_order_id(client_id))

    def refused(self, error: ClientIdInUse) -> None:
        """Give up an id that another session holds at the Gateway; the next `take` returns a different one.

        Raises:
            ClientIdInUse: The id is fixed, so there is no other.
        """
        if self.is_fixed:
            raise error
        lease, self._lease = self._lease, None
        if lease is not None:
            self._refused[lease.client_id] = time.monotonic()
            self._store().client_ids.release(lease)
