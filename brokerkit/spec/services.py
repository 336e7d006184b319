"""What brokerkit does for a plugin: the durable store, seen as the plugin sees it."""

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
    """Whether the process that leased a client id still lives."""

    HELD = "held"
    ORPHANED = "orphaned"
    ELSEWHERE = "elsewhere"
    """Leased on another machine, where this one cannot see whether the process lives."""


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
        number: Names this very lease; no other lease ever has it.
        owner: The process that took it.
        leased: When it was taken, aware UTC.
        state: Whether the owner lived when this was read.
    """

    gateway: str
    client_id: int
    number: int
    owner: LeaseOwner
    leased: datetime
    state: LeaseState = LeaseState.HELD


class ClientIdLeases(Protocol):
    """Client ids, each held by one living process at a time at a gateway.

    An owner that dies, in whatever way, holds nothing any more: its ids go to the next who asks. The
    id of a living process is never given away, and neither is one leased on another machine.
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
            ids: The ids to choose from, tried in their order.
            first: An id to try before them; it need not be one of them.
            avoid: Ids not to give: those that the gateway has just refused, say.

        Raises:
            NoFreeClientId: Every one of them is held or avoided.
            StoreError: The store cannot be written; nothing was leased.
        """
        ...

    def release(self, lease: ClientIdLease) -> bool:
        """Give a lease back, and return whether this call ended it.

        False when it had ended before, or belongs to another process, as it does in a forked child.
        """
        ...

    def evict(self, lease: ClientIdLease, force: bool = False) -> bool:
        """End a lease whoever holds it, and return whether this call ended it.

        Args:
            lease: The lease, as `leases` lists it.
            force: End it even though its owner lives; that process is not told.

        Raises:
            ClientIdInUse: Its owner lives, and `force` is not set.
        """
        ...

    def leases(self, gateway: str = "") -> tuple[ClientIdLease, ...]:
        """Return the leases at a gateway, or at all of them, by gateway and id, each with its owner's state."""
        ...


@attrs.frozen
class JournalStep:
    """One line of an order's history.

    Attributes:
        time: When it was written, aware UTC.
        step: `intended`, `sent`, `amended`, `withdrawn`, `fill`, or the state that was reported.
        detail: What came with it: ids, a reason, an execution.
    """

    time: datetime
    step: str
    detail: str = ""


RevisionRule = Callable[[str], tuple[str, int]]
"""Splits an execution id into what a trade and all its corrections share, and the correction's number."""


class OrderJournal(Protocol):
    """One broker's orders and fills on disk: the intent before the send, the outcome after.

    When a method returns, a crash of this process loses nothing of what it wrote. What `intend` wrote
    survives the loss of power as well, and so does all that was written before it, or before `sync`:
    the rest is news of the broker's, who can be asked again.
    """

    def together(self) -> AbstractContextManager[None]:
        """Write all that is written inside the block in one transaction, or none of it.

        Only this thread may write meanwhile, and not what must survive the loss of power: no `intend`.
        """
        ...

    def sync(self) -> None:
        """Have all that was written so far survive the loss of power too."""
        ...

    def intend(self, order: Order, ids: Mapping[str, BrokerIds] | None = None) -> None:
        """Write down that an order is about to be sent, with its children. Send it only after this returns.

        Args:
            order: The order; it stands in the journal as pending, and so do its children.
            ids: Broker ids chosen already, by the `order_ref` of the order or child they are for.

        Raises:
            DuplicateOrder: The `order_ref`, or a child's, is in the journal already: do not send.
            InvalidArgument: A value in `broker_parameters` or `algo_parameters` cannot be stored.
            StoreError: The journal cannot be written: do not send.
        """
        ...

    def withdraw(self, order_ref: str) -> None:
        """Take an intent back, with its children, after it became certain that nothing was sent.

        The same order may then be placed again.

        Raises:
            MissingOrder: It is not in the journal.
            OrderCannotBeCancelled: It was sent, or the broker has reported on it.
        """
        ...

    def sent(self, *order_refs: str) -> None:
        """Write down that orders have left for the broker.

        Raises:
            MissingOrder: One is not in the journal.
        """
        ...

    def update(self, order_ref: str, state: OrderState, ids: BrokerIds | None = None, reason: str = "") -> bool:
        """Write down what the broker says of an order, and return whether any of it is new.

        A final state stays: a later state is not taken. Of `ids`, only what is not blank is taken.

        Raises:
            MissingOrder: It is not in the journal.
        """
        ...

    def amend(self, order: Order) -> None:
        """Write down an order's instruction as it stands now, after a modification.

        Raises:
            MissingOrder: It is not in the journal.
        """
        ...

    def record_fills(self, fills: Iterable[Fill], revision: RevisionRule | None = None) -> tuple[Fill, ...]:
        """Write down executions, and return those that are new, in the order given.

        An execution counts once, however often it comes, in whatever order, and whatever state its
        order is in. A correction takes the place of what it corrects, and is new; what it corrects
        is not, even when it comes after it. The `order_ref` need not be in the journal.

        Args:
            fills: Executions, of any orders.
            revision: How execution ids tell corrections apart. Without it, `Fill.corrects` does.
        """
        ...

    def record_commission(self, execution_id: str, commission: Money) -> bool:
        """Write down what an execution cost, and return whether that is new.

        It may come before the execution itself.
        """
        ...

    def mark_told(self, execution_ids: Iterable[str] = (), order_refs: Iterable[str] = ()) -> None:
        """Write down that listeners heard of executions, and of how orders ended. What is not known is passed over."""
        ...

    def untold_fills(self) -> tuple[Fill, ...]:
        """Return the executions that no listener is known to have heard of, oldest first.

        A process that was killed between writing and telling leaves them: tell them at the next start.
        """
        ...

    def untold_orders(self) -> tuple[BrokerOrder, ...]:
        """Return the orders that have ended without a listener that is known to have heard of it, oldest first."""
        ...

    def prune(self, before: datetime) -> int:
        """Delete orders that ended and were intended before an aware time, with fills and steps; return how many.

        An order that is open or was not told stays, and so does its family. A pruned `order_ref` is forgotten:
        it would be taken as a new one.
        """
        ...

    def order(self, order_ref: str) -> BrokerOrder:
        """Return what is known of an order.

        Raises:
            MissingOrder: It is not in the journal.
        """
        ...

    def order_with_perm_id(self, perm_id: str) -> BrokerOrder:
        """Return what is known of the newest order with that lasting id of the broker's.

        Raises:
            MissingOrder: None in the journal has it.
        """
        ...

    def orders(self, since: datetime | None = None) -> tuple[BrokerOrder, ...]:
        """Return the orders and children intended at or after an aware time, or all, oldest first."""
        ...

    def open_orders(self) -> tuple[BrokerOrder, ...]:
        """Return the orders and children whose state is not final, oldest first: those to ask the broker about."""
        ...

    def unresolved_orders(self) -> tuple[BrokerOrder, ...]:
        """Return those open orders of which nobody knows whether the broker has them, oldest first.

        They are pending or unknown; `submitted` is None where not even the send is certain.
        """
        ...

    def fills(self, since: datetime | None = None) -> tuple[Fill, ...]:
        """Return the executions at or after an aware time, or all, oldest first, corrections replaced."""
        ...

    def history(self, order_ref: str) -> tuple[JournalStep, ...]:
        """Return every step written about an order, oldest first; empty when there is none."""
        ...

    def highest_order_id(self, client_id: int) -> int:
        """Return the highest numeric order id this store has seen for a client id; 0 when it has seen none.

        It covers every broker in the store, and never falls, whatever a restarted gateway counts from.
        """
        ...

    def saw_order_id(self, client_id: int, order_id: int) -> None:
        """Write down an order id seen in use, so that `highest_order_id` covers it."""
        ...


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
