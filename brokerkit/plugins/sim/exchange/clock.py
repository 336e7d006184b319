"""The exchange's clock: its caller moves it, and it trades and delivers events on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from brokerkit.errors import BrokerClosed, InvalidArgument, RequestTimedOut
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

_LISTENER_TIMEOUT = 5.0


class Clock(Queries):
    """The part of an exchange that moves with time. Every method may be called from any thread.

    Attributes:
        driven: Whether the clock runs by itself; see `RealTimeClock`.
        runner: The thread of a self-running clock, in which listeners are called.
        tick: Moves a self-running clock by a step, in its thread; returns False once it was stopped.
        moved: Notified whenever a self-running clock has moved.
        is_over: Whether the broker was closed, or belongs to the parent of this process: nobody waits any more.
    """

    def __init__(self, venue: Venue) -> None:
        super().__init__(venue)
        self._timeline = Timeline()
        self._delivery = Delivery(venue.journal, self._lock)
        self._state: StateFile | None = None
        self.driven = self.is_over = False
        self.runner: threading.Thread | None = None
        self.tick: Callable[[], bool] = bool
        self.moved = threading.Condition()
        self._locked = threading.Condition(self._lock)

    def advance_to(self, time: datetime | int) -> None:
        """Move the clock to a time, and trade everything up to it.

        The open of a bar trades when the clock moves past its start, the rest when the clock
        reaches its end. Listeners are called at each instant at which something happened, while
        the clock shows that instant.

        Raises:
            InvalidArgument: The time is in the past.
        """
        target = time if type(time) is int else nanoseconds(time)
        if target < self._venue.now and (type(time) is int or target < nanoseconds(self.now)):
            raise InvalidArgument(f"The clock shows {self.now}, and cannot go back to {time_of(target)}.")
        self.reach(target)

    def reach(self, time: int) -> None:
        """Move the clock to a time, nanoseconds UTC, as `advance_to` does, unless another thread moves it further."""
        while self._trade(time):
            self._settle()
        delivery = self._delivery
        if delivery.left or delivery.taken < len(delivery.journal.rows):  # a listener raised earlier: deliver the rest
            self._settle()

    def _trade(self, target: int) -> bool:
        """Trade up to a time and set the clock to it, or stop at the first event to deliver; return whether it stopped.

        The lock is held from the last trade until the clock is set: an order submitted in between would wait for
        an open that has already traded.
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
        """Move the clock to the end of the next bar of any contract, or through several bars in succession.

        Returns:
            Whether there was a bar; without one, the clock does not move.

        Raises:
            InvalidArgument: The number is less than 1.
        """
        if bars < 1:
            raise InvalidArgument(f"The clock cannot move by {bars} bars.", remedy="Give at least 1.")
        with self._lock:
            venue = self._venue
            target = self._timeline.after(venue, bars)
        if target is None:
            return False
        self.reach(target)
        return True

    def run(self) -> None:
        """Move the clock to the end of the last bar, and trade everything."""
        with self._lock:
            ends = [end for one in self._venue.listings.values() if (end := one.series.final_end()) is not None]
        if ends and max(ends) > self._venue.now:
            self.reach(max(ends))

    def wait(self, live: LiveOrder, timeout: float = 60.0) -> BrokerOrder:
        """Move the clock until an order is final, by at most `timeout` seconds, and return its view.

        Listeners have received that it is, unless one takes longer than five seconds, or this is called in one.

        Raises:
            RequestTimedOut: It was not final in time; the order is not affected.
            WrongArgumentType: The timeout is not an int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
            BrokerClosed: The broker was closed, or this is a forked child.
        """
        venue, timeout = self._venue, seconds_of(timeout)
        deadline = venue.now + int(timeout * SECOND)
        self._check_waiting(live)
        if self.driven:
            self.wait_for_clock(lambda: _is_reported(live) or venue.now >= deadline)
            self._check_waiting(live)
        while not self.driven and not _is_reported(live):
            self._check_waiting(live)
            with self._lock:
                instant = venue.agenda.next_time
            if instant is None or instant > deadline:
                self.reach(deadline)
                break
            self.reach(instant)
            if not _is_reported(live) and self.is_due_now:
                self.reach(venue.now + 1)
        if _is_reported(live):
            self.hear_out()
            return live.current()
        raise RequestTimedOut(
            f"Order #{live.number} is still {live.state.value} after {timeout:g} seconds of the exchange's clock.",
            remedy="Wait longer, or cancel it.",
        )

    def wait_for_clock(self, has_come: Callable[[], bool]) -> None:
        """Wait for a self-running clock until a condition holds or it stops; in a listener in its thread, run it on."""

        def is_done() -> bool:
            return has_come() or self.is_over or not self.driven

        if threading.current_thread() is self.runner:
            while not is_done() and self.tick():
                pass
        else:
            with self.moved:
                self.moved.wait_for(is_done)

    def hear_out(self) -> None:
        """Return once listeners have received everything so far, or after five seconds; in a listener, at once."""
        self._delivery.hear_out(_LISTENER_TIMEOUT)

    def _check_open(self) -> None:
        """Raise BrokerClosed once the broker was closed: what was changed now would not be saved."""
        if self.is_over:
            raise BrokerClosed(
                "The simulation is closed, or that of a parent process. Nothing was changed.",
                remedy="Open it again; one that keeps its state in a file goes on there.",
            )

    def _check_waiting(self, live: LiveOrder) -> None:
        if self.is_over and not _is_reported(live):
            raise BrokerClosed(
                f"Order #{live.number} is {live.state.value}, and its broker is closed, or that of a parent process.",
                remedy="Open it again; a simulation that keeps its state in a file goes on there.",
            )

    def _settle(self) -> None:
        """Save what changed, then deliver it."""
        if self._state is not None:
            with self._lock:
                if self._state is not None:  # another thread may have closed it
                    self._state.save()
        self._delivery.deliver()

    @property
    def keeps_state(self) -> bool:
        """Whether state is kept in a file, so that it outlives this process."""
        return self._state is not None

    def close(self) -> None:
        """Save everything to the state file, if there is one, and close it.

        A signal handler that interrupts a change, which is then half done, leaves the file as it was before it.
        """
        is_within_change = self._is_locked_here()
        with self._lock:  # until it is closed: nothing may happen in between that is told and not kept
            try:
                if self._state is not None and not is_within_change:
                    self._state.save()
            finally:
                self.abandon()

    def _is_locked_here(self) -> bool:
        """Return whether this thread holds the lock."""
        try:
            self._locked.notify(0)  # wakes nobody, and is refused to a thread that does not hold the lock
        except RuntimeError:
            return False
        return True

    def abandon(self) -> None:
        """Close the state file without saving, as SIGKILL would: nothing more is written to it."""
        with self._lock:
            state, self._state = self._state, None
            if state is not None:
                state.close()

    def forget(self, before: datetime | int) -> int:
        """Drop what had ended before a time, so that an endless run does not grow; return the number of orders dropped.

        Orders that had ended by then, with everything linked to them, can no longer be queried, nor can the
        log up to then. Cash, positions and profit do not change. The state file keeps what it holds.
        """
        instant = nanoseconds(before)
        with self._lock:
            if self._state is not None:
                self._state.save()
            dropped, instant = self._delivery.forget(instant)
            if self._state is not None:
                self._state.forget(dropped)
            count = forget_orders(self._venue, instant)
        self._delivery.deliver()  # what another thread left to this one, which seemed to be delivering
        return count


def _is_reported(live: LiveOrder) -> bool:
    """Return whether an order is final and the client has been told so."""
    return live.is_final and live.current().state.is_final
