"""Conclusions from reading IB's lists: which orders they do not show, and what became of those."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from brokerkit.errors import BrokerkitError
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.executions import revision_of
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.plugins.ib.order_news import OrderNews
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.plugins.ib.undecided import Evidence, Verdict, verdict_on
from brokerkit.spec.broker_order import OrderOrigin
from brokerkit.spec.services import Store


class ListReadings:
    """Readings of IB's lists, one after another, as the desk's thread processes them.

    Attributes:
        has_orphans: Whether the last reading showed a working order whose fills IB reports to no session of ours.
        is_position_explained: Returns whether the known fills explain IB's position in an order's contracts; None until
            positions have been compared.
    """

    def __init__(self, book: OrderBook, news: OrderNews, connection: IBConnection, store: Callable[[], Store]) -> None:
        self._book = book
        self._news = news
        self._connection = connection
        self._store = store
        self._began = datetime.now(timezone.utc)
        self.has_orphans = False
        self.is_position_explained: Callable[[TrackedOrder], bool] | None = None

    @property
    def are_conclusive(self) -> bool:
        """Whether every order's state is certain, and IB reports its fills to us unasked."""
        return not self.has_orphans and not self.undecided()

    def begin(self, now: datetime) -> None:
        """Start a reading as of a time: IB may not list orders sent after it."""
        self._news.seen.clear()
        self._news.begin_batch()
        self._began = now

    def finish(self, *, complete: bool) -> None:
        """End a reading; nothing is concluded from an incomplete one."""
        self._news.end_batch()
        if not complete:
            return
        for tracked in self._book.all():
            if tracked.waiting_final is not None:
                tracked.unseen += 1
                if tracked.unseen >= 2:
                    self._news.conclude_waiting(tracked)
            elif tracked.order.order_ref in self._news.seen:
                tracked.unseen = 0
            elif self._is_undecided(tracked) and self._was_sent_before_reading(tracked):
                tracked.unseen += 1
                self._conclude(tracked)
        self.has_orphans = any(self._is_orphan(tracked) for tracked in self._book.all())

    def _was_sent_before_reading(self, tracked: TrackedOrder) -> bool:
        return tracked.submitted is None or tracked.submitted < self._began

    def _conclude(self, tracked: TrackedOrder) -> None:
        if self._is_known_to_have_ended(tracked):
            return
        if self.is_position_explained is None:
            return  # the session has just started: positions are not yet compared with the last session's
        clock, sent = self._connection.clock, tracked.submitted or tracked.updated
        evidence = Evidence(
            sent=tracked.submitted_there or (None if sent is None else clock.at(sent)),
            now=clock.at(datetime.now(timezone.utc)),
            login_zone=self._connection.settings.zone,
            is_ours_alone=self._is_ours_alone(tracked),
            is_position_explained=self.is_position_explained(tracked),
        )
        verdict: Verdict | None = verdict_on(tracked, evidence)
        if verdict is not None:
            tracked.is_answered = tracked.is_answered or tracked.refusal is not None  # its error is now a rejection
            self._news.settle(tracked, verdict.state, verdict.reason)

    def _is_known_to_have_ended(self, tracked: TrackedOrder) -> bool:
        """Take in from the journal how an order ended of which another session of ours heard, if one did."""
        try:
            known = self._store().journal.order(tracked.order.order_ref)
        except BrokerkitError:
            return False
        if not known.state.is_final:
            return False
        with self._book.news:
            for fill in known.fills:
                self._book.remember_execution(revision_of(fill.execution_id)[0], known.order_ref)
                tracked.put_fill(fill)
        self._news.settle(tracked, known.state, known.reason)
        return True

    def _is_ours_alone(self, tracked: TrackedOrder) -> bool:
        """Return whether no other session may be sending the order right now.

        Such a session is another live process with a lease from before the order, or an earlier connection of our own
        that the Gateway still holds, on which the order may still be in transit.
        """
        client_id = tracked.ids.client_id
        if client_id is None or client_id == self._connection.client_id():
            return True
        if self._connection.is_held_elsewhere(client_id):
            return False
        sent = tracked.submitted or tracked.updated
        leases = self._store().client_ids.leases(self._connection.settings.gateway)
        return all(lease.client_id != client_id or (sent is not None and lease.leased > sent) for lease in leases)

    def _is_orphan(self, tracked: TrackedOrder) -> bool:
        """Return whether IB reports a working order to no live session of ours: only a reading shows its fills."""
        is_open = tracked.origin is OrderOrigin.OURS and not tracked.state.is_final
        is_reported = tracked.ids.client_id in (None, self._connection.client_id())
        return is_open and not is_reported and self._is_ours_alone(tracked)

    def undecided(self) -> list[TrackedOrder]:
        """Return our orders whose state is not certain."""
        return [tracked for tracked in self._book.all() if self._is_undecided(tracked)]

    def _is_undecided(self, tracked: TrackedOrder) -> bool:
        if tracked.waiting_final is not None:
            return True
        if tracked.state.is_final or tracked.origin is not OrderOrigin.OURS or tracked.is_unsent:
            return False
        return tracked.order.order_ref not in self._news.seen
