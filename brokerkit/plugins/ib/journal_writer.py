"""Writing what IB says into the journal, from the desk's thread, without losing it while the store is locked."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable

from brokerkit.errors import MissingOrder, StoreError
from brokerkit.plugins.ib.executions import revision_of
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import Fill, OrderOrigin
from brokerkit.spec.money import Money
from brokerkit.spec.services import OrderJournal

_log = logging.getLogger(__name__)
_KEPT = 100_000
_TRIES = 3
_PAUSE = 0.2


class JournalWriter:
    """Writes to the journal in the order things happened; what cannot be written waits for the next write."""

    def __init__(self, journal: Callable[[], OrderJournal]) -> None:
        self._journal = journal
        self._waiting: deque[Callable[[OrderJournal], object]] = deque(maxlen=_KEPT)

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

    def fills(self, fills: Iterable[Fill]) -> list[Fill]:
        """Write down executions and return those that no session of ours has told before.

        While the store cannot be written they count as new, and are written later.
        """
        batch = list(fills)
        new: list[tuple[Fill, ...]] = []
        self._write(lambda journal: new.append(journal.record_fills(batch, revision_of)))
        return list(new[0]) if new else batch

    def flush(self) -> bool:
        """Try to write what waits, and return whether all is written."""
        while self._waiting:
            try:
                self._waiting[0](self._journal())
            except MissingOrder as error:
                _log.warning("The journal does not know an order any more: %s", error)
            except StoreError as error:
                _log.error("The journal cannot be written, %d entries wait: %s", len(self._waiting), error)
                return False
            self._waiting.popleft()
        return True

    def _write(self, entry: Callable[[OrderJournal], object]) -> None:
        self._waiting.append(entry)
        for _ in range(_TRIES):
            if self.flush():
                return
            time.sleep(_PAUSE)
