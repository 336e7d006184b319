"""What a broker tells without being asked: events, fanned out to every listener."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Protocol

import attrs

from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.hooks import event_hook
from brokerkit.spec.money import Money
from brokerkit.spec.positions import Position


class ConnectionState(enum.Enum):
    """Whether the broker can be reached."""

    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


@attrs.frozen
class CommissionReport:
    """What one execution cost, as the broker reported it.

    Attributes:
        execution_id: The execution that it belongs to.
        order_ref: The order that the execution belongs to.
        commission: Exact; negative for a rebate.
        time: Aware UTC.
    """

    execution_id: str
    order_ref: str
    commission: Money
    time: datetime


@attrs.frozen
class ConnectionChange:
    """The line to the broker changed.

    Attributes:
        state: The new state.
        reason: Why, in the broker's words where it has any.
        time: Aware UTC.
    """

    state: ConnectionState
    reason: str
    time: datetime


@attrs.frozen
class DataGap:
    """A stretch of time for which events or prices may be missing.

    Attributes:
        start: The last moment known to be whole, aware UTC.
        end: The first moment known to be whole again, aware UTC.
        reason: What happened.
        contract: What is affected; None for everything.
    """

    start: datetime
    end: datetime
    reason: str
    contract: FuturesContract | FxPair | None = None


Event = BrokerOrder | Fill | CommissionReport | Position | ConnectionChange | DataGap


class Events(Protocol):
    """What a listener may hear. Each object passed is immutable.

    When `on_fill` is called, the order's and the position's new totals can already be read.
    A listener may place, modify and cancel orders. Events of one order come in order.
    """

    @event_hook
    def on_order_status(self, order: BrokerOrder) -> None:
        """Hear that an order's state changed."""
        ...

    @event_hook
    def on_fill(self, fill: Fill) -> None:
        """Hear of an execution: once each, corrections and late ones marked as such."""
        ...

    @event_hook
    def on_commission(self, report: CommissionReport) -> None:
        """Hear what an execution cost."""
        ...

    @event_hook
    def on_position(self, position: Position) -> None:
        """Hear that a position changed; quantity 0 when it was closed."""
        ...

    @event_hook
    def on_connection(self, change: ConnectionChange) -> None:
        """Hear that the line to the broker changed."""
        ...

    @event_hook
    def on_data_gap(self, gap: DataGap) -> None:
        """Hear that events or prices may be missing for a while."""
        ...
