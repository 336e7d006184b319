"""Executions on disk: each once, corrections in the place of what they correct, commission when it comes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs

from brokerkit.spec.broker_order import Fill
from brokerkit.spec.money import Money
from brokerkit.spec.services import RevisionRule
from brokerkit.store.codec import dumps, instant, instant_text, loads
from brokerkit.store.database import Database

_COLUMNS = (
    "broker", "order_ref", "execution", "revision", "execution_id", "contract", "quantity", "price", "time", "account",
    "leg", "commission_currency", "commission_amount", "corrects", "late", "replaced", "told",
)  # fmt: skip
_INSERT = f"INSERT INTO fills ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"

# A plus keeps SQLite from the index of the order: an order may have thousands of fills, a trade has a few.
_LINK = "SELECT number, execution, revision, execution_id, corrects FROM fills WHERE broker = :broker AND"
_SAME_TRADE = f"""
    {_LINK} order_ref = :order_ref AND execution = :execution
    UNION {_LINK} +order_ref = :order_ref AND execution_id = nullif(:corrected, '')
    UNION {_LINK} +order_ref = :order_ref AND corrects = :execution_id AND corrects != ''
"""


class FillBook:
    """One broker's executions in a database."""

    def __init__(self, database: Database, broker: str) -> None:
        self._database = database
        self._broker = broker

    def record(self, fills: Iterable[Fill], revision: RevisionRule | None) -> tuple[Fill, ...]:
        """Write executions down, in one transaction, and return those that are news."""
        executions = tuple(fills)  # whatever makes them must not run inside the transaction
        with self._database.write() as connection:
            return tuple(news for fill in executions if (news := self._add(connection, fill, revision)) is not None)

    def set_commission(self, execution_id: str, commission: Money) -> bool:
        """Write down what an execution cost, and return whether that is new."""
        currency, amount = commission.currency, str(commission.amount)
        with self._database.write() as connection:
            found = connection.execute(
                "SELECT number, commission_currency, commission_amount FROM fills "
                "WHERE broker = ? AND execution_id = ? ORDER BY number DESC LIMIT 1",
                (self._broker, execution_id),
            ).fetchone()
            if found is None:
                return self._keep_early(connection, execution_id, currency, amount)
            if (found["commission_currency"], found["commission_amount"]) == (currency, amount):
                return False
            connection.execute(
                "UPDATE fills SET commission_currency = ?, commission_amount = ? WHERE number = ?",
                (currency, amount, found["number"]),
            )
            return True

    def mark_told(self, connection: sqlite3.Connection, execution_ids: Iterable[str]) -> None:
        """Write down, inside a transaction, that listeners heard of executions."""
        connection.executemany(
            "UPDATE fills SET told = 1 WHERE broker = ? AND execution_id = ? AND NOT told",
            [(self._broker, execution_id) for execution_id in execution_ids],
        )

    def select(self, condition: str, *parameters: Any) -> list[Fill]:
        """Return the executions that count and meet an SQL condition, by the time they came."""
        query = f"SELECT * FROM fills WHERE broker = ? AND NOT replaced AND {condition} ORDER BY number"
        return [_fill_of(row) for row in self._database.read(query, self._broker, *parameters)]

    def since(self, start: datetime | None) -> tuple[Fill, ...]:
        """Return the executions at or after an aware time, or all, oldest first."""
        fills = self.select("time >= ?", "" if start is None else instant_text(start))
        return tuple(sorted(fills, key=lambda fill: fill.time))

    def _add(self, connection: sqlite3.Connection, fill: Fill, revision: RevisionRule | None) -> Fill | None:
        """Write an execution down, and return it when it is news: with a commission that came before it."""
        execution, number = revision(fill.execution_id) if revision else (fill.execution_id, 0)
        others = self._same_trade(connection, fill, execution)
        if any((row["execution"], row["revision"]) == (execution, number) for row in others):
            return None
        older = [row for row in others if row["execution"] == execution and row["revision"] < number]
        older += [row for row in others if row["execution_id"] == fill.corrects]
        if older:
            connection.executemany(
                "UPDATE fills SET replaced = 1, told = 1 WHERE number = ?", [(row["number"],) for row in older]
            )
        replaced = any(
            (row["execution"] == execution and row["revision"] > number) or row["corrects"] == fill.execution_id
            for row in others
        )
        fill = self._with_early_commission(connection, fill)
        connection.execute(_INSERT, self._row(fill, execution, number, replaced=replaced))
        return None if replaced else fill

    def _same_trade(self, connection: sqlite3.Connection, fill: Fill, execution: str) -> list[sqlite3.Row]:
        """Return what is known of the trade a fill is of: its other revisions, what it corrects, what corrects it."""
        given = {
            "broker": self._broker,
            "order_ref": fill.order_ref,
            "execution": execution,
            "corrected": fill.corrects,
            "execution_id": fill.execution_id,
        }
        rows: list[sqlite3.Row] = connection.execute(_SAME_TRADE, given).fetchall()
        return rows

    def _with_early_commission(self, connection: sqlite3.Connection, fill: Fill) -> Fill:
        key = (self._broker, fill.execution_id)
        early = connection.execute(
            "SELECT currency, amount FROM early_commissions WHERE broker = ? AND execution_id = ?", key
        ).fetchone()
        if early is None:
            return fill
        connection.execute("DELETE FROM early_commissions WHERE broker = ? AND execution_id = ?", key)
        return attrs.evolve(fill, commission=Money(early["currency"], early["amount"]))

    def _keep_early(self, connection: sqlite3.Connection, execution_id: str, currency: str, amount: str) -> bool:
        changed = connection.execute(
            "INSERT INTO early_commissions (broker, execution_id, currency, amount) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (broker, execution_id) DO UPDATE SET currency = excluded.currency, amount = excluded.amount "
            "WHERE currency != excluded.currency OR amount != excluded.amount",
            (self._broker, execution_id, currency, amount),
        ).rowcount
        return changed > 0

    def _row(self, fill: Fill, execution: str, revision: int, *, replaced: bool) -> tuple[Any, ...]:
        commission = fill.commission
        return (
            self._broker,
            fill.order_ref,
            execution,
            revision,
            fill.execution_id,
            dumps(fill.contract),
            fill.quantity,
            str(fill.price),
            instant_text(fill.time),
            fill.account,
            fill.leg,
            commission.currency if commission else None,
            str(commission.amount) if commission else None,
            fill.corrects,
            fill.late,
            replaced,
            replaced,  # what is no news is never told
        )


def _fill_of(row: sqlite3.Row) -> Fill:
    paid = Money(row["commission_currency"], row["commission_amount"]) if row["commission_currency"] else None
    return Fill(
        execution_id=row["execution_id"],
        order_ref=row["order_ref"],
        contract=loads(row["contract"]),
        quantity=row["quantity"],
        price=Decimal(row["price"]),
        time=instant(row["time"]),
        account=row["account"],
        leg=row["leg"],
        commission=paid,
        corrects=row["corrects"],
        late=bool(row["late"]),
    )
