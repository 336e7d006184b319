"""The rows of one broker's orders: written inside a transaction, read back as the contract's values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

import attrs

from brokerkit.errors import DuplicateOrder, MissingOrder, OrderCannotBeCancelled
from brokerkit.spec.broker_order import BrokerIds, BrokerOrder, Fill, OrderState
from brokerkit.spec.order import Order
from brokerkit.store.codec import dumps, instant, loads

_COLUMNS = (
    "broker", "order_ref", "parent_ref", "instruction", "state", "reason",
    "account", "client_id", "order_id", "perm_id", "intended", "updated",
)  # fmt: skip
_INSERT = f"INSERT INTO orders ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"


def family(order: Order, parent_ref: str = "") -> Iterator[tuple[Order, str]]:
    """Return an order and all below it, parents first, each with the `order_ref` of its parent."""
    yield order, parent_ref
    for child in order.children:
        yield from family(child, order.order_ref)


class OrderBook:
    """One broker's orders. Every method works in the transaction of the connection that it is given."""

    def __init__(self, broker: str) -> None:
        self._broker = broker

    def insert(self, connection: sqlite3.Connection, order: Order, parent_ref: str, ids: BrokerIds, now: str) -> None:
        """Add a pending order; `DuplicateOrder` when it is there already."""
        values = (
            self._broker,
            order.order_ref,
            parent_ref,
            dumps(order),
            OrderState.PENDING.value,
            "",
            ids.account,
            ids.client_id,
            ids.order_id,
            ids.perm_id,
            now,
            now,
        )
        try:
            connection.execute(_INSERT, values)
        except sqlite3.IntegrityError:
            raise DuplicateOrder(
                f"Order {order.order_ref!r} was placed with {self._broker!r} before; it is not sent again.",
                remedy="Ask the journal what became of it, or place a new Order: it gets a reference of its own.",
            ) from None
        self.log(connection, order.order_ref, now, "intended", _told(ids))
        raise_highest(connection, ids)

    def row(self, connection: sqlite3.Connection, order_ref: str) -> sqlite3.Row:
        """Return an order's row; `MissingOrder` when there is none."""
        query = "SELECT * FROM orders WHERE broker = ? AND order_ref = ?"
        row: sqlite3.Row | None = connection.execute(query, (self._broker, order_ref)).fetchone()
        if row is None:
            raise self.missing(order_ref)
        return row

    def set(self, connection: sqlite3.Connection, order_ref: str, **columns: object) -> None:
        """Change columns of an order; `MissingOrder` when there is none."""
        assignments = ", ".join(f"{column} = ?" for column in columns)
        statement = f"UPDATE orders SET {assignments} WHERE broker = ? AND order_ref = ?"
        if connection.execute(statement, (*columns.values(), self._broker, order_ref)).rowcount == 0:
            raise self.missing(order_ref)

    def log(self, connection: sqlite3.Connection, order_ref: str, now: str, step: str, detail: str = "") -> None:
        """Add a line to an order's history."""
        connection.execute(
            "INSERT INTO order_steps (broker, order_ref, time, step, detail) VALUES (?, ?, ?, ?, ?)",
            (self._broker, order_ref, now, step, detail),
        )

    def report(
        self, connection: sqlite3.Connection, order_ref: str, state: OrderState, ids: BrokerIds, reason: str, now: str
    ) -> bool:
        """Take what a broker says of an order, and return whether any of it is new."""
        row = self.row(connection, order_ref)
        changes = _news(row, state, ids, reason)
        if changes:
            untold = {"told": 0} if "state" in changes and state.is_final else {}
            self.set(connection, order_ref, updated=now, **changes, **untold)
            self.log(connection, order_ref, now, str(changes.get("state", row["state"])), _told(ids, reason))
            if "client_id" in changes or "order_id" in changes:  # the others were covered when they were written
                raise_highest(connection, ids)
        return bool(changes)

    def amend(self, connection: sqlite3.Connection, order: Order, now: str) -> None:
        """Replace an order's instruction, its children's, and what its parents hold of it."""
        for member, _ in family(order):
            self.set(connection, member.order_ref, instruction=dumps(member), updated=now)
            self.log(connection, member.order_ref, now, "amended", dumps(member))
        parent_ref = self.row(connection, order.order_ref)["parent_ref"]
        while parent_ref:
            parent_row = self.row(connection, parent_ref)
            parent: Order = loads(parent_row["instruction"])
            children = tuple(order if child.order_ref == order.order_ref else child for child in parent.children)
            order = attrs.evolve(parent, children=children)
            self.set(connection, parent_ref, instruction=dumps(order))
            parent_ref = parent_row["parent_ref"]

    def remove(self, connection: sqlite3.Connection, order_ref: str, now: str) -> None:
        """Delete an order that never left; `OrderCannotBeCancelled` when it may have."""
        row = self.row(connection, order_ref)
        fills = connection.execute(
            "SELECT 1 FROM fills WHERE broker = ? AND order_ref = ? LIMIT 1", (self._broker, order_ref)
        ).fetchone()
        if row["submitted"] or row["perm_id"] or fills or row["state"] != OrderState.PENDING.value:
            raise OrderCannotBeCancelled(
                f"Order {order_ref!r} may have left for {self._broker!r}; its intent stays.",
                remedy="Cancel it at the broker.",
            )
        connection.execute("DELETE FROM orders WHERE number = ?", (row["number"],))
        self.log(connection, order_ref, now, "withdrawn")

    def mark_told(self, connection: sqlite3.Connection, order_refs: Iterable[str]) -> None:
        """Write down that listeners heard how orders ended."""
        connection.executemany(
            "UPDATE orders SET told = 1 WHERE broker = ? AND order_ref = ? AND NOT told",
            [(self._broker, order_ref) for order_ref in order_refs],
        )

    def missing(self, order_ref: str) -> MissingOrder:
        """Return the error for an order that is not there."""
        return MissingOrder(f"The journal of {self._broker!r} has no order {order_ref!r}.", given=order_ref)


def order_of(row: sqlite3.Row, fills: list[Fill]) -> BrokerOrder:
    """Return a row, with its fills, as the contract's value."""
    return BrokerOrder(
        order=loads(row["instruction"]),
        state=OrderState(row["state"]),
        ids=BrokerIds(row["account"], row["client_id"], row["order_id"], row["perm_id"]),
        fills=tuple(fills),
        reason=row["reason"],
        submitted=instant(row["submitted"]) if row["submitted"] else None,
        updated=instant(row["updated"]),
    )


def raise_highest(connection: sqlite3.Connection, ids: BrokerIds) -> None:
    """Let the highest order id of a client id cover the one in `ids`, when both are numbers."""
    if ids.client_id is not None and ids.order_id.isdecimal():
        connection.execute(
            "INSERT INTO order_ids (client_id, highest) VALUES (?, ?) ON CONFLICT (client_id) "
            "DO UPDATE SET highest = excluded.highest WHERE excluded.highest > highest",
            (ids.client_id, int(ids.order_id)),
        )


def _news(row: sqlite3.Row, state: OrderState, ids: BrokerIds, reason: str) -> dict[str, Any]:
    changes = {name: value for name, value in _given(ids).items() if value != row[name]}
    if state.value == row["state"] or not OrderState(row["state"]).is_final:
        if state.value != row["state"]:
            changes["state"] = state.value
        if reason and reason != row["reason"]:
            changes["reason"] = reason
    return changes


def _given(ids: BrokerIds) -> dict[str, Any]:
    named = {"account": ids.account, "client_id": ids.client_id, "order_id": ids.order_id, "perm_id": ids.perm_id}
    return {name: value for name, value in named.items() if value not in ("", None)}


def _told(ids: BrokerIds, reason: str = "") -> str:
    return " ".join([*(f"{name}={value}" for name, value in _given(ids).items()), reason]).strip()
