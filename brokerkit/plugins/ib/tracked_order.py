"""One order as it is followed: what IB said of it so far."""

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
    """An order's state while it is followed; the desk alone changes it, and only under the book's lock.

    Attributes:
        order: The instruction as it stands now.
        state: Where it stands.
        ids: IB's names for it.
        origin: Who placed it.
        reason: IB's last words on it.
        submitted: When it was sent.
        submitted_there: What the Gateway's clock showed then; None for an order of an earlier session.
        updated: When anything of it changed last.
        parent_ref: The order that it is a child of.
        leg_of_con_id: A spread's legs by IB's contract id.
        ib_order: IB's own description of it, as it came last.
        ib_contract: IB's own description of its contract, as it came last.
        is_answered: Whether IB ever said anything of it.
        reported_filled: What IB's status says is filled.
        waiting_final: The final state that IB reported before all of its fills came.
        refusal: The typed error with which it was refused.
        change_refusal: The typed error with which the last change of it was refused.
        asked: The order as a change would have it that was sent and that IB has not answered; None without one.
        change_turn: Held by who changes it: IB does not say which of two changes it answers.
        cancel_sent: Whether a cancel was sent that IB has not refused.
        is_cancel_doubted: Whether IB's next word decides if that cancel ever arrived.
        is_held: Whether it was told to wait for its parent.
        unseen: How many looks in a row at IB's lists did not show it.
        is_unsent: Whether it is written down and about to be sent: IB cannot know it yet.
        is_recent: Whether it was placed in this session, or was open when it began.
        journalled: The executions that the journal knew when this session began to follow it.
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
        """Its executions in the order they came, corrections replaced."""
        return tuple(self._fills.values())

    @property
    def is_complete(self) -> bool:
        """Whether its fills add up to all that was ordered, on every leg."""
        return self.filled_units >= math.gcd(*self.order.quantity)

    @property
    def filled_units(self) -> int:
        """How many units are filled on every leg, without a sign: as IB counts an order, spreads too."""
        units = math.gcd(*self.order.quantity)
        totals = [0] * len(self.order.quantity)
        for fill in self._fills.values():
            totals[fill.leg] += fill.quantity
        return min(abs(done) * units // abs(lots) for done, lots in zip(totals, self.order.quantity, strict=True))

    def put_fill(self, fill: Fill) -> Fill | None:
        """Count an execution, and return it as it counts: as a correction, as late; None when it is known."""
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
        """Write a commission on its execution, and return that; None when it is not the newest, or known."""
        trade, _ = revision_of(execution_id)
        known = self._fills.get(trade)
        if known is None or known.execution_id != execution_id or known.commission == commission:
            return None
        self._fills[trade] = attrs.evolve(known, commission=commission)
        self.changed()
        return self._fills[trade]

    def changed(self) -> None:
        """Forget the view that was made before a change."""
        self._view = None

    def view(self) -> BrokerOrder:
        """Return the order as it stands, as a value that never changes."""
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
