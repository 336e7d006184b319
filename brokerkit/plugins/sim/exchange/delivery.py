"""Delivering events to listeners: in order, after the state has changed, and without holding a lock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from brokerkit.plugins.sim.exchange.channel import Channel
from brokerkit.plugins.sim.exchange.entries import (
    FILL,
    GAP,
    STATUS,
    Entry,
    Execution,
    Line,
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

_OF_AN_EXECUTION: tuple[EventKind, ...] = (BrokerOrder, CommissionReport, Position)
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
    """Listeners by kind of event, and the position in the log up to which events were delivered.

    One thread at a time delivers; another thread with new events leaves them to the first. Events
    without a listener are never built.

    Attributes:
        told: How many rows of the log have been delivered.
        only_fills_heard: Whether only fills are delivered of orders and executions, over a sound connection.
    """

    def __init__(self, journal: Journal, lock: threading.RLock) -> None:
        self.journal = journal
        self.channel: Channel | None = None
        self._lock = lock
        self.told = 0
        self.anybody = False
        self.only_fills_heard = True
        self._busy = threading.Lock()
        self._listeners: dict[EventKind, tuple[Listener, ...]] = dict.fromkeys(EVENT_KINDS, ())
        self._once_each: list[Listener] = []
        self._carried: set[str] = set()

    def listen(self, kind: EventKind, listener: Listener, *, once_each: bool) -> None:
        """Call a listener for every event of a kind from now on; with `once_each`, once per fill."""
        self._pass_over()
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
        heard = {kind for kind, listeners in self._listeners.items() if listeners}
        self.anybody = bool(heard)
        self.only_fills_heard = self.channel is None and heard.isdisjoint(_OF_AN_EXECUTION)

    def carry_through(self, channel: Channel) -> None:
        """From now on, deliver everything through a connection that can be faulty."""
        self._pass_over()
        self.channel = channel
        self._count_listeners()

    def _pass_over(self) -> None:
        """Mark events without a listener as delivered, before a listener for them is added."""
        rows = self.journal.rows
        if not self.anybody and self.channel is None:
            self.told = len(rows)
        elif self.only_fills_heard and self._busy.acquire(False):
            try:
                while self.told < len(rows) and self.journal.is_status(self.told):
                    self.told += 1
            finally:
                self._busy.release()

    def deliver(self) -> None:
        """Deliver everything new to the listeners, unless another call is doing so already.

        If there are listeners for fills only, no entries are built from the rows of the log.
        """
        rows = self.journal.rows
        if not self.anybody and self.channel is None:
            self.told = len(rows)
            return
        while self.told < len(rows) and self._busy.acquire(False):
            try:
                if self.only_fills_heard:
                    self._tell_fills(rows)
                else:
                    self.told += 1
                    self._tell_entry(self.journal.entry(self.told - 1))
            finally:
                self._busy.release()

    def forget(self, before: int) -> tuple[int, int]:
        """Drop the delivered log up to an instant; return how many rows were dropped, and up to which instant.

        While another call is delivering, nothing is dropped.
        """
        self._pass_over()
        if not self._busy.acquire(False):
            return 0, 0
        try:
            dropped, instant = self.journal.forget(before, self.told)
            self.told -= dropped
        finally:
            self._busy.release()
        return dropped, instant

    def _tell_fills(self, rows: list[Any]) -> None:
        """Deliver everything but order states, for as long as these have no listener."""
        lives, at = self.journal.lives, self.told
        for row in rows[at:]:
            at += 1
            if row.__class__ is int or (kind := row[0]) == STATUS:
                continue
            self.told = at
            if kind == FILL:
                _tell_all(self._listeners[Fill], fill_of(lives[row[2]], row))
            else:
                self.tell(row)
            if not self.only_fills_heard:
                return
        self.told = at

    def _tell_entry(self, entry: Entry) -> None:
        if self.channel is None:
            self.tell(entry)
        else:
            self._tell_through(self.channel, entry)

    def _tell_through(self, channel: Channel, entry: Entry) -> None:
        """Deliver what a faulty connection lets through, each with the client's view at that point."""
        told: list[tuple[Entry, BrokerOrder | None]] = []
        with self._lock:
            channel.carry(entry, lambda one: told.append((one, _view(one))))
        self._tell_each(told)

    def _tell_each(self, told: list[tuple[Entry, BrokerOrder | None]]) -> None:
        for at, (one, view) in enumerate(told):
            try:
                self.tell(one, view)
            except BaseException:
                self._tell_each(told[at + 1 :])
                raise

    def tell(self, entry: Entry, view: BrokerOrder | None = None) -> None:
        """Deliver one entry to its listeners."""
        if isinstance(entry, Execution):
            if entry[0] == FILL:
                self._tell_execution(entry, view)
            elif listeners := self._listeners[CommissionReport]:
                _tell_all(listeners, entry.as_commission())
        elif isinstance(entry, Status):
            if listeners := self._listeners[BrokerOrder]:
                _tell_all(listeners, view or entry.as_view())
        elif isinstance(entry, Settlement):
            self._tell_position(entry.holding, entry.time)
        elif isinstance(entry, Line):
            self._tell_line(entry)

    def _tell_execution(self, execution: Execution, seen: BrokerOrder | None) -> None:
        """Deliver all events of an execution, even if a listener raises."""
        try:
            self._tell_fill(execution)
        finally:
            try:
                if listeners := self._listeners[BrokerOrder]:
                    _tell_all(listeners, seen or execution.as_view())
            finally:
                self._tell_booking(execution)

    def _tell_fill(self, execution: Execution) -> None:
        listeners = self._listeners[Fill]
        if not listeners:
            return
        fill = execution.as_fill()
        if self.channel is not None:
            if fill.execution_id in self._carried:
                listeners = tuple(one for one in listeners if one not in self._once_each)
            self._carried.add(fill.execution_id)  # only a faulty connection repeats fills, so ids are kept only for one
        _tell_all(listeners, fill)

    def _tell_booking(self, execution: Execution) -> None:
        try:
            if execution.reported and (listeners := self._listeners[CommissionReport]):
                _tell_all(listeners, execution.as_commission())
        finally:
            self._tell_position(execution.holding, execution.time)

    def _tell_position(self, holding: Holding, time: int) -> None:
        if (listeners := self._listeners[Position]) and (position := position_of(holding, time)) is not None:
            _tell_all(listeners, position)

    def _tell_line(self, line: Line) -> None:
        if line.kind == GAP:
            _tell_all(self._listeners[DataGap], DataGap(time_of(line.since), time_of(line.time), line.reason))
        else:
            change = ConnectionChange(line.state, line.reason, time_of(line.time))
            _tell_all(self._listeners[ConnectionChange], change)


def _tell_all(listeners: tuple[Listener, ...], event: object) -> None:
    """Call every listener with an event; if one raises, call the others before the exception propagates."""
    for at, listener in enumerate(listeners):
        try:
            listener(event)
        except BaseException:
            _tell_all(listeners[at + 1 :], event)
            raise
