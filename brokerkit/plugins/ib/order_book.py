"""The orders that are followed, found by our reference, by IB's lasting id, or by this session's id."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from brokerkit.errors import BrokerClosed
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import BrokerIds, BrokerOrder


class OrderBook:
    """Holds every order that is followed; whoever reads or changes it holds its lock.

    Attributes:
        news: Held while the book is read or changed, and told of every change.
        hear_out: Returns when listeners have heard of what the book says, or so many seconds are over.
    """

    def __init__(self, hear_out: Callable[[float], None]) -> None:
        self.hear_out = hear_out
        self.news = threading.Condition(threading.RLock())
        self._by_ref: dict[str, TrackedOrder] = {}
        self._by_perm_id: dict[str, TrackedOrder] = {}
        self._by_session_id: dict[tuple[int, str], TrackedOrder] = {}
        self._ref_of_execution: dict[str, str] = {}
        self._begun = self._ended = 0
        self._closed = False
        self._process = os.getpid()

    @property
    def is_closed(self) -> bool:
        """Whether nothing will be heard of the orders any more."""
        return self._closed

    def close(self) -> None:
        """End every wait: nothing will be heard of the orders any more."""
        with self.news:
            self._closed = True
            self.news.notify_all()

    def add(self, tracked: TrackedOrder) -> TrackedOrder:
        """Follow an order."""
        with self.news:
            self._by_ref[tracked.order.order_ref] = tracked
            self._index(tracked)
        return tracked

    def remove(self, order_ref: str) -> None:
        """Follow an order no more: it was never sent, or another login sent it."""
        with self.news:
            tracked = self._by_ref.pop(order_ref, None)
            if tracked is not None:
                self._by_perm_id.pop(tracked.ids.perm_id, None)
            if tracked is not None and tracked.ids.client_id is not None:
                self._by_session_id.pop((tracked.ids.client_id, tracked.ids.order_id), None)

    def get(self, order_ref: str) -> TrackedOrder | None:
        """Return the order with a reference of ours; None when it is not followed."""
        return self._by_ref.get(order_ref)

    def with_perm_id(self, perm_id: str) -> TrackedOrder | None:
        """Return the order with a lasting id of IB's; None when none is known to have it."""
        return self._by_perm_id.get(perm_id)

    def with_session_id(self, client_id: int, order_id: str) -> TrackedOrder | None:
        """Return the order with an id in a client's session; None when there is none."""
        return self._by_session_id.get((client_id, order_id))

    def answer_to(self, client_id: int, tracked: TrackedOrder) -> bool:
        """Have an order found by its id in a client's session as well, unless another one has the id there.

        IB answers whoever asks about an order, be it another client's, by the order's id alone.
        """
        with self.news:
            return self._by_session_id.setdefault((client_id, tracked.ids.order_id), tracked) is tracked

    def all(self) -> list[TrackedOrder]:
        """Return every order that is followed, in the order they came."""
        self._check_process()
        with self.news:
            return list(self._by_ref.values())

    def set_ids(self, tracked: TrackedOrder, ids: BrokerIds) -> None:
        """Give an order the ids that are known, and keep those that are not blank."""
        known = tracked.ids
        merged = BrokerIds(
            account=ids.account or known.account,
            client_id=ids.client_id if ids.client_id is not None else known.client_id,
            order_id=ids.order_id or known.order_id,
            perm_id=ids.perm_id or known.perm_id,
        )
        if merged != known:
            tracked.ids = merged
            tracked.changed()
            self._index(tracked)
        elif ids.client_id is not None and ids.order_id:  # known from a session before: this one has said so, too
            self._by_session_id[(ids.client_id, ids.order_id)] = tracked

    def forget_session_ids(self) -> None:
        """Forget which order had which id in a session: a restarted Gateway may give the ids again.

        Orders whose lasting id is known are still found by that; the others by their reference.
        """
        with self.news:
            self._by_session_id = {
                key: tracked
                for key, tracked in self._by_session_id.items()
                if not tracked.ids.perm_id and not tracked.state.is_final
            }

    def remember_execution(self, trade: str, order_ref: str) -> None:
        """Remember which order a trade belongs to."""
        self._ref_of_execution[trade] = order_ref

    def of_execution(self, trade: str) -> TrackedOrder | None:
        """Return the order that a trade belongs to; None when the trade is not known."""
        return self._by_ref.get(self._ref_of_execution.get(trade, ""))

    def view(self, order_ref: str) -> BrokerOrder | None:
        """Return an order's view; None when it is not followed."""
        self._check_process()
        with self.news:
            tracked = self._by_ref.get(order_ref)
            return tracked.view() if tracked is not None else None

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until a condition on the book holds, and what made it hold is journalled; return whether it does.

        A book that is closed is waited for no longer.
        """
        self._check_process()
        end = time.monotonic() + timeout
        with self.news:
            if not self._wait(condition, end):
                return False
            batch = self._begun
            self._wait(lambda: self._ended >= batch, end)
            return True

    def begin_batch(self) -> None:
        """From now on the book may say what the journal does not say yet."""
        with self.news:
            self._begun += 1

    def end_batch(self) -> None:
        """Wake everybody who waits: the journal says what the book says, or cannot be written."""
        with self.news:
            self._ended = self._begun
            self.news.notify_all()

    def tell(self) -> None:
        """Wake everybody who waits for the book to change."""
        with self.news:
            self.news.notify_all()

    def _wait(self, condition: Callable[[], bool], end: float) -> bool:
        while not condition():
            left = end - time.monotonic()
            if self._closed or left <= 0 or not self.news.wait(left):
                return condition()
        return True

    def _check_process(self) -> None:
        """Do nothing where news comes; a forked child hears none, and may wait for ever for what its parent held."""
        if os.getpid() != self._process:
            raise BrokerClosed(
                f"The orders are followed by process {self._process}, of which this is a child.",
                remedy="Open a broker in the child, and look them up by their references.",
            )

    def _index(self, tracked: TrackedOrder) -> None:
        if tracked.ids.perm_id:
            self._by_perm_id[tracked.ids.perm_id] = tracked
        if tracked.ids.client_id is not None and tracked.ids.order_id:
            self._by_session_id[(tracked.ids.client_id, tracked.ids.order_id)] = tracked
