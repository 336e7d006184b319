"""A thread that does pieces of work one after another, so that neither the network nor a caller waits."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

_log = logging.getLogger(__name__)
Work = Callable[[], None]
_QUIET = 0.5
_MOST_AT_ONCE = 200


class PostOffice:
    """Does pieces of work in the order they were given, in a thread of its own, which the first piece starts.

    A piece that raises is logged with its traceback, and does not stop those behind it.

    Args:
        name: The thread's name.
        batch: Entered before the first of the pieces that wait, left after the last of them.
        when_quiet: Done once after each busy stretch, when nothing came for half a second.
    """

    def __init__(
        self,
        name: str,
        batch: AbstractContextManager[object] | None = None,
        when_quiet: Work | None = None,
    ) -> None:
        self._queue: queue.SimpleQueue[tuple[Work, ...] | threading.Event | None] = queue.SimpleQueue()
        self._batch = batch or nullcontext()
        self._when_quiet = when_quiet
        self._leisure: deque[Work] = deque()
        self._started = self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_current(self) -> bool:
        """Whether the caller is in this thread."""
        return threading.current_thread() is self._thread

    def post(self, *work: Work) -> None:
        """Have pieces of work done, one after another, after all that was posted before them."""
        self._put(work)

    def post_for_leisure(self, work: Work) -> None:
        """Have a piece of work done when nothing came for half a second, or else at the end."""
        self._leisure.append(work)
        self._put(())

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until all that was posted before is done, its batch ended, and return whether it was in time."""
        if self.is_current or not self._started:
            return True
        done = threading.Event()
        return done.wait(timeout) if self._put(done) else True

    def close(self, timeout: float = 10.0) -> None:
        """Do what was posted, then end. Closing twice does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if self._started and not self.is_current:
            self._thread.join(timeout)

    def _put(self, item: tuple[Work, ...] | threading.Event) -> bool:
        """Hand something to the thread, and return whether it will be done: nothing is, behind the end."""
        with self._lock:
            if self._closed:
                return False
            if not self._started:
                self._thread.start()
                self._started = True
            self._queue.put(item)
            return True

    def _run(self) -> None:
        while self._do_what_waits(self._next()):
            pass
        self._use_leisure()

    def _next(self) -> tuple[Work, ...] | threading.Event | None:
        """Wait for the next piece, and use the first quiet moment."""
        if self._when_quiet is not None or self._leisure:
            try:
                return self._queue.get(timeout=_QUIET)
            except queue.Empty:
                self._use_leisure()
                if self._when_quiet is not None:
                    self._do(self._when_quiet)
        return self._queue.get()

    def _use_leisure(self) -> None:
        while self._leisure:
            self._do(self._leisure.popleft())

    def _do_what_waits(self, work: tuple[Work, ...] | threading.Event | None) -> bool:
        """Do what was posted and what was posted behind it in one batch, and return whether more may come."""
        flushed: list[threading.Event] = []
        done = 0
        try:
            with self._batch:
                while True:
                    if isinstance(work, threading.Event):
                        flushed.append(work)
                    elif work is not None:
                        for piece in work:
                            self._do(piece)
                        done += len(work)
                    done += 1
                    if work is None or done >= _MOST_AT_ONCE or self._queue.empty():
                        break
                    work = self._queue.get()
        except Exception:  # noqa: BLE001 because the thread must live on for what comes next
            _log.exception("A batch of events of the IB connection could not be ended")
        for each in flushed:
            each.set()
        return work is not None

    def _do(self, work: Work) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001 because one broken message must not stop the fills behind it
            _log.exception("An event of the IB connection could not be handled")
