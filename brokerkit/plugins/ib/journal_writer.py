"""Writing what IB says into the journal, from the desk's thread, without losing it while the store is locked."""

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
    """Which executions turned out to be new when they were written; while they are not written, all of them."""

    new: frozenset[str] | None = None

    def is_new(self, fill: Fill) -> bool:
        """Return whether no session of ours has told an execution before."""
        return self.new is None or fill.execution_id in self.new


class JournalWriter:
    """Writes to the journal in the order things happened; what cannot be written waits for the next write.

    Everything that came since the last `commit` is one transaction. It survives the end of this process at once,
    and the loss of power a second later at most: what is lost then is read from IB again.
    """

    def __init__(self, journal: Callable[[], OrderJournal]) -> None:
        self._journal = journal
        self._waiting: deque[Callable[[OrderJournal], object]] = deque(maxlen=_KEPT)
        self._unsynced_since: float | None = None
        self._told: deque[BrokerOrder | Fill] = deque(maxlen=_KEPT)
        self._is_ending = self._has_given_up = False

    def state(self, tracked: TrackedOrder) -> None:
        """Write down where an order of ours stands."""
        if tracked.origin is OrderOrigin.OURS:
            ref, state, ids, reason = tracked.order.order_ref, tracked.state, tracked.ids, tracked.reason
            self._write(lambda journal: journal.update(ref, state, ids, reason))

    def sent(self, order_refs: list[str]) -> None:
        """Write down that orders of ours have left."""
        self._write(lambda journal: journal.sent(*order_refs))

    def amended(self, tracked: TrackedOrder) -> None:
        """Write down an order of ours as it stands after a change."""
        if tracked.origin is OrderOrigin.OURS:
            order = tracked.order
            self._write(lambda journal: journal.amend(order))

    def commission(self, execution_id: str, commission: Money) -> None:
        """Write down what an execution cost."""
        self._write(lambda journal: journal.record_commission(execution_id, commission))

    def fills(self, fills: Iterable[Fill]) -> Recorded:
        """Write down executions, and return what will say which of them no session of ours has told before."""
        batch, recorded = list(fills), Recorded()

        def record(journal: OrderJournal) -> None:
            recorded.new = frozenset(fill.execution_id for fill in journal.record_fills(batch, revision_of))

        self._write(record)
        return recorded

    def told(self, event: object) -> None:
        """Take note, in any thread, that listeners heard an event; it is written with what is written next."""
        if isinstance(event, Fill) or (isinstance(event, BrokerOrder) and event.state.is_final):
            self._told.append(event)

    def end(self) -> None:
        """From now on wait only once for a store that is locked: what stays unwritten is read from IB again."""
        self._is_ending = True

    def commit(self) -> bool:
        """Write what waits, in one transaction, and return whether all is written."""
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(_PAUSE)
            if not self._waiting or self._commit_together():
                return True
            if self._has_given_up:
                break
        return False

    def sync(self) -> None:
        """Write down what was told, and have all that was written survive the loss of power too."""
        if self._told:
            self._waiting.append(_nothing)  # what was told goes with it
            self.commit()
        if self._unsynced_since is not None:
            self._sync_disk()

    def prune(self, before: datetime) -> None:
        """Let the journal forget the orders of before an aware time that ended."""
        if self._has_given_up:
            return
        try:
            count = self._journal().prune(before)
        except StoreError as error:
            self._has_given_up = self._is_ending
            _log.warning("Old orders stay in the journal: %s", error)
        else:
            _log.info("%d orders of before %s were deleted from the journal", count, before)

    def _commit_together(self) -> bool:
        if self._has_given_up:
            return False
        entries = list(self._waiting)
        try:
            journal = self._journal()
            with journal.together():
                for entry in entries:
                    _enter(entry, journal)
                told = self._mark_told(journal)
        except StoreLocked as error:
            self._has_given_up = self._is_ending
            _log.error("The journal is locked, %d entries wait: %s", len(self._waiting), error)
            return False
        except Exception:  # noqa: BLE001 because which of them it was shows when each is written by itself
            return self._commit_singly()
        self._waiting.clear()
        for _ in range(told):
            self._told.popleft()
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

    def _mark_told(self, journal: OrderJournal) -> int:
        """Mark what was told so far, and return how many events that is."""
        events = list(self._told)
        if events:
            journal.mark_told(
                [each.execution_id for each in events if isinstance(each, Fill)],
                [each.order_ref for each in events if isinstance(each, BrokerOrder)],
            )
        return len(events)

    def _commit_singly(self) -> bool:
        """Write as much as can be written: one entry that cannot must not take the others with it."""
        while self._waiting:
            try:
                _enter(self._waiting[0], self._journal())
            except StoreError as error:
                _log.error("The journal cannot be written, %d entries wait: %s", len(self._waiting), error)
                return False
            except Exception:  # noqa: BLE001 because what can never be written must not keep the fills behind it waiting
                _log.exception("An entry of the journal is left out")
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
        _log.warning("The journal does not know an order any more: %s", error)
