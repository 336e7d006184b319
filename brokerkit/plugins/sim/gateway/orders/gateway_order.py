"""One order in the gateway."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import attrs

from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract, DeltaNeutralContract
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.spec.order import Order


class Status(str, Enum):
    """IB's order statuses."""

    API_PENDING = "ApiPending"
    PENDING_SUBMIT = "PendingSubmit"
    PRE_SUBMITTED = "PreSubmitted"
    SUBMITTED = "Submitted"
    PENDING_CANCEL = "PendingCancel"
    CANCELLED = "Cancelled"
    FILLED = "Filled"
    INACTIVE = "Inactive"


DONE = frozenset({Status.CANCELLED, Status.FILLED, Status.INACTIVE})


@attrs.frozen
class Leg:
    """One leg of a combination: a listed contract, and its signed ratio when the combination is bought."""

    listed: Listed
    ratio: int


@attrs.define(eq=False)
class GatewayOrder:
    """An order: its terms, ids and progress.

    Attributes:
        order_id: The placing client's order id.
        client_id: The placing client.
        perm_id: The perm id.
        legs: One contract, or the legs of a combination.
        contract: The contract as sent to clients.
        terms: The terms as sent, echoed in every answer.
        ref: The exchange's reference; blank while the exchange does not have the order.
        transmitted: Whether it was transmitted; otherwise it is a draft known only to the gateway.
        by_hand: Whether it was placed by hand, not by a client.
        answers_as: The client id in its orderStatus: another client's, once that has cancelled it.
        replacing: Whether its order at the exchange is being replaced, unseen by the client.
        has_unreported_change: Whether its terms have changed since they were last reported.
        prepared: The checked order for the exchange, not sent yet.
    """

    order_id: int
    client_id: int
    perm_id: int
    legs: tuple[Leg, ...]
    contract: Contract
    terms: OrderTerms
    delta_neutral: DeltaNeutralContract | None = None
    ref: str = ""
    status: Status = Status.API_PENDING
    transmitted: bool = False
    by_hand: bool = False
    why_held: str = ""
    filled: float = 0.0
    cost: float = 0.0
    last_price: float = 0.0
    commission: float | None = None
    commission_currency: str = ""
    parent: GatewayOrder | None = None
    children: list[GatewayOrder] = attrs.field(factory=list)
    leg_fills: list[int] = attrs.field(factory=list)
    completed: datetime | None = None
    end_text: str = ""
    answers_as: int = 0
    replacing: bool = False
    has_unreported_change: bool = False
    prepared: Order | None = None

    def __attrs_post_init__(self) -> None:
        """Start with no leg filled, and the placing client's id in orderStatus."""
        self.leg_fills = [0] * len(self.legs)
        self.answers_as = self.client_id

    def leave_parent(self) -> None:
        """Detach from the parent order."""
        if self.parent is not None and self in self.parent.children:
            self.parent.children.remove(self)

    @property
    def done(self) -> bool:
        """Whether the status is final."""
        return self.status in DONE

    @property
    def is_combo(self) -> bool:
        """Whether it is for a combination."""
        return self.contract.sec_type == "BAG"

    @property
    def remaining(self) -> float:
        """The quantity not filled yet."""
        return max(self.terms.total_quantity - self.filled, 0.0)

    @property
    def next_ref(self) -> str:
        """The reference for the next submission to the exchange, which accepts no reference twice."""
        return f"{self.ref}m" if self.ref else str(self.perm_id)

    @property
    def average_price(self) -> float:
        """The average fill price, or 0."""
        return self.cost / self.filled if self.filled else 0.0

    @property
    def side(self) -> int:
        """1 to buy, -1 to sell."""
        return 1 if self.terms.action == "BUY" else -1

    @property
    def parent_id(self) -> int:
        """The parent's order id, or 0."""
        return self.terms.parent_id
