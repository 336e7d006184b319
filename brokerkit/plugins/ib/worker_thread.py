"""A worker thread that runs calls in order, so that neither the network nor the caller has to wait."""

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


class WorkerThread:
    """Runs work in the order it was posted, in its own thread, which the first post starts.

    Work that raises is logged with its traceback, and does not stop later work.

    Args:
        name: The thread's name.
        batch: Entered before the first piece of waiting work, exited after the last.
        when_quiet: Run once after each busy period, when nothing was posted for half a second.
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
        self._idle_work: deque[Work] = deque()
        self._started = self._closed = False
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def is_current(self) -> bool:
        """Whether the caller is in this thread."""
        return threading.current_thread() is self._thread

    def post(self, *work: Work) -> None:
        """Queue work, to be run in order after everything posted before."""
        self._put(work)

    def post_when_idle(self, work: Work) -> None:
        """Queue work to be run when nothing was posted for half a second, or at the latest at the end."""
        self._idle_work.append(work)
        self._put(())

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until everything posted before is done and its batch has ended; return whether it was in time."""
        if self.is_current or not self._started:
            return True
        done = threading.Event()
        return done.wait(timeout) if self._put(done) else True

    def close(self, timeout: float = 10.0) -> None:
        """Run what was posted, then end. Closing twice does nothing."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        if self._started and not self.is_current:
            self._thread.join(timeout)

    def _put(self, item: tuple[Work, ...] | threading.Event) -> bool:
        """Queue an item, and return whether it will be processed: after closing, nothing is."""
        with self._lock:
            if self._closed:
                return False
            if not self._started:
                self._thread.start()
                self._started = True
            self._queue.put(item)
            return True

    def _run(self) -> None:
        while self._run_batch(self._next()):
            pass
        self._run_idle()

    def _next(self) -> tuple[Work, ...] | threading.Event | None:
        """Return the next item, running the idle work at the first pause."""
        if self._when_quiet is not None or self._idle_work:
            try:
                return self._queue.get(timeout=_QUIET)
            except queue.Empty:
                self._run_idle()
                if self._when_quiet is not None:
                    self._do(self._when_quiet)
        return self._queue.get()

    def _run_idle(self) -> None:
        while self._idle_work:
            self._do(self._idle_work.popleft())

    def _run_batch(self, work: tuple[Work, ...] | threading.Event | None) -> bool:
        """Run an item and everything queued after it as one batch; return whether more may come."""
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
        except Exception:  # noqa: BLE001 because the thread must keep running for later work
            _log.exception("A batch of events of the IB connection could not be completed")
        for each in flushed:
            each.set()
        return work is not None

    def _do(self, work: Work) -> None:
        try:
            work()
        except BaseException:  # noqa: BLE001 because neither a broken message nor a handler's sys.exit() may stop later fills
            _log.exception("An event of the IB connection could not be handled")
