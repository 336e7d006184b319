"""An order as the exchange holds it, and the handle a client holds on it: one object."""

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
"""An order's priority is its number above these bits, which count changes: one that was changed goes behind all
that came before the change, and before all that came after it."""


class LiveOrder:
    """A working order and the client's handle on it; it implements the contract's `OrderControl`.

    Attributes:
        venue: The exchange it is at.
        number: The exchange's own number, 1, 2, 3 …: the order's name in the event log.
        order: The instruction as it stands now.
        placed: The instruction as it was placed.
        state: Where it truly stands at the exchange.
        origin: Who placed it.
        client_id: The session that placed it, if it said so.
        level: Where in its side of the book it waits; there is none before it first does.
        parent: The order it waits for, when it is a bracket's child.
        children: Handles on its own children.
        began_at: Of an exit, the price at which it began inside a bar.
        whole: Of a bracket's entry, the lots it was placed with; of an exit, what it closes once all those are filled.
    """

    __slots__ = (
        "account", "ahead", "began_at", "best", "children", "client_id", "filled", "holding", "is_plain",
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
        """The client's identity for the order."""
        return self.order.order_ref

    @property
    def is_final(self) -> bool:
        """Whether no later state can follow."""
        return self.state.is_final

    def current(self) -> BrokerOrder:
        """Return the newest view of the order that has reached the client."""
        return self.view or self.at_exchange()

    def at_exchange(self) -> BrokerOrder:
        """Return the exchange's own view of the order, whatever the client has been told."""
        return self.as_of(self.state, len(self.executions), self.order, self.reason, self.updated)

    def wait(self, timeout: float = 60.0) -> BrokerOrder:
        """Return the view in which the order is final, moving a clock that the caller drives.

        Raises:
            RequestTimedOut: It was not final in time; the order goes on as it was.
            WrongArgumentType: The timeout is no int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
        """
        return self.venue.wait(self, timeout)

    def as_of(self, state: OrderState, fills: int, order: Order, reason: str, updated: int) -> BrokerOrder:
        """Return the view of the order at one moment of its life."""
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
        """The exchange's names for the order."""
        number = self.number
        return BrokerIds(self.account.name, self.client_id, str(number - self.venue.id_base), str(number))

    @property
    def executions(self) -> list[Execution]:
        """Its executions, oldest first. Each holds the one before it: most orders have one, and need no list."""
        found, row = [], self.last_execution
        while row is not None:
            found.append(Execution(FILL, row[1], self, row))
            row = row[-1]
        return found[::-1]

    def holding_of(self, leg: int) -> Holding:
        """Return what its account holds of one of its contracts."""
        return self.holding

    def fills(self, count: int | None = None) -> tuple[Fill, ...]:
        """Return the executions, the first `count` of them, corrections replaced."""
        return tuple(execution.as_fill() for execution in self.standing_executions(count))

    def standing_executions(self, count: int | None = None) -> list[Execution]:
        """Return the executions, the first `count` of them, without those that were corrected."""
        executions = self.executions if count is None else self.executions[:count]
        replaced = {execution.corrects for execution in executions}
        return [execution for execution in executions if execution.number not in replaced]

    def __repr__(self) -> str:
        """Return the order's number, state and instruction."""
        return f"<LiveOrder #{self.number} {self.state.value} {self.order}>"
