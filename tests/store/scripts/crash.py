"""Trade one order in a process that is killed before its Nth SQL statement, then recover in another: for every N.

The broker is a file that orders are appended to, and that is read back: it survives every kill, as a real
broker does. One line of JSON for each N tells what the broker got and what the journal holds in the end.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sqlite3
import sys
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from brokerkit.errors import DuplicateOrder
from brokerkit.spec.broker_order import BrokerIds, Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order
from brokerkit.spec.services import OrderJournal
from brokerkit.store import open_store

GOLD = FuturesContract("GOLD", "202312")
ORDER = Order.limit(GOLD, 2, "1950.1", order_ref="the-order")
REF = ORDER.order_ref
_connect = sqlite3.connect


class DoomedConnection(sqlite3.Connection):
    """Kills its process with SIGKILL before it executes statement number `fatal`."""

    fatal = -1
    executed = 0

    def execute(self, statement: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self._count()
        return super().execute(statement, parameters)

    def executemany(self, statement: str, parameters: Any, /) -> sqlite3.Cursor:
        self._count()
        return super().executemany(statement, parameters)

    def _count(self) -> None:
        DoomedConnection.executed += 1
        if DoomedConnection.executed == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)


class FileBroker:
    """What reached the broker, and what it then reports."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, order: Order, order_id: int) -> None:
        with self._path.open("a") as wire:
            wire.write(f"{order.order_ref} {order_id}\n")

    def received(self) -> list[str]:
        return self._path.read_text().splitlines() if self._path.exists() else []

    def executions(self) -> list[Fill]:
        time = datetime(2023, 6, 1, tzinfo=timezone.utc)
        first = Fill("7.01.01", REF, GOLD, 1, Decimal("1950.1"), time)
        second = Fill("7.02.01", REF, GOLD, 1, Decimal("1950.2"), time)
        corrected = Fill("7.01.02", REF, GOLD, 1, Decimal("1950.0"), time, corrects="7.01.01")
        return [first, second, corrected] if self.received() else []


def revision(execution_id: str) -> tuple[str, int]:
    trade, _, number = execution_id.rpartition(".")
    return trade, int(number)


def trade(journal: OrderJournal, broker: FileBroker) -> None:
    order_id = journal.highest_order_id(7) + 1
    journal.intend(ORDER, {REF: BrokerIds("DU1", 7, str(order_id))})
    broker.send(ORDER, order_id)
    journal.sent(REF)
    follow(journal, broker)


def follow(journal: OrderJournal, broker: FileBroker) -> None:
    journal.update(REF, OrderState.WORKING, BrokerIds(perm_id="9001"))
    for fill in broker.executions():
        journal.record_fills([fill], revision)
        journal.record_commission(fill.execution_id, Money("USD", "2.05"))
    journal.update(REF, OrderState.FILLED)


def recover(journal: OrderJournal, broker: FileBroker) -> None:
    for known in journal.unresolved_orders():
        if any(line.startswith(known.order_ref) for line in broker.received()):
            journal.update(known.order_ref, OrderState.WORKING)
        else:  # the broker says that it never got it, so that it may be sent now
            broker.send(known.order, int(known.ids.order_id))
            journal.sent(known.order_ref)
    try:
        trade(journal, broker)  # as a strategy does that was started again and knows nothing
    except DuplicateOrder:
        follow(journal, broker)


def run(path: Path, fatal: int) -> int:
    """Trade in a child that dies before statement `fatal`, and return how it ended."""
    child = os.fork()
    if child == 0:
        DoomedConnection.fatal = fatal
        vars(sqlite3)["connect"] = functools.partial(_connect, factory=DoomedConnection)
        with open_store(path, broker="paper") as store:
            trade(store.journal, FileBroker(path.with_suffix(".wire")))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def outcome(path: Path) -> dict[str, object]:
    broker = FileBroker(path.with_suffix(".wire"))
    with open_store(path, broker="paper") as store:
        before = [known.state.value for known in store.journal.orders()]
        recover(store.journal, broker)
        known = store.journal.order(REF)
        return {
            "state_found": before,
            "received": broker.received(),
            "same_order": known.order == ORDER,
            "state": known.state.value,
            "filled": known.filled[0],
            "average_price": str(known.average_price()),
            "commission": str(known.commissions),
            "highest_order_id": store.journal.highest_order_id(7),
            "damage": store.damage(),
        }


folder = Path(sys.argv[1])
for statement in range(1, 1000):
    file = folder / str(statement) / "brokerkit.db"
    open_store(file).close()
    ended = run(file, statement)
    print(json.dumps({"statement": statement, "ended": ended, **outcome(file)}), flush=True)
    if ended != -signal.SIGKILL:
        break
