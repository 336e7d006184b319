"""The connection from the exchange to a client: it can deliver late, twice, out of order, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakSet

from brokerkit.errors import ConnectionLost, RequestTimedOut
from brokerkit.plugins.sim.exchange import client_view
from brokerkit.plugins.sim.exchange.agenda import NOTICE
from brokerkit.plugins.sim.exchange.entries import (
    COMMISSION,
    CONNECTION,
    FILL,
    GAP,
    NOTE,
    STATUS,
    Connection,
    Entry,
    Execution,
    Note,
    Repeat,
    Status,
)
from brokerkit.plugins.sim.exchange.faults import (
    DuplicateFill,
    ExecutionCorrection,
    Fault,
    FaultBoard,
    FillBeforeAcknowledgement,
    LateAcknowledgement,
    LateCommission,
    LostAcknowledgement,
    MissingCommission,
    Occasion,
    ReorderedFills,
    SilentStall,
)
from brokerkit.plugins.sim.exchange.units import duration
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.events import ConnectionState
from brokerkit.spec.order import SpreadFill, TimeInForce

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue

Deliver = Callable[[Entry], None]


class Channel:
    """Carries log entries to the client's listeners, subject to the faults that occur on the way.

    Whatever is delayed appears as a later entry of the log, so that the log shows what the client saw.
    """

    def __init__(self, venue: Venue, board: FaultBoard) -> None:
        self._venue = venue
        self._board = board
        self.is_up = True
        self._stalled_since = -1
        self._down_since = self._breaks = 0
        self._held_back: list[Entry] = []
        self._acknowledged: WeakSet[LiveOrder] = WeakSet()
        self._held_acknowledgements: dict[int, Status] = {}
        self._late_acknowledgements: dict[int, Status] = {}
        self._outdated: WeakSet[LiveOrder] = WeakSet()
        self._reordered: list[Execution] = []
        self._suppressed: WeakSet[LiveOrder] = WeakSet()

    # -- the connection ------------------------------------------------------------------

    def check(self) -> None:
        """Refuse a request that the connection cannot carry now.

        Raises:
            ConnectionLost: The connection is down; nothing was sent.
            RequestTimedOut: The connection is up but silent.
        """
        if not self.is_up:
            raise ConnectionLost(
                "The connection to the exchange is down.", remedy="Nothing was sent; wait for the reconnect."
            )
        if self._stalled_since >= 0:
            raise RequestTimedOut("The exchange does not answer.", remedy="Wait, and check for missed events.")

    def disconnect(self, reason: str, lasts: int | None) -> None:
        """Break the connection for so many nanoseconds, or until `reconnect`."""
        if not self.is_up:
            return
        self.is_up, self._down_since = False, self._venue.now
        self._breaks += 1
        self._log(Connection(CONNECTION, self._venue.now, ConnectionState.DISCONNECTED, reason))
        if lasts is not None:
            self._venue.agenda.put(self._venue.now + lasts, NOTICE, self._on_reconnect, self._breaks)

    def reconnect(self) -> None:
        """Restore the connection: the client receives the new state, the gap, and everything it missed."""
        if self.is_up:
            return
        self.is_up = True
        now = self._venue.now
        self._log(Connection(CONNECTION, now, ConnectionState.CONNECTED, "the line is up again"))
        self._log(Connection(GAP, now, ConnectionState.CONNECTED, "the line was down", self._down_since))
        self._release_held_back()

    def _on_reconnect(self, which: int) -> None:
        if which == self._breaks:  # otherwise that break was ended by hand, and this is another
            self.reconnect()

    def _on_stall_over(self, _: object) -> None:
        since, self._stalled_since = self._stalled_since, -1
        if not self.is_up:  # the kept entries are delivered after the reconnect, with the whole gap
            self._down_since = min(self._down_since, since)
            return
        self._log(Connection(GAP, self._venue.now, ConnectionState.CONNECTED, "the exchange was silent", since))
        self._release_held_back()

    def _release_held_back(self) -> None:
        kept, self._held_back = self._held_back, []
        for entry in kept:
            self._on_late(entry.entry if isinstance(entry, Repeat) else entry)

    def _log(self, entry: Entry) -> None:
        self._venue.journal.append(entry)

    # -- deliveries ----------------------------------------------------------------------

    def carry(self, entry: Entry, deliver: Deliver) -> None:
        """Deliver an entry to the client, as far as the connection and its faults allow."""
        if isinstance(entry, Note):
            return
        if isinstance(entry, Connection):
            deliver(entry)
        elif not self.is_up or self._stalled_since >= 0:
            self._held_back.append(entry)
        elif isinstance(entry, Repeat):
            self._carry_late(entry.entry, deliver)
        elif isinstance(entry, Status):
            self._carry_status(entry, deliver)
        elif isinstance(entry, Execution) and entry.kind == FILL:
            self._carry_fill(entry, deliver)
        else:
            deliver(entry)

    def _carry_late(self, entry: Entry, deliver: Deliver) -> None:
        """Deliver a delayed entry. No fault occurs on it, nor later on an acknowledgement delivered this way."""
        if isinstance(entry, Status):
            if self._is_lost(entry):
                return
            if entry.state is OrderState.WORKING:
                self._acknowledged.add(entry.live)
        self._deliver(entry, deliver)

    def _carry_status(self, status: Status, deliver: Deliver) -> None:
        number = status.live.number
        if self._is_lost(status):
            return
        if status.state is not OrderState.WORKING or status.live in self._acknowledged:
            self._deliver(status, deliver)
            return
        self._acknowledged.add(status.live)
        for one in self.faults_on(Occasion.ACKNOWLEDGEMENT, number):
            if isinstance(one, LostAcknowledgement):
                self.mark_unknown_later(status.live, duration(one.patience))
                return
            if isinstance(one, (LateAcknowledgement, FillBeforeAcknowledgement)):
                self._late_acknowledgements[number] = status
            if isinstance(one, LateAcknowledgement):
                self._later(duration(one.delay), status)
                return
            if isinstance(one, FillBeforeAcknowledgement):
                self._held_acknowledgements[number] = status
                return
        self._deliver(status, deliver)

    def _is_lost(self, status: Status) -> bool:
        return status.live in self._suppressed and status.state is not OrderState.UNKNOWN

    def _carry_fill(self, execution: Execution, deliver: Deliver) -> None:
        known, times = True, 1
        for one in self.faults_on(Occasion.FILL, execution.live.number):
            if isinstance(one, SilentStall):
                self._stalled_since = self._venue.now
                self._venue.agenda.put(self._venue.now + duration(one.lasts), NOTICE, self._on_stall_over)
                self._held_back.append(execution)
                return
            if isinstance(one, ReorderedFills):
                self._reordered.append(execution)
                self._venue.agenda.put(self._venue.now + duration(one.patience), NOTICE, self._on_patience, execution)
                return
            if isinstance(one, ExecutionCorrection) and not execution.corrects:
                self._correct_later(execution, one)
            if isinstance(one, LateCommission):
                self._later(duration(one.delay), execution._replace(kind=COMMISSION))
            known = known and not isinstance(one, (LateCommission, MissingCommission))
            times += isinstance(one, DuplicateFill)
        for _ in range(times):
            self._deliver(execution if known else execution._replace(reported=False), deliver)
        reordered, self._reordered = self._reordered, []
        for earlier in reordered:
            self._deliver(earlier, deliver)

    def _deliver(self, entry: Entry, deliver: Deliver) -> None:
        """Update the client's view of the order, then deliver."""
        if isinstance(entry, Status):
            live = entry.live
            seen = live.view or client_view.first(live)
            live.view = seen if self._is_outdated(entry) else client_view.after_status(seen, entry)
        elif isinstance(entry, Execution):
            live = entry.live
            seen = live.view or client_view.first(live)
            if entry.kind == COMMISSION:
                live.view = client_view.after_commission(seen, entry)
            else:
                live.view = client_view.after_fill(seen, entry, entry.as_fill())
        deliver(entry)
        if isinstance(entry, Execution) and entry.live.number in self._held_acknowledgements:
            self._deliver(self._held_acknowledgements.pop(entry.live.number), deliver)

    def _is_outdated(self, status: Status) -> bool:
        """Return whether a late acknowledgement is out of date: newer news of its order was delivered before it."""
        number = status.live.number
        late = self._late_acknowledgements.get(number)
        if late is None:
            return False
        if late is not status:
            self._outdated.add(status.live)
            return False
        del self._late_acknowledgements[number]
        return status.live in self._outdated

    # -- delayed deliveries ----------------------------------------------------------------

    def suppress_statuses(self, live: LiveOrder, patience: int) -> None:
        """Deliver only an order's executions; without one, the client sees it as unknown after its patience."""
        self._suppressed.add(live)
        self.mark_unknown_later(live, patience)

    def mark_unknown_later(self, live: LiveOrder, patience: int) -> None:
        """Let the client see an order as unknown after its patience, unless it receives an update first."""
        self._venue.agenda.put(self._venue.now + patience, NOTICE, self._on_no_news, live)

    def _on_no_news(self, live: LiveOrder) -> None:
        seen = live.view
        if seen is not None and seen.state is OrderState.PENDING:
            self._log(
                Status(STATUS, self._venue.now, live, OrderState.UNKNOWN, live.order, 0, "nothing was heard of it")
            )

    def _later(self, delay: int, entry: Entry) -> None:
        self._venue.agenda.put(self._venue.now + delay, NOTICE, self._on_late, entry)

    def _correct_later(self, execution: Execution, one: ExecutionCorrection) -> None:
        low, high = _bar_of(execution)
        price = min(max(execution.price + one.ticks * execution.holding.listing.tick, low), high)
        self._venue.correct_later(self._venue.now + duration(one.delay), execution, price)

    def _on_late(self, entry: Entry) -> None:
        self._log(Repeat(entry.kind, self._venue.now, entry))

    def _on_patience(self, execution: Execution) -> None:
        if execution in self._reordered:
            self._reordered.remove(execution)
            self._on_late(execution)

    def faults_on(self, occasion: Occasion, number: int) -> list[Fault]:
        """Count an occasion, and return the faults that occur on it, each noted in the log."""
        found = self._board.occurring(occasion)
        for one in found:
            self._log(Note(NOTE, self._venue.now, f"fault {one.name} at #{number}"))
        return found


def _bar_of(execution: Execution) -> tuple[int, int]:
    """Return the low and the high of the bar in which an execution has just traded."""
    live, listing = execution.live, execution.holding.listing
    if execution.late or live.order.time_in_force is TimeInForce.AT_CLOSE:
        last = listing.series.last_bar(execution.time)
        return (execution.price, execution.price) if last is None else last[1:3]
    traded_on = live.listing if live.order.spread_fill is SpreadFill.TOGETHER else listing
    return listing.series.range_of_bar(traded_on.left_for)


def resync(live: LiveOrder) -> None:
    """Update the client's view of an order to the exchange's: the client has queried it."""
    if live.view is not None:
        live.view = live.at_exchange()
