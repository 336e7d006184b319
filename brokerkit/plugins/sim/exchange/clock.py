"""The exchange's clock: moved by its caller, trading and telling on the way."""

from __future__ import annotations

import threading
from datetime import datetime

from brokerkit.errors import InvalidArgument, RequestTimedOut
from brokerkit.plugins.sim.exchange.agenda import BAR_OPEN, RANK_BITS
from brokerkit.plugins.sim.exchange.delivery import Delivery
from brokerkit.plugins.sim.exchange.forgetting import forget_orders
from brokerkit.plugins.sim.exchange.live_order import LiveOrder
from brokerkit.plugins.sim.exchange.queries import Queries
from brokerkit.plugins.sim.exchange.state import StateFile
from brokerkit.plugins.sim.exchange.timeline import Timeline
from brokerkit.plugins.sim.exchange.units import SECOND, nanoseconds, time_of
from brokerkit.plugins.sim.exchange.venue import Venue
from brokerkit.spec.broker_order import BrokerOrder
from brokerkit.spec.timeout import seconds_of


class Clock(Queries):
    """The half of an exchange that time moves. Every method may be called from any thread.

    Attributes:
        driven: Whether the clock runs by itself; see `RealTimeClock`.
        moved: Notified whenever a clock that runs by itself has moved.
    """

    def __init__(self, venue: Venue) -> None:
        super().__init__(venue)
        self._timeline = Timeline()
        self._delivery = Delivery(venue.journal, self._lock)
        self._state: StateFile | None = None
        self.driven = False
        self.moved = threading.Condition()

    def advance_to(self, time: datetime | int) -> None:
        """Move the clock to a time, trading everything up to it.

        A bar's open is traded when the clock moves past its start, the rest of it when the clock
        reaches its end. Listeners are told at each instant at which something happened, with the
        clock showing that instant.

        Raises:
            InvalidArgument: The time has passed already.
        """
        target = time if type(time) is int else nanoseconds(time)
        venue = self._venue
        if target < venue.now:
            raise InvalidArgument(f"The clock shows {self.now}, and does not go back to {time_of(target)}.")
        while self._trade(target):
            self._settle()
        if self._delivery.told < len(venue.journal.rows):  # a listener failed before, and others still wait to be told
            self._settle()

    def _trade(self, target: int) -> bool:
        """Trade up to a time, which the clock then shows, or up to something to tell; return whether there is that.

        With the lock held from the last trade until the clock shows the time: an order that came in between would
        wait for an open that is past.
        """
        venue = self._venue
        agenda, rows = venue.agenda, venue.journal.rows
        moments, end = agenda.moments, target << RANK_BITS | BAR_OPEN
        with self._lock:
            before = len(rows)
            while moments and moments[0] < end:
                instant = moments[0] >> RANK_BITS
                action, argument = agenda.take()
                if instant > venue.now:
                    venue.now = instant
                action(argument)
                if len(rows) > before:
                    return True
            if target > venue.now:
                venue.now = target
            if end > agenda.reached:
                agenda.reached = end
            if self._state is not None:
                self._state.save()
        return False

    def advance(self, bars: int = 1) -> bool:
        """Move the clock to the end of the next bar of any contract, or of several one after another.

        Returns:
            Whether there was a bar; without one the clock stays.

        Raises:
            InvalidArgument: Less than one bar.
        """
        if bars < 1:
            raise InvalidArgument(f"The clock does not move by {bars} bars.", remedy="Give a number from 1 on.")
        with self._lock:
            venue = self._venue
            target = self._timeline.after(venue, bars)
        if target is None:
            return False
        self.advance_to(target)
        return True

    def run(self) -> None:
        """Move the clock to the end of the last bar, trading everything."""
        with self._lock:
            ends = [end for one in self._venue.listings.values() if (end := one.series.final_end()) is not None]
        if ends and max(ends) > self._venue.now:
            self.advance_to(max(ends))

    def wait(self, live: LiveOrder, timeout: float = 60.0) -> BrokerOrder:
        """Move the clock until an order is final, by `timeout` seconds at most, and return its view.

        Raises:
            RequestTimedOut: It was not final in time; the order goes on as it was.
            WrongArgumentType: The timeout is no int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
        """
        venue, timeout = self._venue, seconds_of(timeout)
        deadline = venue.now + int(timeout * SECOND)
        if self.driven:
            with self.moved:
                self.moved.wait_for(lambda: _is_told(live) or venue.now >= deadline or not self.driven)
        while not self.driven and not _is_told(live):
            with self._lock:
                instant = venue.agenda.next_time
            if instant is None or instant > deadline:
                self.advance_to(max(deadline, venue.now))
                break
            self.advance_to(max(instant, venue.now))
            if not _is_told(live) and self.is_due_now:
                self.advance_to(venue.now + 1)
        if _is_told(live):
            return live.current()
        raise RequestTimedOut(
            f"Order #{live.number} is still {live.state.value} after {timeout:g} seconds of the exchange's clock.",
            remedy="Wait longer, or cancel it.",
        )

    def _settle(self) -> None:
        """Keep what changed, then tell of it."""
        if self._state is not None:
            with self._lock:
                self._state.save()
        self._delivery.deliver()

    @property
    def keeps_state(self) -> bool:
        """Whether everything is kept in a file, so that it outlives this process."""
        return self._state is not None

    def close(self) -> None:
        """Let go of the state file, if there is one; everything is in it."""
        try:
            if self._state is not None:
                with self._lock:
                    self._state.save()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let go of the state file as SIGKILL would: nothing is written to it any more."""
        with self._lock:
            state, self._state = self._state, None
            if state is not None:
                state.close()

    def forget(self, before: datetime | int) -> int:
        """Let go of what was over before a time, so that a run without end does not grow: return how many orders.

        Orders that had ended by then, with all that were tied to them, can no longer be asked for, nor can the
        log up to there. Cash, positions and profit stay as they are. What a state file holds stays in it.
        """
        instant = nanoseconds(before)
        with self._lock:
            if self._state is not None:
                self._state.save()
            dropped, instant = self._delivery.forget(instant)
            if self._state is not None:
                self._state.forget(dropped)
            return forget_orders(self._venue, instant)


def _is_told(live: LiveOrder) -> bool:
    """Return whether an order is final, and the client has been told so."""
    return live.is_final and live.current().state.is_final
