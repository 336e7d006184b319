"""Orders of earlier sessions, loaded from the journal when IB first mentions one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from brokerkit.errors import BrokerkitError, NotFound
from brokerkit.plugins.ib.executions import revision_of
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import BrokerOrder, OrderOrigin
from brokerkit.spec.services import OrderJournal

_log = logging.getLogger(__name__)
_RECENT = timedelta(days=3)


class Recall:
    """Resumes tracking orders from the journal: open ones at the start, others when IB mentions them.

    The first time that IB mentions an order of an earlier session, all of the last days are loaded at once: where
    there is one, there are usually many.
    """

    def __init__(self, journal: Callable[[], OrderJournal], book: OrderBook, may_have: Callable[[str], bool]) -> None:
        self._journal = journal
        self._book = book
        self._may_have = may_have
        self._has_read_recent = False

    def open_orders(self) -> dict[str, BrokerOrder]:
        """Track the orders that are not final, and return the journal's views of them, by reference."""
        views = {view.order_ref: view for view in self._journal().open_orders()}
        for view in views.values():
            self._track(view).is_recent = True
        return views

    def order(self, order_ref: str) -> TrackedOrder | None:
        """Return the order with a reference, tracked from now on; None if the journal does not have it."""
        try:
            if not self._has_read_recent:
                self._has_read_recent = True
                self._track_recent()
            return self._book.get(order_ref) or self._track(self._journal().order(order_ref))
        except NotFound:
            return None
        except BrokerkitError as error:
            _log.warning("The journal cannot be read: %s", error)
            return None

    def leave_other_logins(self) -> None:
        """Stop tracking our orders that IB has not named, for accounts that this login does not have.

        Brokers of one name share a journal, for example one on a paper Gateway and one on a live one.
        """
        for tracked in self._book.all():
            is_named = tracked.is_answered or tracked.origin is not OrderOrigin.OURS
            if not is_named and not self._may_have(tracked.ids.account):
                self._book.remove(tracked.order.order_ref)

    def _track_recent(self) -> None:
        for view in self._journal().orders(since=datetime.now(timezone.utc) - _RECENT):
            if self._book.get(view.order_ref) is None and self._may_have(view.ids.account):
                self._track(view)

    def _track(self, known: BrokerOrder) -> TrackedOrder:
        tracked = TrackedOrder(
            order=known.order,
            ids=known.ids,
            reason=known.reason,
            submitted=known.submitted,
            updated=known.updated,
            journalled=frozenset(fill.execution_id for fill in known.fills),
        )
        for fill in known.fills:
            tracked.put_fill(fill)
            self._book.remember_execution(revision_of(fill.execution_id)[0], known.order_ref)
        tracked.state = known.state
        tracked.changed()
        return self._book.add(tracked)
