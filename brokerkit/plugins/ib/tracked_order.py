"""A tracked order: everything that IB has reported about it so far."""

from __future__ import annotations

import math
import threading
from datetime import datetime
from typing import Any

import attrs

from brokerkit.errors import BrokerkitError
from brokerkit.plugins.ib.executions import revision_of
from brokerkit.spec.broker_order import BrokerIds, BrokerOrder, Fill, OrderOrigin, OrderState
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order


@attrs.define(eq=False)
class TrackedOrder:
    """The state of a tracked order; only the desk changes it, and only under the book's lock.

    Attributes:
        order: The order as it is now.
        state: Its state.
        ids: IB's ids for it.
        origin: Who placed it.
        reason: IB's latest text about it.
        submitted: When it was sent.
        submitted_there: The same by the Gateway's clock; None for an order of an earlier session.
        updated: When anything about it last changed.
        parent_ref: The order reference of its parent.
        leg_of_con_id: A spread's legs by IB's contract id.
        ib_order: IB's latest description of it.
        ib_contract: IB's latest description of its contract.
        is_answered: Whether IB has ever responded to it.
        reported_filled: The filled quantity according to IB's status.
        waiting_final: The final state that IB reported before all of its fills arrived.
        refusal: The typed error of its rejection.
        change_refusal: The typed error of the last refused change.
        asked: The order as changed by a change that IB has not responded to yet; None if there is none.
        change_turn: Held while it is changed: IB does not say which of two changes it responds to.
        cancel_sent: Whether a cancel was sent that IB has not refused.
        is_cancel_doubted: Whether IB's next status decides if that cancel arrived.
        is_held: Whether IB was reported to hold it for its parent.
        unseen: How many consecutive readings of IB's lists did not show it.
        is_unsent: Whether it is journalled and about to be sent, so that IB cannot have it yet.
        is_recent: Whether it was placed in this session, or was open when the session started.
        journalled: The executions that were in the journal when this session started to track it.
    """

    order: Order
    state: OrderState = OrderState.PENDING
    ids: BrokerIds = attrs.field(factory=BrokerIds)
    origin: OrderOrigin = OrderOrigin.OURS
    reason: str = ""
    submitted: datetime | None = None
    submitted_there: datetime | None = None
    updated: datetime | None = None
    parent_ref: str = ""
    leg_of_con_id: dict[int, int] = attrs.field(factory=dict)
    ib_order: Any = None
    ib_contract: Any = None
    is_answered: bool = False
    reported_filled: float = 0.0
    waiting_final: OrderState | None = None
    refusal: BrokerkitError | None = None
    change_refusal: BrokerkitError | None = None
    asked: Order | None = None
    change_turn: threading.Lock = attrs.field(factory=threading.Lock)
    cancel_sent: bool = False
    is_cancel_doubted: bool = False
    is_held: bool = False
    unseen: int = 0
    is_unsent: bool = False
    is_recent: bool = False
    journalled: frozenset[str] = frozenset()
    _fills: dict[str, Fill] = attrs.field(factory=dict)
    _view: BrokerOrder | None = None

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Its executions in order of arrival, with corrections applied."""
        return tuple(self._fills.values())

    @property
    def is_complete(self) -> bool:
        """Whether its fills add up to its quantity, on every leg."""
        return self.filled_units >= math.gcd(*self.order.quantity)

    @property
    def filled_units(self) -> int:
        """The unsigned number of units filled on every leg, which is how IB counts orders, including spreads."""
        units = math.gcd(*self.order.quantity)
        totals = [0] * len(self.order.quantity)
        for fill in self._fills.values():
            totals[fill.leg] += fill.quantity
        return min(abs(done) * units // abs(lots) for done, lots in zip(totals, self.order.quantity, strict=True))

    def put_fill(self, fill: Fill) -> Fill | None:
        """Add an execution, and return it marked as a correction or late where it is; None if it is known."""
        trade, number = revision_of(fill.execution_id)
        known = self._fills.get(trade)
        if known is not None:
            if number <= revision_of(known.execution_id)[1]:
                return None
            fill = attrs.evolve(fill, corrects=known.execution_id)
        if self.state.is_final and self.state is not OrderState.FILLED:
            fill = attrs.evolve(fill, late=True)
        self._fills[trade] = fill
        self.changed()
        return fill

    def put_commission(self, execution_id: str, commission: Money) -> Fill | None:
        """Set an execution's commission, and return the fill; None if it was corrected since, or has it already."""
        trade, _ = revision_of(execution_id)
        known = self._fills.get(trade)
        if known is None or known.execution_id != execution_id or known.commission == commission:
            return None
        self._fills[trade] = attrs.evolve(known, commission=commission)
        self.changed()
        return self._fills[trade]

    def changed(self) -> None:
        """Discard the cached view."""
        self._view = None

    def view(self) -> BrokerOrder:
        """Return an immutable view of the order as it is now."""
        if self._view is None:
            self._view = BrokerOrder(
                order=self.order,
                state=self.state,
                ids=self.ids,
                fills=self.fills,
                reason=self.reason,
                origin=self.origin,
                submitted=self.submitted,
                updated=self.updated,
            )
        return self._view
