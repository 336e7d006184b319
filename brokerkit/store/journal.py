"""One broker's journal: the intent before the send, the outcome after, each execution once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from brokerkit.errors import MissingOrder
from brokerkit.spec.broker_order import BrokerIds, BrokerOrder, Fill, OrderState
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order
from brokerkit.spec.services import JournalStep, OrderJournal, RevisionRule
from brokerkit.store.codec import instant, instant_text, loads
from brokerkit.store.database import Database
from brokerkit.store.fills import FillBook
from brokerkit.store.order_book import OrderBook, family, order_of, raise_highest
from brokerkit.store.pruning import prune
from brokerkit.store.schema import OPEN

_NO_IDS = BrokerIds()
_UNRESOLVED = (OrderState.PENDING, OrderState.UNKNOWN)


class StoredOrderJournal(OrderJournal):
    """The journal of one broker in a database. `OrderJournal` says what each method promises.

    Example:
        >>> from brokerkit.spec.contract import FuturesContract
        >>> from brokerkit.store import open_store
        >>> order = Order.limit(FuturesContract("GOLD", "202312"), 2, "1950.1")
        >>> with open_store(getfixture("tmp_path") / "brokerkit.db") as store:
        ...     store.journal.intend(order)
        ...     store.journal.sent(order.order_ref)
        ...     news = store.journal.update(order.order_ref, OrderState.WORKING, BrokerIds(perm_id="7001"))
        ...     [known] = store.journal.open_orders()
        >>> news, known.order == order, known.state.value, known.ids.perm_id
        (True, True, 'working', '7001')
    """

    def __init__(self, database: Database, broker: str) -> None:
        self._database = database
        self._broker = broker
        self._book = OrderBook(broker)
        self._fills = FillBook(database, broker)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write all that is written inside the block in one transaction, or none of it."""
        with self._database.write():
            yield

    def sync(self) -> None:
        """Have all that was written so far survive the loss of power too."""
        self._database.sync()

    def intend(self, order: Order, ids: Mapping[str, BrokerIds] | None = None) -> None:
        """Write down, durably, that an order and its children are about to be sent."""
        chosen = ids or {}
        with self._database.write(durable=True) as connection:
            now = _now()
            for member, parent_ref in family(order):
                self._book.insert(connection, member, parent_ref, chosen.get(member.order_ref, _NO_IDS), now)

    def withdraw(self, order_ref: str) -> None:
        """Take an intent back, with its children, after it became certain that nothing was sent."""
        with self._database.write(durable=True) as connection:
            order: Order = loads(self._book.row(connection, order_ref)["instruction"])
            for member, _ in family(order):
                self._book.remove(connection, member.order_ref, _now())

    def sent(self, *order_refs: str) -> None:
        """Write down that orders have left for the broker."""
        with self._database.write() as connection:
            now = _now()
            for order_ref in order_refs:
                self._book.set(connection, order_ref, submitted=now, updated=now)
                self._book.log(connection, order_ref, now, "sent")

    def update(self, order_ref: str, state: OrderState, ids: BrokerIds | None = None, reason: str = "") -> bool:
        """Write down what the broker says of an order, and return whether any of it is new."""
        with self._database.write() as connection:
            return self._book.report(connection, order_ref, state, ids or _NO_IDS, reason, _now())

    def amend(self, order: Order) -> None:
        """Write down an order's instruction as it stands now, after a modification."""
        with self._database.write() as connection:
            self._book.amend(connection, order, _now())

    def record_fills(self, fills: Iterable[Fill], revision: RevisionRule | None = None) -> tuple[Fill, ...]:
        """Write down executions, and return those that are new, in the order given."""
        return self._fills.record(fills, revision)

    def record_commission(self, execution_id: str, commission: Money) -> bool:
        """Write down what an execution cost, and return whether that is new."""
        return self._fills.set_commission(execution_id, commission)

    def mark_told(self, execution_ids: Iterable[str] = (), order_refs: Iterable[str] = ()) -> None:
        """Write down that listeners heard of executions, and of how orders ended."""
        executions, refs = tuple(execution_ids), tuple(order_refs)
        with self._database.write() as connection:
            self._fills.mark_told(connection, executions)
            self._book.mark_told(connection, refs)

    def untold_fills(self) -> tuple[Fill, ...]:
        """Return the executions that no listener is known to have heard of, oldest first."""
        return tuple(self._fills.select("NOT told"))

    def untold_orders(self) -> tuple[BrokerOrder, ...]:
        """Return the orders that have ended without a listener that is known to have heard of it, oldest first."""
        return self._orders("NOT told")

    def prune(self, before: datetime) -> int:
        """Delete orders that ended and were intended before an aware time, with all that is known of them."""
        with self._database.write() as connection:
            return prune(connection, self._broker, instant_text(before))

    def order(self, order_ref: str) -> BrokerOrder:
        """Return what is known of an order, or raise `MissingOrder`."""
        for found in self._orders("order_ref = ?", order_ref):
            return found
        raise self._book.missing(order_ref)

    def order_with_perm_id(self, perm_id: str) -> BrokerOrder:
        """Return what is known of the newest order with that lasting id, or raise `MissingOrder`."""
        for found in reversed(self._orders("perm_id = ? AND perm_id != ''", perm_id)):
            return found
        raise MissingOrder(f"The journal of {self._broker!r} has no order with perm id {perm_id!r}.")

    def orders(self, since: datetime | None = None) -> tuple[BrokerOrder, ...]:
        """Return the orders and children intended at or after an aware time, or all, oldest first."""
        return self._orders("intended >= ?", "" if since is None else instant_text(since))

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        """Return the orders and children whose state is not final, oldest first."""
        return self._orders(OPEN)

    def unresolved_orders(self) -> tuple[BrokerOrder, ...]:
        """Return the open orders of which nobody knows whether the broker has them, oldest first."""
        return tuple(order for order in self.open_orders() if order.state in _UNRESOLVED)

    def fills(self, since: datetime | None = None) -> tuple[Fill, ...]:
        """Return the executions at or after an aware time, or all, oldest first, corrections replaced."""
        return self._fills.since(since)

    def history(self, order_ref: str) -> tuple[JournalStep, ...]:
        """Return every step written about an order, oldest first; empty when there is none."""
        query = "SELECT time, step, detail FROM order_steps WHERE broker = ? AND order_ref = ? ORDER BY id"
        rows = self._database.read(query, self._broker, order_ref)
        return tuple(JournalStep(instant(row["time"]), row["step"], row["detail"]) for row in rows)

    def highest_order_id(self, client_id: int) -> int:
        """Return the highest numeric order id this store has seen for a client id; 0 when it has seen none."""
        rows = self._database.read("SELECT highest FROM order_ids WHERE client_id = ?", client_id)
        return int(rows[0]["highest"]) if rows else 0

    def saw_order_id(self, client_id: int, order_id: int) -> None:
        """Write down an order id seen in use, so that `highest_order_id` covers it."""
        with self._database.write() as connection:
            raise_highest(connection, BrokerIds(client_id=client_id, order_id=str(order_id)))

    def _orders(self, condition: str, *parameters: Any) -> tuple[BrokerOrder, ...]:
        where = f"FROM orders WHERE broker = ? AND {condition}"
        rows = self._database.read(f"SELECT * {where} ORDER BY number", self._broker, *parameters)
        if not rows:
            return ()
        theirs: defaultdict[str, list[Fill]] = defaultdict(list)
        for fill in self._fills.select(f"order_ref IN (SELECT order_ref {where})", self._broker, *parameters):
            theirs[fill.order_ref].append(fill)
        return tuple(order_of(row, theirs[row["order_ref"]]) for row in rows)


def _now() -> str:
    return instant_text(datetime.now(timezone.utc))
