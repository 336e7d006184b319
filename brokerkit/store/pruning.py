"""Letting go of orders that ended long ago, with all that is known of them."""

from __future__ import annotations

import sqlite3

from brokerkit.store.schema import OPEN

# A family of orders is intended at one time: where one member is kept, so are all.
_KEPT_TIMES = f"""
    SELECT intended FROM orders WHERE broker = :broker AND intended < :before AND (
        NOT told OR {OPEN}
        OR order_ref IN (SELECT order_ref FROM fills WHERE broker = :broker AND (NOT told OR time >= :before)))
"""
_ENDED = f"broker = :broker AND intended < :before AND intended NOT IN ({_KEPT_TIMES})"
_OF_ENDED = f"order_ref IN (SELECT order_ref FROM orders WHERE {_ENDED})"
_STATEMENTS = (
    f"DELETE FROM fills WHERE broker = :broker AND {_OF_ENDED}",
    f"DELETE FROM order_steps WHERE broker = :broker AND {_OF_ENDED}",
    f"DELETE FROM orders WHERE {_ENDED}",
)
_OF_NOBODY = """
    DELETE FROM fills WHERE broker = :broker AND time < :before AND told
    AND order_ref NOT IN (SELECT order_ref FROM orders WHERE broker = :broker)
"""


def prune(connection: sqlite3.Connection, broker: str, before: str) -> int:
    """Delete, inside a transaction, the orders of before a time that ended, and return how many.

    What is open, or was not told, stays, with its whole family; so does the highest order id of each client id.
    """
    given = {"broker": broker, "before": before}
    count = 0
    for statement in _STATEMENTS:
        count = connection.execute(statement, given).rowcount
    connection.execute(_OF_NOBODY, given)
    return count
