"""Events: what a broker reports unasked, delivered to every listener."""

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
    """Whether the broker can be reached.

    Attributes:
        CONNECTED: It can.
        RECONNECTING: The connection is lost, and the plugin is restoring it.
        DISCONNECTED: The connection is lost, and is not being restored now.
        CLOSED: `close` was called.
    """

    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    DISCONNECTED = "disconnected"
    CLOSED = "closed"


@attrs.frozen
class CommissionReport:
    """The commission of one execution, as the broker reported it.

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
    """The state of the connection to the broker changed.

    Attributes:
        state: The new state.
        reason: Why, in the broker's own words if it gives any.
        time: Aware UTC.
    """

    state: ConnectionState
    reason: str
    time: datetime


@attrs.frozen
class DataGap:
    """A period for which events or prices may be missing.

    Attributes:
        start: The last time for which nothing is missing, aware UTC.
        end: The first time from which nothing is missing again, aware UTC.
        reason: What happened.
        contract: What is affected; None for everything.
    """

    start: datetime
    end: datetime
    reason: str
    contract: FuturesContract | FxPair | None = None


Event = BrokerOrder | Fill | CommissionReport | Position | ConnectionChange | DataGap


class Events(Protocol):
    """The events that a listener can receive. Each object passed is immutable.

    When `on_fill` is called, the new totals of the order and the position can already be read.
    A listener may place, modify and cancel orders. Events of one order arrive in sequence: an execution is told
    before any state of the order that counts it.
    """

    @event_hook
    def on_order_status(self, order: BrokerOrder) -> None:
        """Receive an order whose state changed."""
        ...

    @event_hook
    def on_fill(self, fill: Fill) -> None:
        """Receive an execution, once each; corrections and late ones are marked as such."""
        ...

    @event_hook
    def on_commission(self, report: CommissionReport) -> None:
        """Receive the commission of an execution."""
        ...

    @event_hook
    def on_position(self, position: Position) -> None:
        """Receive a position that changed; its quantity is 0 if it was closed."""
        ...

    @event_hook
    def on_connection(self, change: ConnectionChange) -> None:
        """Receive a change of the connection to the broker."""
        ...

    @event_hook
    def on_data_gap(self, gap: DataGap) -> None:
        """Receive a period for which events or prices may be missing."""
        ...
