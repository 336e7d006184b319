"""Messages that are taken in together: written down at once, then handed on to listeners, then waiters are woken."""

from __future__ import annotations

from collections.abc import Callable

from brokerkit.plugins.ib.herald import News
from brokerkit.plugins.ib.journal_writer import JournalWriter
from brokerkit.plugins.ib.order_book import OrderBook


class NewsBatch:
    """Entered in the desk's thread before messages are taken in, left after them.

    What one answer of IB's brings comes in five or six messages. They are one transaction of the journal instead of
    one each, and nobody is woken or told before that is committed.
    """

    def __init__(self, book: OrderBook, writer: JournalWriter, tell_all: Callable[[list[News]], None]) -> None:
        self._book = book
        self._writer = writer
        self._tell_all = tell_all
        self._later: list[News] = []

    def __enter__(self) -> None:
        """Begin."""
        self._book.begin_batch()

    def __exit__(self, *_: object) -> None:
        """Write down, hand on to whoever tells listeners, wake: who is woken can wait for these to have heard."""
        try:
            self._writer.commit()
            later, self._later = self._later, []
            if later:
                self._tell_all(later)
        finally:
            self._book.end_batch()

    def checkpoint(self) -> None:
        """End the batch here and begin another: what follows may take long, or somebody waits for what came before."""
        self.__exit__()
        self.__enter__()

    def later(self, news: News) -> None:
        """Have something told once everything that was taken in so far is written down."""
        self._later.append(news)
