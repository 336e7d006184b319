"""Writes IB's reports to the journal, from the desk's thread, and keeps them while the store is locked."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime

import attrs

from brokerkit.errors import MissingOrder, StoreError, StoreLocked
from brokerkit.plugins.ib.executions import revision_of
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderOrigin
from brokerkit.spec.money import Money
from brokerkit.spec.services import OrderJournal

_log = logging.getLogger(__name__)
_KEPT = 100_000
_TRIES = 3
_PAUSE = 0.2
_LONGEST_UNSYNCED = 1.0


@attrs.define
class Recorded:
    """Which executions were new when they were journalled; until then, all count as new."""

    new: frozenset[str] | None = None

    def is_new(self, fill: Fill) -> bool:
        """Return whether no session of ours has reported an execution before."""
        return self.new is None or fill.execution_id in self.new


class JournalWriter:
    """Writes to the journal in order; entries that cannot be written wait for the next write.

    All entries since the last `commit` are one transaction. It survives a crash of this process at once, and a power
    failure within a second: what is lost then is read from IB again.
    """

    def __init__(self, journal: Callable[[], OrderJournal]) -> None:
        self._journal = journal
        self._waiting: deque[Callable[[OrderJournal], object]] = deque(maxlen=_KEPT)
        self._unsynced_since: float | None = None
        self._delivered: deque[BrokerOrder | Fill] = deque(maxlen=_KEPT)
        self._is_ending = self._has_given_up = False

    def state(self, tracked: TrackedOrder) -> None:
        """Journal the state of an order of ours."""
        if tracked.origin is OrderOrigin.OURS:
            ref, state, ids, reason = tracked.order.order_ref, tracked.state, tracked.ids, tracked.reason
            self._write(lambda journal: journal.update(ref, state, ids, reason))

    def sent(self, order_refs: list[str]) -> None:
        """Journal that orders of ours have been sent."""
        self._write(lambda journal: journal.sent(*order_refs))

    def amended(self, tracked: TrackedOrder) -> None:
        """Journal an order of ours as changed."""
        if tracked.origin is OrderOrigin.OURS:
            order = tracked.order
            self._write(lambda journal: journal.amend(order))

    def commission(self, execution_id: str, commission: Money) -> None:
        """Journal an execution's commission."""
        self._write(lambda journal: journal.record_commission(execution_id, commission))

    def fills(self, fills: Iterable[Fill]) -> Recorded:
        """Journal executions, and return a record of which ones no session of ours has reported before."""
        batch, recorded = list(fills), Recorded()

        def record(journal: OrderJournal) -> None:
            recorded.new = frozenset(fill.execution_id for fill in journal.record_fills(batch, revision_of))

        self._write(record)
        return recorded

    def delivered(self, event: object) -> None:
        """Record, in any thread, that an event was delivered to listeners; it is journalled with the next write."""
        if isinstance(event, Fill) or (isinstance(event, BrokerOrder) and event.state.is_final):
            self._delivered.append(event)

    def end(self) -> None:
        """From now on wait only once for a store that is locked: what stays unwritten is read from IB again."""
        self._is_ending = True

    def commit(self) -> bool:
        """Write the waiting entries in one transaction, and return whether all are written."""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE)
            if not self._waiting or self._commit_together():
                return True
            if self._has_given_up:
                break
        return False

    def sync(self) -> None:
        """Journal which events were delivered, and sync the journal to disk."""
        if self._delivered:
            self._waiting.append(_nothing)  # delivered events are written with any entry
            self.commit()
        if self._unsynced_since is not None:
            self._sync_disk()

    def prune(self, before: datetime) -> None:
        """Delete orders that ended before an aware time from the journal."""
        if self._has_given_up:
            return
        try:
            count = self._journal().prune(before)
        except StoreError as error:
            self._has_given_up = self._is_ending
            _log.warning("Old orders could not be deleted from the journal: %s", error)
        else:
            _log.info("Deleted %d orders from before %s from the journal", count, before)

    def _commit_together(self) -> bool:
        if self._has_given_up:
            return False
        entries = list(self._waiting)
        try:
            journal = self._journal()
            with journal.together():
                for entry in entries:
                    _enter(entry, journal)
                delivered = self._mark_delivered(journal)
        except StoreLocked as error:
            self._has_given_up = self._is_ending
            _log.error("The journal is locked, %d entries wait: %s", len(self._waiting), error)
            return False
        except Exception:  # noqa: BLE001 because writing each by itself shows which one failed
            return self._commit_singly()
        self._waiting.clear()
        for _ in range(delivered):
            self._delivered.popleft()
        now = time.monotonic()
        if self._unsynced_since is None:
            self._unsynced_since = now
        elif now - self._unsynced_since > _LONGEST_UNSYNCED:
            self._sync_disk()
        return True

    def _sync_disk(self) -> None:
        if self._has_given_up:
            return
        try:
            self._journal().sync()
        except StoreError as error:
            self._has_given_up = self._is_ending
            _log.error("The journal could not be synced: %s", error)
        else:
            self._unsynced_since = None

    def _mark_delivered(self, journal: OrderJournal) -> int:
        """Mark the events delivered so far, and return how many."""
        events = list(self._delivered)
        if events:
            journal.mark_told(
                [each.execution_id for each in events if isinstance(each, Fill)],
                [each.order_ref for each in events if isinstance(each, BrokerOrder)],
            )
        return len(events)

    def _commit_singly(self) -> bool:
        """Write as many entries as possible: one that cannot be written must not affect the others."""
        while self._waiting:
            try:
                _enter(self._waiting[0], self._journal())
            except StoreError as error:
                _log.error("The journal cannot be written, %d entries wait: %s", len(self._waiting), error)
                return False
            except Exception:  # noqa: BLE001 because an entry that can never be written must not hold up later fills
                _log.exception("A journal entry was skipped")
            self._waiting.popleft()
        return True

    def _write(self, entry: Callable[[OrderJournal], object]) -> None:
        self._waiting.append(entry)


def _nothing(_: OrderJournal) -> None:
    pass


def _enter(entry: Callable[[OrderJournal], object], journal: OrderJournal) -> None:
    try:
        entry(journal)
    except MissingOrder as error:
        _log.warning("The journal no longer has an order: %s", error)
