"""Client ids leased to processes: one process an id, and back when the process is gone."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Collection
from datetime import datetime, timezone
from pathlib import Path

from brokerkit.errors import ClientIdInUse, NoFreeClientId
from brokerkit.spec.services import ClientIdLease, ClientIdLeases, LeaseOwner, LeaseState
from brokerkit.store.database import Database
from brokerkit.store.owner import Claim, OwnerLocks

_LEASES = """
    SELECT client_id_leases.*, owners.host, owners.boot, owners.pid, owners.started
    FROM client_id_leases JOIN owners ON owners.id = client_id_leases.owner
    WHERE ? IN ('', gateway) ORDER BY gateway, client_id
"""


class StoredClientIdLeases(ClientIdLeases):
    """The client ids that processes hold, in a database. `ClientIdLeases` says what each method promises.

    Example:
        >>> from brokerkit.store import open_store
        >>> with open_store(getfixture("tmp_path") / "brokerkit.db") as store:
        ...     one = store.client_ids.lease("localhost:4002")
        ...     other = store.client_ids.lease("127.0.0.1:4002", first=7)
        ...     store.client_ids.release(one)
        ...     [lease.client_id for lease in store.client_ids.leases()]
        True
        [7]
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._locks = OwnerLocks(Path(f"{database.path}-owners"))
        self._mine: set[ClientIdLease] = set()

    def lease(
        self,
        gateway: str,
        ids: range = range(100, 1000),
        first: int | None = None,
        avoid: Collection[int] = (),
    ) -> ClientIdLease:
        """Return a lease on a free id; no other process gets that id until it is released."""
        place = _canonical(gateway)
        candidates = ids if first is None else (first, *ids)
        with self._database.write() as connection:
            held = {lease.client_id for lease in self._sweep(connection, place)}
            free = (number for number in candidates if number not in held and number not in avoid)
            client_id = next(free, None)
            if client_id is None:
                raise _none_free(place, ids, held, avoid)
            lease = self._insert(connection, place, client_id)
        self._mine.add(lease)
        return lease

    def release(self, lease: ClientIdLease) -> bool:
        """Give a lease back, and return whether this call ended it."""
        with self._database.write() as connection:
            was_held = _delete(connection, lease, owner=self._locks.own_token)
            if not _is_owner(connection, self._locks.own_token):
                self._locks.end_claim()
        self._mine.discard(lease)  # only now: what could not be given back is tried once more at the end
        return was_held

    def release_own(self) -> None:
        """Give back every lease that was taken through this object."""
        for lease in tuple(self._mine):
            self.release(lease)

    def evict(self, lease: ClientIdLease, force: bool = False) -> bool:
        """End a lease whoever holds it, and return whether this call ended it."""
        with self._database.write() as connection:
            current = {found.number: found for found in self._read(connection, lease.gateway)}
            found = current.get(lease.number)
            if found is not None and found.state is LeaseState.HELD and not force:
                raise ClientIdInUse(
                    f"Client id {lease.client_id} at {lease.gateway} is held by {lease.owner}.",
                    place=str(self._database.path),
                    remedy="Stop that process, which ends its lease, or use force.",
                )
            return _delete(connection, lease)

    def leases(self, gateway: str = "") -> tuple[ClientIdLease, ...]:
        """Return the leases at a gateway, or at all of them, by gateway and id, each with its owner's state."""
        rows = self._database.read(_LEASES, _canonical(gateway))
        return tuple(self._lease_of(row) for row in rows)

    def _sweep(self, connection: sqlite3.Connection, gateway: str) -> list[ClientIdLease]:
        """End the leases of dead owners at a gateway, and return those that remain."""
        leases = self._read(connection, gateway)
        for lease in leases:
            if lease.state is LeaseState.ORPHANED:
                _delete(connection, lease)
        return [lease for lease in leases if lease.state is not LeaseState.ORPHANED]

    def _insert(self, connection: sqlite3.Connection, gateway: str, client_id: int) -> ClientIdLease:
        claim = self._locks.claim()  # before the row can be seen: whoever reads it finds the owner alive
        lease = ClientIdLease(gateway, client_id, secrets.randbits(62), claim.owner, datetime.now(timezone.utc))
        connection.execute(
            "INSERT OR IGNORE INTO owners (id, host, boot, pid, started) VALUES (?, ?, ?, ?, ?)",
            (claim.token, claim.owner.host, claim.boot, claim.owner.pid, claim.owner.started.isoformat()),
        )
        connection.execute(
            "INSERT INTO client_id_leases (number, gateway, client_id, owner, leased) VALUES (?, ?, ?, ?, ?)",
            (lease.number, gateway, client_id, claim.token, lease.leased.isoformat()),
        )
        return lease

    def _read(self, connection: sqlite3.Connection, gateway: str) -> list[ClientIdLease]:
        return [self._lease_of(row) for row in connection.execute(_LEASES, (gateway,)).fetchall()]

    def _lease_of(self, row: sqlite3.Row) -> ClientIdLease:
        owner = LeaseOwner(row["host"], row["pid"], datetime.fromisoformat(row["started"]))
        return ClientIdLease(
            gateway=row["gateway"],
            client_id=row["client_id"],
            number=row["number"],
            owner=owner,
            leased=datetime.fromisoformat(row["leased"]),
            state=self._locks.state_of(Claim(row["owner"], row["boot"], owner)),
        )


def _delete(connection: sqlite3.Connection, lease: ClientIdLease, owner: int | None = None) -> bool:
    """Delete a lease, and its owner when that holds no other."""
    whose = "" if owner is None else " AND owner = :owner"
    given = {"number": lease.number, "owner": owner}
    ended = connection.execute(f"DELETE FROM client_id_leases WHERE number = :number{whose}", given).rowcount > 0
    connection.execute("DELETE FROM owners WHERE id NOT IN (SELECT owner FROM client_id_leases)")
    return ended


def _is_owner(connection: sqlite3.Connection, token: int) -> bool:
    return connection.execute("SELECT 1 FROM owners WHERE id = ?", (token,)).fetchone() is not None


def _canonical(gateway: str) -> str:
    host, separator, port = gateway.strip().lower().rpartition(":")
    return f"127.0.0.1:{port}" if separator and host in {"localhost", "::1", "[::1]"} else gateway.strip().lower()


def _none_free(gateway: str, ids: range, held: set[int], avoid: Collection[int]) -> NoFreeClientId:
    avoided = f", and {len(avoid)} were to be avoided" if avoid else ""
    return NoFreeClientId(
        f"No client id is free at {gateway}: of {len(ids)} ({ids}), {len(held)} are held by other leases{avoided}.",
        remedy="Close a session, widen the range, or see `brokerkit client-ids` for who holds them.",
    )
