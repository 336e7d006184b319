"""One order as the gateway holds it."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import attrs

from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract, DeltaNeutralContract
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.spec.order import Order


class Status(str, Enum):
    """IB's words for where an order stands."""

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
    """One leg of a combination, resolved: a contract and its signed ratio for a bought combination."""

    listed: Listed
    ratio: int


@attrs.define(eq=False)
class GatewayOrder:
    """An order: what the client sent, the ids it goes by, and how far it has come.

    Attributes:
        order_id: The placing client's id.
        client_id: The placing client.
        perm_id: The id that lasts.
        legs: What is traded: one contract, or a combination's.
        contract: The contract as answers name it.
        terms: The terms as sent, echoed in every answer.
        ref: The exchange's name for it; blank while the exchange does not have it.
        transmitted: Whether it is more than a draft that only the gateway knows.
        by_hand: Whether no client placed it.
        answers_as: The client id that a status carries: another client's, once that has cancelled it.
        replacing: Whether the exchange's order is being exchanged for another, unseen by the client.
        changed_untold: Whether its terms were changed since they were told last.
        prepared: The order as the exchange takes it, checked and not sent yet.
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
    changed_untold: bool = False
    prepared: Order | None = None

    def __attrs_post_init__(self) -> None:
        """Start with no leg filled, and the placing client in every status."""
        self.leg_fills = [0] * len(self.legs)
        self.answers_as = self.client_id

    def leave_parent(self) -> None:
        """Be no child of the order that it waited for any more."""
        if self.parent is not None and self in self.parent.children:
            self.parent.children.remove(self)

    @property
    def done(self) -> bool:
        """Whether no later status can follow."""
        return self.status in DONE

    @property
    def is_combo(self) -> bool:
        """Whether it is for a combination."""
        return self.contract.sec_type == "BAG"

    @property
    def remaining(self) -> float:
        """What is not filled yet."""
        return max(self.terms.total_quantity - self.filled, 0.0)

    @property
    def next_ref(self) -> str:
        """What the exchange shall call it when it gets it next: it knows no name twice."""
        return f"{self.ref}m" if self.ref else str(self.perm_id)

    @property
    def average_price(self) -> float:
        """The average price of what is filled, or 0."""
        return self.cost / self.filled if self.filled else 0.0

    @property
    def side(self) -> int:
        """1 to buy, -1 to sell."""
        return 1 if self.terms.action == "BUY" else -1

    @property
    def parent_id(self) -> int:
        """The order id of the order it waits for, or 0."""
        return self.terms.parent_id
