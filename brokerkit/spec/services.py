"""What brokerkit offers plugins: the durable store, as a plugin sees it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

import attrs

from brokerkit.spec.broker_order import BrokerIds, BrokerOrder, Fill, OrderState
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order


class LeaseState(enum.Enum):
    """Whether the process that leased a client id is still alive.

    Attributes:
        HELD: It is.
        ORPHANED: It is not.
        ELSEWHERE: It runs or ran on another machine, so that cannot be seen.
    """

    HELD = "held"
    ORPHANED = "orphaned"
    ELSEWHERE = "elsewhere"


@attrs.frozen
class LeaseOwner:
    """The process that leased a client id.

    Attributes:
        host: The name of its machine or container.
        pid: Its process id there.
        started: When that process started, aware UTC.
    """

    host: str
    pid: int
    started: datetime

    def __str__(self) -> str:
        """Return who it is, in words."""
        return f"process {self.pid} on {self.host}, started {self.started:%Y-%m-%d %H:%M:%S} UTC"


@attrs.frozen
class ClientIdLease:
    """A client id that a process holds at a gateway.

    Attributes:
        gateway: The gateway at which the id is held, such as `127.0.0.1:4002`.
        client_id: The id.
        number: Identifies this lease; no other lease ever has it.
        owner: The process that took it.
        leased: When it was taken, aware UTC.
        state: Whether the owner was alive when this was read.
    """

    gateway: str
    client_id: int
    number: int
    owner: LeaseOwner
    leased: datetime
    state: LeaseState = LeaseState.HELD


class ClientIdLeases(Protocol):
    """Client ids, each held by one live process at a time at a gateway.

    When an owner dies, in whatever way, its ids go to the next process that asks. The id of a live
    process is never given away, and neither is one leased on another machine.
    """

    def lease(
        self,
        gateway: str,
        ids: range = range(100, 1000),
        first: int | None = None,
        avoid: Collection[int] = (),
    ) -> ClientIdLease:
        """Return a lease on a free id; no other process gets that id until it is released.

        Args:
            gateway: Where the id must be unique, as `host:port`. `localhost` is `127.0.0.1`.
            ids: The ids to choose from, tried in order.
            first: An id to try before them; it need not be one of them.
            avoid: Ids not to use, for example those that the gateway has just refused.

        Raises:
            NoFreeClientId: All of them are held or avoided.
            StoreError: The store cannot be written; nothing was leased.
        """
        ...

    def release(self, lease: ClientIdLease) -> bool:
        """Give a lease back, and return whether this call ended it.

        False if it had already ended, or belongs to another process, as in a forked child.
        """
        ...

    def evict(self, lease: ClientIdLease, force: bool = False) -> bool:
        """End a lease, whoever holds it, and return whether this call ended it.

        Args:
            lease: The lease, as `leases` lists it.
            force: End it even if its owner is alive; that process is not notified.

        Raises:
            ClientIdInUse: Its owner is alive, and `force` is not set.
        """
        ...

    def leases(self, gateway: str = "") -> tuple[ClientIdLease, ...]:
        """Return the leases at a gateway, or at all of them, by gateway and id, each with its owner's state."""
        ...


@attrs.frozen
class JournalStep:
    """One entry in an order's history.

    Attributes:
        time: When it was written, aware UTC.
        step: `intended`, `sent`, `amended`, `withdrawn`, `fill`, or the state that was reported.
        detail: Further information: ids, a reason, an execution.
    """

    time: datetime
    step: str
    detail: str = ""


RevisionRule = Callable[[str], tuple[str, int]]
"""Splits an execution id into the part that a trade and its corrections share, and the correction's number."""


class OrderJournal(Protocol):
    """One broker's orders and fills on disk: the intent before the send, the outcome after.

    Once a method has returned, a crash of this process loses nothing that it wrote. What `intend` wrote
    also survives a power failure, as does everything written before it, or before `sync`. The rest is
    news from the broker, which can be asked again.
    """

    def together(self) -> AbstractContextManager[None]:
        """Write everything inside the block in one transaction, or none of it.

        Meanwhile only this thread may write, and nothing that must survive a power failure: no `intend`.
        """
        ...

    def sync(self) -> None:
        """Make everything written so far survive a power failure too."""
        ...

    def intend(self, order: Order, ids: Mapping[str, BrokerIds] | None = None) -> None:
        """Record that an order is about to be sent, with its children. Send it only after this returns.

        Args:
            order: The order; it is recorded as pending, and so are its children.
            ids: Broker ids already chosen, by the `order_ref` of the order or child they are for.

        Raises:
            DuplicateOrder: The `order_ref`, or that of a child, is already in the journal: do not send.
            InvalidArgument: A value in `broker_parameters` or `algo_parameters` cannot be stored.
            StoreError: The journal cannot be written: do not send.
        """
        ...

    def withdraw(self, order_ref: str) -> None:
        """Withdraw an intent, with its children, when it is certain that nothing was sent.

        The same order may then be placed again.

        Raises:
            MissingOrder: It is not in the journal.
            OrderCannotBeCancelled: It was sent, or the broker has reported on it.
        """
        ...

    def sent(self, *order_refs: str) -> None:
        """Record that orders have been sent to the broker.

        Raises:
            MissingOrder: One is not in the journal.
        """
        ...

    def update(self, order_ref: str, state: OrderState, ids: BrokerIds | None = None, reason: str = "") -> bool:
        """Record what the broker says about an order, and return whether any of it is new.

        A final state never changes: later states are ignored. Blank fields of `ids` are ignored.

        Raises:
            MissingOrder: It is not in the journal.
        """
        ...

    def amend(self, order: Order) -> None:
        """Record an order's current instruction, after a modification.

        Raises:
            MissingOrder: It is not in the journal.
        """
        ...

    def record_fills(self, fills: Iterable[Fill], revision: RevisionRule | None = None) -> tuple[Fill, ...]:
        """Record executions, and return those that are new, in the order given.

        An execution counts once, however often it arrives, in whatever sequence, and whatever the state
        of its order. A correction replaces what it corrects, and is new; what it corrects is not, even
        if it arrives later. The `order_ref` need not be in the journal.

        Args:
            fills: Executions, of any orders.
            revision: How execution ids identify corrections. Without it, `Fill.corrects` does.
        """
        ...

    def record_commission(self, execution_id: str, commission: Money) -> bool:
        """Record the commission of an execution, and return whether that is new.

        It may arrive before the execution itself.
        """
        ...

    def mark_told(self, execution_ids: Iterable[str] = (), order_refs: Iterable[str] = ()) -> None:
        """Record that executions, and how orders ended, were reported to listeners. Unknown ids are ignored."""
        ...

    def untold_fills(self) -> tuple[Fill, ...]:
        """Return the executions not known to have been reported to a listener, oldest first.

        A process that is killed between recording and reporting leaves them: report them at the next start.
        """
        ...

    def untold_orders(self) -> tuple[BrokerOrder, ...]:
        """Return the orders whose end is not known to have been reported to a listener, oldest first."""
        ...

    def prune(self, before: datetime) -> int:
        """Delete orders that ended and were intended before an aware time, with fills and steps; return how many.

        An order that is open or was not reported is kept, with its parent and children. A pruned `order_ref` is
        forgotten: it would be accepted as a new one.
        """
        ...

    def order(self, order_ref: str) -> BrokerOrder:
        """Return what is known about an order.

        Raises:
            MissingOrder: It is not in the journal.
        """
        ...

    def order_with_perm_id(self, perm_id: str) -> BrokerOrder:
        """Return what is known about the newest order with that permanent id.

        Raises:
            MissingOrder: None in the journal has it.
        """
        ...

    def orders(self, since: datetime | None = None) -> tuple[BrokerOrder, ...]:
        """Return the orders and children intended at or after an aware time, or all of them, oldest first."""
        ...

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        """Return the orders and children whose state is not final, oldest first: those to ask the broker about."""
        ...

    def unresolved_orders(self) -> tuple[BrokerOrder, ...]:
        """Return the open orders that the broker may or may not have, oldest first.

        They are pending or unknown; `submitted` is None if not even the send is certain.
        """
        ...

    def fills(self, since: datetime | None = None) -> tuple[Fill, ...]:
        """Return the executions at or after an aware time, or all, oldest first, with corrections applied."""
        ...

    def history(self, order_ref: str) -> tuple[JournalStep, ...]:
        """Return every recorded step of an order, oldest first; empty if there is none."""
        ...

    def highest_order_id(self, client_id: int) -> int:
        """Return the highest numeric order id that this store has seen for a client id; 0 if none.

        It covers every broker in the store, and never decreases, whatever a restarted gateway counts from.
        """
        ...

    def saw_order_id(self, client_id: int, order_id: int) -> None:
        """Record an order id seen in use, so that `highest_order_id` covers it."""
        ...


class Store(Protocol):
    """The SQLite store of this user or of this broker."""

    @property
    def client_ids(self) -> ClientIdLeases:
        """The client ids that processes hold."""
        ...

    @property
    def journal(self) -> OrderJournal:
        """The orders that were intended, sent and completed."""
        ...
