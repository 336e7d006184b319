"""Orders of earlier sessions, taken from the journal when IB first speaks of one."""

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
    """Follows orders again from where the journal left them: open ones at the start, others when they are named.

    The first time that IB names an order of an earlier session, all of the last days are read at once: where there
    is one, there are usually many.
    """

    def __init__(self, journal: Callable[[], OrderJournal], book: OrderBook, may_have: Callable[[str], bool]) -> None:
        self._journal = journal
        self._book = book
        self._may_have = may_have
        self._has_read_recent = False

    def open_orders(self) -> dict[str, BrokerOrder]:
        """Follow the orders that are not final, and return them as the journal has them, by reference."""
        views = {view.order_ref: view for view in self._journal().open_orders()}
        for view in views.values():
            self._follow(view).is_recent = True
        return views

    def order(self, order_ref: str) -> TrackedOrder | None:
        """Return the order with a reference, followed from now on; None when the journal does not know it."""
        try:
            if not self._has_read_recent:
                self._has_read_recent = True
                self._follow_recent()
            return self._book.get(order_ref) or self._follow(self._journal().order(order_ref))
        except NotFound:
            return None
        except BrokerkitError as error:
            _log.warning("The journal cannot be read: %s", error)
            return None

    def leave_other_logins(self) -> None:
        """Follow no order of ours that IB has not named, for an account that this login does not have.

        Brokers of one name share a journal, be one on a paper Gateway and one on a live one.
        """
        for tracked in self._book.all():
            is_named = tracked.is_answered or tracked.origin is not OrderOrigin.OURS
            if not is_named and not self._may_have(tracked.ids.account):
                self._book.remove(tracked.order.order_ref)

    def _follow_recent(self) -> None:
        for view in self._journal().orders(since=datetime.now(timezone.utc) - _RECENT):
            if self._book.get(view.order_ref) is None and self._may_have(view.ids.account):
                self._follow(view)

    def _follow(self, known: BrokerOrder) -> TrackedOrder:
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
