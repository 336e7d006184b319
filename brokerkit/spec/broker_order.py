"""A broker's view of an order: its state, its fills, its ids."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.errors import InvalidArgument
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.money import ARITHMETIC, Money
from brokerkit.spec.order import Order


class OrderState(enum.Enum):
    """The state of an order.

    Attributes:
        PENDING: On its way: the broker has not acknowledged it.
        WORKING: The broker has it; it may have filled in part. A stop that waits for its trigger works, too.
        PENDING_CANCEL: A cancel was requested and not confirmed; it may fill first.
        FILLED: Filled whole. Final.
        CANCELLED: Ended before it was filled whole, on request, by the broker, or as an IOC order. Final.
        REJECTED: Refused by the broker. Final.
        EXPIRED: Its time was up. Final.
        UNKNOWN: It was sent, and nobody knows whether it arrived. It never means rejected.
    """

    PENDING = "pending"
    WORKING = "working"
    PENDING_CANCEL = "pending_cancel"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @property
    def is_final(self) -> bool:
        """Whether no other state can follow. A late fill may still arrive, and is reported."""
        return self in _FINAL


_FINAL = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED})


class OrderOrigin(enum.Enum):
    """Who placed an order, as seen from this broker object.

    Attributes:
        OURS: This broker object, or an earlier session of it that the plugin knows of.
        OTHER_CLIENT: Another session or program, through the broker's API.
        MANUAL: A person, in the broker's own software.
    """

    OURS = "ours"
    OTHER_CLIENT = "other client"
    MANUAL = "manual"


@attrs.frozen
class BrokerIds:
    """The broker's own ids for an order: attributes of it, never its identity.

    Attributes:
        account: The account that it trades for.
        client_id: The session that placed it, if the broker has client ids.
        order_id: The broker's id for it in that session.
        perm_id: The broker's permanent id.
    """

    account: str = ""
    client_id: int | None = None
    order_id: str = ""
    perm_id: str = ""


@attrs.frozen
class Fill:
    """One execution: a number of lots at one price. An order's totals are the sum of its fills.

    Attributes:
        execution_id: The broker's id; each is counted once.
        order_ref: The order that it belongs to.
        contract: What was traded: always a single contract; for a spread, that of the leg.
        quantity: Signed whole lots.
        price: In the instrument's quoted units.
        time: Aware UTC.
        account: The account that it belongs to.
        leg: The position of the contract among its order's legs.
        commission: None until the broker reports it, then exact.
        corrects: The execution id that this one replaces; empty for a new execution.
        late: Whether it arrived after the order's final state.
    """

    execution_id: str
    order_ref: str
    contract: FuturesContract | FxPair
    quantity: int
    price: Decimal
    time: datetime
    account: str = ""
    leg: int = 0
    commission: Money | None = None
    corrects: str = ""
    late: bool = False


@attrs.frozen
class BrokerOrder:
    """A broker's view of an order at one moment. It is immutable; ask again for a newer one.

    Attributes:
        order: The current instruction, including modified prices and quantities.
        state: Its state.
        ids: The broker's own ids for it.
        fills: Its executions so far, in order of arrival, with corrections applied.
        reason: Why it was rejected, cancelled or held, in the broker's words.
        origin: Who placed it.
        submitted: When it was sent, aware UTC; None if the broker does not say.
        updated: When this view was made, aware UTC.
    """

    order: Order
    state: OrderState
    ids: BrokerIds = BrokerIds()
    fills: tuple[Fill, ...] = ()
    reason: str = ""
    origin: OrderOrigin = OrderOrigin.OURS
    submitted: datetime | None = None
    updated: datetime | None = None

    @property
    def order_ref(self) -> str:
        """The identity of the order."""
        return self.order.order_ref

    @property
    def filled(self) -> tuple[int, ...]:
        """Signed lots filled so far, one per leg: the sum of the fills."""
        totals = [0] * len(self.order.quantity)
        for fill in self.fills:
            totals[fill.leg] += fill.quantity
        return tuple(totals)

    @property
    def remaining(self) -> tuple[int, ...]:
        """Signed lots not yet filled, one per leg."""
        return tuple(ordered - done for ordered, done in zip(self.order.quantity, self.filled, strict=True))

    def average_price(self, leg: int = 0) -> Decimal | None:
        """Return the exact volume-weighted price of a leg's fills; None before the first fill.

        Args:
            leg: Which leg of a spread, counted from 0.

        Raises:
            InvalidArgument: The order has no such leg.
        """
        if not 0 <= leg < len(self.order.quantity):
            raise InvalidArgument(f"{self.order.contract} has no leg {leg}.", remedy="Legs are counted from 0.")
        lots = [(abs(fill.quantity), fill.price) for fill in self.fills if fill.leg == leg]
        total = sum(quantity for quantity, _ in lots)
        paid = Decimal(0)
        for quantity, price in lots:
            paid = ARITHMETIC.fma(price, quantity, paid)
        return ARITHMETIC.divide(paid, total) if total else None

    @property
    def commissions(self) -> tuple[Money, ...] | None:
        """Total commission, one amount per currency; None until every fill's commission is known."""
        totals: dict[str, Money] = {}
        for fill in self.fills:
            if fill.commission is None:
                return None
            paid = fill.commission
            totals[paid.currency] = totals[paid.currency] + paid if paid.currency in totals else paid
        return tuple(totals.values()) if self.fills else None


class HasOrderRef(Protocol):
    """Anything that identifies an order: an `Order`, a `BrokerOrder` or an `OrderControl`."""

    @property
    def order_ref(self) -> str:
        """The identity of the order."""
        ...


class OrderControl(Protocol):
    """A live handle on a placed order: poll it, or wait for it."""

    @property
    def order_ref(self) -> str:
        """The identity of the order."""
        ...

    @property
    def children(self) -> tuple[OrderControl, ...]:
        """Handles on the order's children; empty when it has none."""
        ...

    def current(self) -> BrokerOrder:
        """Return the latest view of the order, without asking the broker again."""
        ...

    def wait(self, timeout: float = 60.0) -> BrokerOrder:
        """Wait until the order's state is final, and return that view.

        By then listeners have received that state and its fills, unless they take more than a few seconds. On a
        simulated broker whose clock the caller drives, waiting moves that clock.

        Args:
            timeout: The most seconds to wait, by the broker's clock.

        Raises:
            RequestTimedOut: It was not final in time; the order is not affected.
            WrongArgumentType: The timeout is not an int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
        """
        ...
