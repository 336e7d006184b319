"""An order as the exchange holds it, which is also the client's handle on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange.entries import FILL, Execution, ExecutionRow
from brokerkit.plugins.sim.exchange.units import time_of
from brokerkit.spec.broker_order import BrokerIds, BrokerOrder, Fill, OrderOrigin, OrderState
from brokerkit.spec.order import Order

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.ledger import Account, Holding
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.venue import Venue

NOWHERE, QUEUE, DOWN, UP, WAITING, HELD, IN_FLIGHT, UNPRICED = range(8)
"""Where the exchange keeps an order: see `book`."""

_PENDING, _OURS = OrderState.PENDING, OrderOrigin.OURS

CHANGE_BITS = 32
"""An order's priority is its number, shifted left by this many bits, plus a count of modifications: a modified order
goes behind all orders that arrived before the modification, and ahead of all that arrived after it."""


class LiveOrder:
    """A working order and the client's handle on it; it implements `OrderControl`.

    Attributes:
        venue: Its exchange.
        number: The exchange's own number, 1, 2, 3 …: its name in the event log.
        order: The current instruction.
        placed: The instruction as originally placed.
        state: Its true state at the exchange.
        origin: Who placed it.
        client_id: The session that placed it, if known.
        level: Its level on its side of the book; not set until it is first inserted.
        parent: The order that it waits for, if it is a bracket's child.
        children: The handles of its children.
        began_at: For an exit, the price at which it started inside a bar.
        whole: For a bracket's entry, the lots it was placed with; for an exit, what it closes once they are all filled.
    """

    __slots__ = (
        "__weakref__", "account", "ahead", "began_at", "best", "children", "client_id", "filled", "holding", "is_plain",
        "joins", "last_execution", "level", "limit", "linked", "listing", "number", "order", "origin",
        "parent", "place", "placed", "priority", "reason", "remaining", "side", "state", "submitted",
        "trigger", "updated", "venue", "view", "whole",
    )  # fmt: skip

    level: int

    def __init__(
        self, venue: Venue, number: int, order: Order, listing: Listing, account: Account, holding: Holding, now: int
    ) -> None:
        self.venue = venue
        self.number = number
        self.priority = number << CHANGE_BITS
        self.order = self.placed = order
        self.listing = listing
        self.account = account
        self.holding = holding
        quantity = order.quantity[0]
        self.side, self.remaining = (1, quantity) if quantity > 0 else (-1, -quantity)
        self.filled = self.whole = 0
        self.ahead = 0
        self.state = _PENDING
        self.limit: int | None = None
        self.trigger: int | None = None
        self.best: int | None = None
        self.began_at: int | None = None
        self.place = NOWHERE
        self.last_execution: ExecutionRow | None = None
        self.reason = ""
        self.submitted = self.updated = self.joins = now
        self.linked = self.is_plain = False
        self.parent: LiveOrder | None = None
        self.children: tuple[LiveOrder, ...] = ()
        self.client_id: int | None = None
        self.origin = _OURS
        self.view: BrokerOrder | None = None

    @property
    def order_ref(self) -> str:
        """The client's reference of the order."""
        return self.order.order_ref

    @property
    def is_final(self) -> bool:
        """Whether no other state can follow."""
        return self.state.is_final

    def current(self) -> BrokerOrder:
        """Return the latest view of the order that has reached the client."""
        return self.view or self.at_exchange()

    def at_exchange(self) -> BrokerOrder:
        """Return the exchange's own view of the order, regardless of what the client has been told."""
        return self.as_of(self.state, len(self.executions), self.order, self.reason, self.updated)

    def wait(self, timeout: float = 60.0) -> BrokerOrder:
        """Wait until the order is final, and return that view; this moves a clock that the caller drives.

        Raises:
            RequestTimedOut: It was not final in time; the order is not affected.
            WrongArgumentType: The timeout is not an int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
        """
        return self.venue.wait(self, timeout)

    def as_of(self, state: OrderState, fills: int, order: Order, reason: str, updated: int) -> BrokerOrder:
        """Return the view of the order at an earlier moment."""
        return BrokerOrder(
            order=order,
            state=state,
            ids=self.ids,
            fills=self.fills(fills),
            reason=reason,
            origin=self.origin,
            submitted=time_of(self.submitted),
            updated=time_of(updated),
        )

    @property
    def ids(self) -> BrokerIds:
        """The exchange's ids for the order."""
        number = self.number
        return BrokerIds(self.account.name, self.client_id, str(number - self.venue.id_base), str(number))

    @property
    def executions(self) -> list[Execution]:
        """Its executions, oldest first. Each links to the previous one: most orders have one, and need no list."""
        found, row = [], self.last_execution
        while row is not None:
            found.append(Execution(FILL, row[1], self, row))
            row = row[-1]
        return found[::-1]

    def holding_of(self, leg: int) -> Holding:
        """Return its account's holding of one of its contracts."""
        return self.holding

    def fills(self, count: int | None = None) -> tuple[Fill, ...]:
        """Return all executions, or the first `count`, with corrections applied."""
        return tuple(execution.as_fill() for execution in self.standing_executions(count))

    def standing_executions(self, count: int | None = None) -> list[Execution]:
        """Return all executions, or the first `count`, without those that were corrected."""
        executions = self.executions if count is None else self.executions[:count]
        replaced = {execution.corrects for execution in executions}
        return [execution for execution in executions if execution.number not in replaced]

    def __repr__(self) -> str:
        """Return the order's number, state and instruction."""
        return f"<LiveOrder #{self.number} {self.state.value} {self.order}>"
