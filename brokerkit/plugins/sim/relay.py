"""Passing the exchange's events to the broker's listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange.delivery import EVENT_KINDS, EventKind

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange import Exchange
    from brokerkit.spec.lifecycle import Services


class Relay:
    """Passes on the events that have listeners, each once: the exchange does not build the others."""

    def __init__(self, exchange: Exchange, services: Services) -> None:
        self._exchange = exchange
        self._has_listener = services.has_listener
        self._tell = services.emit
        self._passed_on: set[EventKind] = set()
        services.watch_listeners(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Start and stop passing events on, to match the current listeners."""
        for kind in EVENT_KINDS:
            if self._has_listener(kind) is (kind in self._passed_on):
                continue
            if kind in self._passed_on:
                self._passed_on.remove(kind)
                self._exchange.unlisten(kind, self._tell)
            else:
                self._passed_on.add(kind)
                self._exchange.listen(kind, self._tell, once_each=True)
