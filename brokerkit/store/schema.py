"""The tables of the store, as the migrations that lead to them. A migration that was released never changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from sqlite_utils import Database as Tables

Migration = Callable[["Tables"], None]


@attrs.frozen
class Schema:
    """What a database file must hold.

    Attributes:
        application_id: The number SQLite keeps in the file's header for the program that owns it.
        migrations: Each leads from one version to the next; the version is how many were applied.
    """

    application_id: int
    migrations: tuple[Migration, ...]

    @property
    def version(self) -> int:
        """The newest version."""
        return len(self.migrations)


def _create_client_ids(tables: Tables) -> None:
    tables.table("owners").create(
        {"id": int, "host": str, "boot": str, "pid": int, "started": str},
        pk="id",
        not_null={"host", "boot", "pid", "started"},
    )
    leases = tables.table("client_id_leases").create(
        {"number": int, "gateway": str, "client_id": int, "owner": int, "leased": str},
        pk="number",
        not_null={"gateway", "client_id", "owner", "leased"},
        foreign_keys=[("owner", "owners", "id")],
    )
    leases.create_index(["gateway", "client_id"], unique=True)


def _create_orders(tables: Tables) -> None:
    columns = {"broker": str, "order_ref": str, "parent_ref": str, "instruction": str, "state": str, "reason": str}
    ids = {"account": str, "client_id": int, "order_id": str, "perm_id": str}
    times = {"intended": str, "submitted": str, "updated": str}
    orders = tables.table("orders").create(
        {"number": int, **columns, **ids, **times},
        pk="number",
        not_null={*columns, "account", "order_id", "perm_id", "intended", "updated"},
    )
    orders.create_index(["broker", "order_ref"], unique=True)
    orders.create_index(["broker", "perm_id"])
    orders.create_index(["broker", "state"])
    orders.create_index(["broker", "intended"])
    steps = tables.table("order_steps").create(
        {"id": int, "broker": str, "order_ref": str, "time": str, "step": str, "detail": str}, pk="id"
    )
    steps.create_index(["broker", "order_ref"])
    tables.table("order_ids").create({"client_id": int, "highest": int}, pk="client_id")


def _create_fills(tables: Tables) -> None:
    columns = {"broker": str, "order_ref": str, "execution": str, "revision": int, "execution_id": str}
    trade = {"contract": str, "quantity": int, "price": str, "time": str, "account": str, "leg": int}
    fills = tables.table("fills").create(
        {
            "number": int,
            **columns,
            **trade,
            "commission_currency": str,
            "commission_amount": str,
            "corrects": str,
            "late": int,
            "replaced": int,
        },
        pk="number",
        not_null={*columns, *trade, "corrects", "late", "replaced"},
    )
    fills.create_index(["broker", "order_ref", "execution", "revision"], unique=True)
    fills.create_index(["broker", "execution_id"])
    fills.create_index(["broker", "corrects"])
    fills.create_index(["broker", "time"])
    tables.table("early_commissions").create(
        {"broker": str, "execution_id": str, "currency": str, "amount": str}, pk=("broker", "execution_id")
    )


def _first_version(tables: Tables) -> None:
    _create_client_ids(tables)
    _create_orders(tables)
    _create_fills(tables)


def _remember_what_was_told(tables: Tables) -> None:
    for table in ("fills", "orders"):
        tables.execute(f"ALTER TABLE {table} ADD COLUMN told INTEGER NOT NULL DEFAULT 1")  # what is there was told
        tables.execute(f"CREATE INDEX untold_{table} ON {table} (broker) WHERE NOT told")


def _index_only_what_is_looked_up(tables: Tables) -> None:
    """Leave ended orders, and the empty texts that nobody looks up, out of the indexes: an order waits for each page.

    A query uses such an index only if its condition contains the index's own, word for word.
    """
    for index in ("orders_broker_state", "orders_broker_perm_id", "fills_broker_corrects"):
        tables.execute(f"DROP INDEX idx_{index}")
    tables.execute(f"CREATE INDEX open_orders ON orders (broker) WHERE {OPEN}")
    tables.execute("CREATE INDEX orders_with_perm_id ON orders (broker, perm_id) WHERE perm_id != ''")
    tables.execute("CREATE INDEX corrections ON fills (broker, corrects) WHERE corrects != ''")


OPEN = "(state != 'filled' AND state != 'cancelled' AND state != 'rejected' AND state != 'expired')"
"""The condition for an order that has not ended. SQLite would build a table for each check of a `NOT IN`."""

STORE = Schema(
    application_id=0x424B4954,
    migrations=(_first_version, _remember_what_was_told, _index_only_what_is_looked_up),
)
"""The schema of brokerkit's store; its application id is `BKIT` in ASCII."""
