"""Messages processed as a batch: journalled in one transaction, then delivered, then waiting callers are woken."""

from __future__ import annotations

from collections.abc import Callable

from brokerkit.plugins.ib.event_delivery import PendingEvent
from brokerkit.plugins.ib.journal_writer import JournalWriter
from brokerkit.plugins.ib.order_book import OrderBook


class NewsBatch:
    """Entered in the desk's thread before messages are processed, exited after them.

    One response of IB's consists of five or six messages. They are journalled in one transaction instead of one each,
    and no caller is woken and no event delivered before it is committed.
    """

    def __init__(self, book: OrderBook, writer: JournalWriter, tell_all: Callable[[list[PendingEvent]], None]) -> None:
        self._book = book
        self._writer = writer
        self._tell_all = tell_all
        self._later: list[PendingEvent] = []

    def __enter__(self) -> None:
        """Start a batch."""
        self._book.begin_batch()

    def __exit__(self, *_: object) -> None:
        """Commit, queue the events, then wake the callers, who can then wait for the events' delivery."""
        try:
            self._writer.commit()
            later, self._later = self._later, []
            if later:
                self._tell_all(later)
        finally:
            self._book.end_batch()

    def checkpoint(self) -> None:
        """End this batch and start another, before something slow or when a caller waits for this one."""
        self.__exit__()
        self.__enter__()

    def later(self, event: PendingEvent) -> None:
        """Deliver an event once everything processed so far is journalled."""
        self._later.append(event)
