"""The tracked orders, indexed by order reference, perm id, and order id in a session."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

from brokerkit.errors import BrokerClosed
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import BrokerIds, BrokerOrder

_LONGEST_WAIT = 0.5
"""Seconds to wait for news at a time, because on Windows Ctrl-C is noticed only between waits."""


class OrderBook:
    """Holds every tracked order; its lock is held for reads and changes.

    Attributes:
        news: Held while the book is read or changed, and notified of every change.
        hear_out: Waits until listeners have received what the book shows, or until the timeout.
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
        """Whether no more is received about the orders."""
        return self._closed

    def close(self) -> None:
        """End every wait: no more is received about the orders."""
        with self.news:
            self._closed = True
            self.news.notify_all()

    def add(self, tracked: TrackedOrder) -> TrackedOrder:
        """Track an order."""
        with self.news:
            self._by_ref[tracked.order.order_ref] = tracked
            self._index(tracked)
        return tracked

    def remove(self, order_ref: str) -> None:
        """Stop tracking an order: it was never sent, or another login sent it."""
        with self.news:
            tracked = self._by_ref.pop(order_ref, None)
            if tracked is not None:
                self._by_perm_id.pop(tracked.ids.perm_id, None)
            if tracked is not None and tracked.ids.client_id is not None:
                self._by_session_id.pop((tracked.ids.client_id, tracked.ids.order_id), None)

    def get(self, order_ref: str) -> TrackedOrder | None:
        """Return the order with an order reference; None if it is not tracked."""
        return self._by_ref.get(order_ref)

    def with_perm_id(self, perm_id: str) -> TrackedOrder | None:
        """Return the order with a perm id; None if there is none."""
        return self._by_perm_id.get(perm_id)

    def with_session_id(self, client_id: int, order_id: str) -> TrackedOrder | None:
        """Return the order with an order id in a client's session; None if there is none."""
        return self._by_session_id.get((client_id, order_id))

    def answer_to(self, client_id: int, tracked: TrackedOrder) -> bool:
        """Also index an order by its id in a client's session, and return False if another order has that id there.

        IB's responses give only the order id, even for another client's order.
        """
        with self.news:
            return self._by_session_id.setdefault((client_id, tracked.ids.order_id), tracked) is tracked

    def all(self) -> list[TrackedOrder]:
        """Return every tracked order, oldest first."""
        self._check_process()
        with self.news:
            return list(self._by_ref.values())

    def set_ids(self, tracked: TrackedOrder, ids: BrokerIds) -> None:
        """Set an order's ids, keeping the previous value of those that are blank."""
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
        elif ids.client_id is not None and ids.order_id:  # known from an earlier session, now confirmed in this one
            self._by_session_id[(ids.client_id, ids.order_id)] = tracked

    def forget_session_ids(self) -> None:
        """Drop the index of session ids, because a restarted Gateway may reuse them.

        Orders with a known perm id are still found by that, and the others by their reference.
        """
        with self.news:
            self._by_session_id = {
                key: tracked
                for key, tracked in self._by_session_id.items()
                if not tracked.ids.perm_id and not tracked.state.is_final
            }

    def remember_execution(self, trade: str, order_ref: str) -> None:
        """Record which order a trade belongs to."""
        self._ref_of_execution[trade] = order_ref

    def of_execution(self, trade: str) -> TrackedOrder | None:
        """Return the order that a trade belongs to; None if the trade is unknown."""
        return self._by_ref.get(self._ref_of_execution.get(trade, ""))

    def view(self, order_ref: str) -> BrokerOrder | None:
        """Return an order's view; None if it is not tracked."""
        self._check_process()
        with self.news:
            tracked = self._by_ref.get(order_ref)
            return tracked.view() if tracked is not None else None

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait until a condition on the book holds and its cause is journalled; return whether it holds.

        Closing the book ends the wait.
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
        """Start a batch, during which the book may be ahead of the journal."""
        with self.news:
            self._begun += 1

    def end_batch(self) -> None:
        """Wake all waiters: the journal has caught up with the book, or cannot be written."""
        with self.news:
            self._ended = self._begun
            self.news.notify_all()

    def tell(self) -> None:
        """Wake all waiters, to check their condition again."""
        with self.news:
            self.news.notify_all()

    def _wait(self, condition: Callable[[], bool], end: float) -> bool:
        while not condition():
            left = end - time.monotonic()
            if self._closed or left <= 0:
                return False
            self.news.wait(min(left, _LONGEST_WAIT))
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
