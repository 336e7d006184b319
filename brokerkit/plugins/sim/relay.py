"""The way from the exchange's events to the broker's listeners."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from brokerkit.plugins.sim.exchange.delivery import EVENT_KINDS, EventKind
from brokerkit.plugins.sim.once_each import OnceEach
from brokerkit.spec.broker_order import Fill

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange import Exchange
    from brokerkit.spec.lifecycle import Services


class Relay:
    """Passes on the events that somebody hears: the exchange does not make the others."""

    def __init__(self, exchange: Exchange, services: Services) -> None:
        self._exchange = exchange
        self._has_listener = services.has_listener
        self._tell: dict[EventKind, Callable[[Any], None]] = dict.fromkeys(EVENT_KINDS, services.emit)
        self._tell[Fill] = OnceEach(services.emit, exchange)
        self._passed_on: set[EventKind] = set()
        services.watch_listeners(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Begin and stop passing events on, as listeners came and went."""
        for kind, tell in self._tell.items():
            if self._has_listener(kind) is (kind in self._passed_on):
                continue
            if kind in self._passed_on:
                self._passed_on.remove(kind)
                self._exchange.unlisten(kind, tell)
            else:
                self._passed_on.add(kind)
                self._exchange.listen(kind, tell)
