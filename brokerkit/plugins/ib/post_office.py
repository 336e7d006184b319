"""A thread that does pieces of work one after another, so that neither the network nor a caller waits."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)
Work = Callable[[], None]


class PostOffice:
    """Does pieces of work in the order they were given, in a thread of its own.

    A piece that raises is logged with its traceback, and does not stop those behind it.
    """

    def __init__(self, name: str) -> None:
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def is_current(self) -> bool:
        """Whether the caller is in this thread."""
        return threading.current_thread() is self._thread

    def post(self, work: Work) -> None:
        """Have a piece of work done after all that was posted before it."""
        with self._lock:  # nothing is put behind the end, where nobody would do it
            if not self._closed:
                self._queue.put(work)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all that was posted before is done, and return whether it was in time."""
        if self.is_current:
            return True
        done = threading.Event()
        with self._lock:
            if self._closed:
                return True
            self._queue.put(done.set)
        return done.wait(timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Do what was posted, then end. Closing twice does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if not self.is_current:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (work := self._queue.get()) is not None:
            try:
                work()
            except Exception:  # noqa: BLE001 because one broken message must not stop the fills behind it
                _log.exception("An event of the IB connection could not be handled")
