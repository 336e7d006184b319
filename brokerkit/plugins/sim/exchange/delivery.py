"""Delivering events to listeners: in order, after the state has changed, and without holding a lock."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from brokerkit.plugins.sim.exchange.channel import Channel
from brokerkit.plugins.sim.exchange.entries import (
    FILL,
    GAP,
    STATUS,
    Connection,
    Entry,
    Execution,
    Settlement,
    Status,
    fill_of,
)
from brokerkit.plugins.sim.exchange.journal import Journal
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
EVENT_KINDS: tuple[EventKind, ...] = (BrokerOrder, Fill, CommissionReport, Position, ConnectionChange, DataGap)
"""The kinds of event that can be listened to."""

_EXECUTION_EVENTS: tuple[EventKind, ...] = (BrokerOrder, CommissionReport, Position)
"""The events that an execution causes besides its `Fill`."""


def position_of(holding: Holding, now: int) -> Position | None:
    """Return a holding as a `Position`; None for a currency pair, which is held as cash."""
    contract = holding.listing.contract
    if not isinstance(contract, FuturesContract):
        return None
    return Position(holding.account.name, contract, holding.lots, holding.average_price, time_of(now))


def _view(entry: Entry) -> BrokerOrder | None:
    return entry.live.view if isinstance(entry, (Status, Execution)) else None


class Delivery:
    """Listeners by kind of event, the position in the log up to which rows were taken, and those not delivered yet.

    One thread at a time delivers; another thread with new events leaves them to the first. Events
    without a listener are never built.

    Attributes:
        taken: How many rows of the log were taken; it was delivered if there are no more, and none is left.
        left: The rows that were taken and not delivered yet.
        fills_only: Whether only fills are delivered of orders and executions, over a sound connection.
    """

    def __init__(self, journal: Journal, lock: threading.RLock) -> None:
        self.journal = journal
        self.channel: Channel | None = None
        self._lock = lock
        self.taken = 0
        self.left: deque[Any] = deque()
        self.has_listeners = False
        self.fills_only = True
        self._busy = threading.Lock()
        self._deliverer = self._forgotten = 0
        self._listeners: dict[EventKind, tuple[Listener, ...]] = dict.fromkeys(EVENT_KINDS, ())
        self._once_each: list[Listener] = []
        self._latest = ""

    def listen(self, kind: EventKind, listener: Listener, *, once_each: bool) -> None:
        """Call a listener for every event of a kind from now on; with `once_each`, once per fill."""
        self._skip_unheard()
        self._listeners[kind] = (*self._listeners[kind], listener)
        if once_each and kind is Fill:
            self._once_each.append(listener)
        self._count_listeners()

    def unlisten(self, kind: EventKind, listener: Listener) -> None:
        """Remove a listener."""
        self._listeners[kind] = tuple(one for one in self._listeners[kind] if one != listener)
        if kind is Fill and listener in self._once_each:
            self._once_each.remove(listener)
        self._count_listeners()

    def _count_listeners(self) -> None:
        kinds = {kind for kind, listeners in self._listeners.items() if listeners}
        self.has_listeners = bool(kinds)
        self.fills_only = self.channel is None and kinds.isdisjoint(_EXECUTION_EVENTS)

    def use_channel(self, channel: Channel) -> None:
        """From now on, deliver everything through a connection that can be faulty."""
        self._skip_unheard()
        self.channel = channel
        self._count_listeners()

    def _skip_unheard(self) -> None:
        """Mark events without a listener as taken, before a listener for them is added; the exchange is locked."""
        rows = self.journal.rows
        if not self.has_listeners and self.channel is None:
            self.taken = len(rows)
            if self.left and self._busy.acquire(False):  # a listener raised, and was then removed
                self.left.clear()
                self._busy.release()
        elif self.fills_only:
            while self.taken < len(rows) and self.journal.is_status(self.taken):
                self.taken += 1

    def deliver(self) -> None:
        """Deliver everything new to the listeners, unless another call is doing so already.

        If there are listeners for fills only, no entries are built from the rows of the log.
        """
        if not self.has_listeners and self.channel is None and not self.left:
            self._take()
            return
        rows = self.journal.rows
        while (self.left or self.taken < len(rows)) and self._busy.acquire(False):
            self._deliverer = threading.get_ident()
            try:
                if not self.left:
                    self._take()
                if self.fills_only:
                    self._deliver_fills()
                elif self.left:
                    self._deliver_next(self.journal.entry_of(self.left.popleft()))
            finally:
                self._deliverer = 0
                self._busy.release()

    def _take(self) -> None:
        """Take what is new in the log, with the exchange locked: no listener comes, and nothing happens, in between."""
        with self._lock:
            rows = self.journal.rows
            if self.has_listeners or self.channel is not None:
                self.left.extend(rows[self.taken :])
            self.taken = len(rows)

    def hear_out(self, timeout: float) -> None:
        """Return once everything so far was delivered, or after so many seconds; in a listener, return at once."""
        if self._deliverer == threading.get_ident():
            return
        end, wanted, is_heard = time.monotonic() + timeout, self._forgotten + len(self.journal.rows), False
        while not is_heard:
            self.deliver()
            if not self._busy.acquire(timeout=max(end - time.monotonic(), 0.0)):
                return
            is_heard = not self.left and self._forgotten + self.taken >= wanted
            self._busy.release()
        self.deliver()  # what another call left to this one, which seemed to be delivering

    def forget(self, before: int) -> tuple[int, int]:
        """Drop the delivered log up to an instant; return how many rows were dropped, and up to which instant.

        While another call is delivering, nothing is dropped.
        """
        self._skip_unheard()
        if self.left or not self._busy.acquire(False):
            return 0, 0
        try:
            dropped, instant = self.journal.forget(before, self.taken)
            self.taken -= dropped
            self._forgotten += dropped
        finally:
            self._busy.release()
        return dropped, instant

    def _deliver_fills(self) -> None:
        """Deliver everything but order states, for as long as these have no listener."""
        lives, left = self.journal.lives, self.left
        while left and self.fills_only:
            row = left.popleft()
            if row.__class__ is int or (kind := row[0]) == STATUS:
                continue
            if kind == FILL:
                _notify(self._listeners[Fill], fill_of(lives[row[2]], row))
            else:
                self.deliver_entry(row)

    def _deliver_next(self, entry: Entry) -> None:
        if self.channel is None:
            self.deliver_entry(entry)
        else:
            self._deliver_through(self.channel, entry)

    def _deliver_through(self, channel: Channel, entry: Entry) -> None:
        """Deliver what a faulty connection lets through, each with the client's view at that point."""
        found: list[tuple[Entry, BrokerOrder | None]] = []
        with self._lock:
            channel.carry(entry, lambda one: found.append((one, _view(one))))
        self._deliver_each(found)

    def _deliver_each(self, found: list[tuple[Entry, BrokerOrder | None]]) -> None:
        for at, (one, view) in enumerate(found):
            try:
                self.deliver_entry(one, view)
            except BaseException:
                self._deliver_each(found[at + 1 :])
                raise

    def deliver_entry(self, entry: Entry, view: BrokerOrder | None = None) -> None:
        """Deliver one entry to its listeners."""
        if isinstance(entry, Execution):
            if entry[0] == FILL:
                self._deliver_execution(entry, view)
            elif listeners := self._listeners[CommissionReport]:
                _notify(listeners, entry.as_commission())
        elif isinstance(entry, Status):
            if listeners := self._listeners[BrokerOrder]:
                _notify(listeners, view or entry.as_view())
        elif isinstance(entry, Settlement):
            self._deliver_position(entry.holding, entry.time)
        elif isinstance(entry, Connection):
            self._deliver_connection(entry)

    def _deliver_execution(self, execution: Execution, seen: BrokerOrder | None) -> None:
        """Deliver all events of an execution, even if a listener raises."""
        try:
            self._deliver_fill(execution)
        finally:
            try:
                if listeners := self._listeners[BrokerOrder]:
                    _notify(listeners, seen or execution.as_view())
            finally:
                self._deliver_booking(execution)

    def _deliver_fill(self, execution: Execution) -> None:
        listeners = self._listeners[Fill]
        if not listeners:
            return
        fill = execution.as_fill()
        if fill.execution_id == self._latest:  # a connection repeats a fill before it delivers another
            listeners = tuple(one for one in listeners if one not in self._once_each)
        self._latest = fill.execution_id
        _notify(listeners, fill)

    def _deliver_booking(self, execution: Execution) -> None:
        try:
            if execution.reported and (listeners := self._listeners[CommissionReport]):
                _notify(listeners, execution.as_commission())
        finally:
            self._deliver_position(execution.holding, execution.time)

    def _deliver_position(self, holding: Holding, time: int) -> None:
        if (listeners := self._listeners[Position]) and (position := position_of(holding, time)) is not None:
            _notify(listeners, position)

    def _deliver_connection(self, entry: Connection) -> None:
        if entry.kind == GAP:
            _notify(self._listeners[DataGap], DataGap(time_of(entry.since), time_of(entry.time), entry.reason))
        else:
            change = ConnectionChange(entry.state, entry.reason, time_of(entry.time))
            _notify(self._listeners[ConnectionChange], change)


def _notify(listeners: tuple[Listener, ...], event: object) -> None:
    """Call every listener with an event; if one raises, call the others before the exception propagates."""
    for at, listener in enumerate(listeners):
        try:
            listener(event)
        except BaseException:
            _notify(listeners[at + 1 :], event)
            raise
