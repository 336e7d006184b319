"""A listener that keeps every event in the order it came, and can be waited on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from brokerkit import BrokerOrder, Event, Fill

if TYPE_CHECKING:
    from brokerkit import Broker, Subscription

Kind = TypeVar("Kind")


class Recorder:
    """Hears everything that a broker tells.

    Attributes:
        events: What came, in order.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._came = threading.Condition()

    def listen_to(self, broker: Broker) -> Subscription:
        """Hear a broker, until the subscription that comes back is closed."""
        return broker.subscribe(
            on_order_status=self.keep,
            on_fill=self.keep,
            on_commission=self.keep,
            on_position=self.keep,
            on_connection=self.keep,
            on_data_gap=self.keep,
        )

    def keep(self, event: Event) -> None:
        """Keep an event, and wake who waits for it."""
        with self._came:
            self.events.append(event)
            self._came.notify_all()

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return the events of one type, in order."""
        return [event for event in tuple(self.events) if isinstance(event, kind)]

    def views(self, order_ref: str) -> list[BrokerOrder]:
        """Return what was told of an order's state, in order."""
        return [view for view in self.of(BrokerOrder) if view.order_ref == order_ref]

    def fills(self, order_ref: str) -> list[Fill]:
        """Return the executions told of an order, in order."""
        return [fill for fill in self.of(Fill) if fill.order_ref == order_ref]

    def wait_for(self, happened: Callable[[], bool], timeout: float) -> bool:
        """Return whether `happened` came true within so many seconds of real time."""
        with self._came:
            return self._came.wait_for(happened, timeout)
