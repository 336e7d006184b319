"""Telling listeners what happened: in the order it happened, after it is true, and with no lock held."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from brokerkit.plugins.sim.exchange.channel import Channel
from brokerkit.plugins.sim.exchange.journal import (
    COMMISSION,
    CONNECTION,
    FILL,
    GAP,
    POSITION,
    STATUS,
    Entry,
    Execution,
    Line,
    Settlement,
    Status,
)
from brokerkit.plugins.sim.exchange.ledger import Holding
from brokerkit.plugins.sim.exchange.units import time_of
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.events import CommissionReport, ConnectionChange, DataGap
from brokerkit.spec.positions import Position

EventKind = (
    type[BrokerOrder] | type[Fill] | type[CommissionReport] | type[Position] | type[ConnectionChange] | type[DataGap]
)
Listener = Callable[[Any], None]
_KINDS: tuple[EventKind, ...] = (BrokerOrder, Fill, CommissionReport, Position, ConnectionChange, DataGap)


def position_of(holding: Holding, now: int) -> Position | None:
    """Return a holding as the contract's `Position`; None for a currency pair, which is held as cash."""
    contract = holding.listing.contract
    if not isinstance(contract, FuturesContract):
        return None
    return Position(holding.account.name, contract, holding.lots, holding.average_price, time_of(now))


def _view(entry: Entry) -> BrokerOrder | None:
    return entry.live.view if isinstance(entry, (Status, Execution)) else None


class Delivery:
    """Listeners by kind of event, and the place in the log up to which they have been told.

    One thread at a time delivers; another that has news meanwhile leaves it to the first. An event
    that nobody listens to is never built.
    """

    def __init__(self, journal: list[Entry], lock: threading.RLock) -> None:
        self.journal = journal
        self.channel: Channel | None = None
        self._lock = lock
        self.told = 0
        self.anybody = False
        self._busy = threading.Lock()
        self._listeners: dict[EventKind, tuple[Listener, ...]] = dict.fromkeys(_KINDS, ())

    def listen(self, kind: EventKind, listener: Listener) -> None:
        """Have a listener told of every event of a kind from now on."""
        self._listeners[kind] = (*self._listeners[kind], listener)
        if not self.anybody and self.channel is None:
            self.told = len(self.journal)
        self.anybody = True

    def unlisten(self, kind: EventKind, listener: Listener) -> None:
        """Stop telling a listener."""
        self._listeners[kind] = tuple(one for one in self._listeners[kind] if one != listener)
        self.anybody = any(self._listeners.values())

    def deliver(self) -> None:
        """Tell the listeners all that is new, unless another call is doing it already."""
        journal = self.journal
        if not self.anybody and self.channel is None:
            self.told = len(journal)
            return
        while self.told < len(journal) and self._busy.acquire(blocking=False):
            try:
                while self.told < len(journal):
                    entry = journal[self.told]
                    self.told += 1
                    if self.channel is None:
                        self.tell(entry)
                    else:
                        self._tell_through(self.channel, entry)
            finally:
                self._busy.release()

    def _tell_through(self, channel: Channel, entry: Entry) -> None:
        """Tell what a faulty line lets through, each with the view that the client has by then."""
        told: list[tuple[Entry, BrokerOrder | None]] = []
        with self._lock:
            channel.carry(entry, lambda one: told.append((one, _view(one))))
        for one, view in told:
            self.tell(one, view)

    def tell(self, entry: Entry, view: BrokerOrder | None = None) -> None:
        """Tell the listeners of one entry."""
        listeners = self._listeners
        kind = entry.kind
        if kind == FILL and isinstance(entry, Execution):
            self._tell_execution(entry, view)
        elif kind == STATUS and isinstance(entry, Status):
            for listener in listeners[BrokerOrder]:
                listener(view or entry.as_view())
        elif kind == COMMISSION and isinstance(entry, Execution):
            for listener in listeners[CommissionReport]:
                listener(entry.as_commission())
        elif kind == POSITION and isinstance(entry, Settlement):
            self._tell_position(entry.holding, entry.time)
        elif kind in (CONNECTION, GAP) and isinstance(entry, Line):
            self._tell_line(entry)

    def _tell_execution(self, execution: Execution, seen: BrokerOrder | None) -> None:
        listeners = self._listeners
        if listeners[Fill]:
            fill = execution.as_fill()
            for listener in listeners[Fill]:
                listener(fill)
        if listeners[BrokerOrder]:
            view = seen or execution.as_view()
            for listener in listeners[BrokerOrder]:
                listener(view)
        if execution.reported:
            for listener in listeners[CommissionReport]:
                listener(execution.as_commission())
        self._tell_position(execution.holding, execution.time)

    def _tell_position(self, holding: Holding, time: int) -> None:
        if not self._listeners[Position]:
            return
        position = position_of(holding, time)
        if position is not None:
            for listener in self._listeners[Position]:
                listener(position)

    def _tell_line(self, line: Line) -> None:
        if line.kind == GAP:
            gap = DataGap(time_of(line.since), time_of(line.time), line.reason)
            for listener in self._listeners[DataGap]:
                listener(gap)
            return
        change = ConnectionChange(line.state, line.reason, time_of(line.time))
        for listener in self._listeners[ConnectionChange]:
            listener(change)
