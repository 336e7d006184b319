"""Tells listeners what happened: in order, in one thread, and not before anybody listens."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence

import attrs

from brokerkit.spec.events import Event
from brokerkit.spec.positions import Position

_log = logging.getLogger(__name__)
_LOOK_FOR_LISTENERS = 0.02
_KEPT = 20_000


@attrs.frozen(eq=False)
class News:
    """An event that is made when its turn to be told has come.

    Attributes:
        kind: Its type.
        make: Returns it, or None when there is nothing to tell after all.
    """

    kind: type[Event]
    make: Callable[[], Event | None]

    @classmethod
    def of(cls, event: Event) -> News:
        """Return the news that is an event made already."""
        return cls(type(event), lambda: event)


class Herald:
    """Passes events on, one after another, in a thread that is there from the first event that somebody hears.

    What happened while this broker was away is told during opening, when nobody can be listening yet:
    those events are kept, and told to the first listener of their kind.
    """

    def __init__(self, emit: Callable[[Event], None], has_listener: Callable[[type[Event]], bool]) -> None:
        self._emit = emit
        self._has_listener = has_listener
        self._queue: queue.SimpleQueue[tuple[Sequence[News], bool] | threading.Event | None] = queue.SimpleQueue()
        self._kept: dict[type[Event], deque[News]] = {}
        self._on_told: Callable[[Event], None] = lambda event: None
        self._is_opening = True
        self._is_started = self._is_closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="brokerkit-ib-herald", daemon=True)

    def tell(self, event: Event) -> None:
        """Have an event told after all that were given before it."""
        self.tell_all([News.of(event)])

    def tell_all(self, news: Sequence[News]) -> None:
        """Have events told, in order, after all that were given before."""
        with self._lock:
            is_heard = self._is_started or self._needs_thread(news)
            if is_heard and not self._is_started:
                self._is_started = self._start()
            if self._is_started:
                self._queue.put((news, self._is_opening))
                return
        for each in news:  # whoever comes to listen meanwhile is told of what comes next, in the thread
            if is_heard:
                self._handle(each, is_early=False)
            else:
                self._let_go(each)

    def _needs_thread(self, news: Sequence[News]) -> bool:
        """Return whether anybody hears, or may still hear, any of it."""
        return self._is_opening or any(self._has_listener(each.kind) for each in news)

    def _start(self) -> bool:
        try:
            self._thread.start()
        except RuntimeError:  # the program is ending, and starts no thread any more: whoever tells does it
            return False
        return True

    def when_told(self, callback: Callable[[Event], None]) -> None:
        """Call a callback with each event that listeners have heard, or that nobody listened to."""
        self._on_told = callback

    def opened(self) -> None:
        """From now on, events that nobody listens to are dropped."""
        self._is_opening = False

    def hear_out(self, timeout: float = 5.0) -> None:
        """Return when all that was given so far was told, or time is up; at once in a listener, who is heard out."""
        if self._is_started and not self._is_closed and threading.current_thread() is not self._thread:
            told = threading.Event()
            self._queue.put(told)
            told.wait(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Tell what was given, then end. Closing twice does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put(None)
        if self._is_started and threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=_LOOK_FOR_LISTENERS if self._kept else None)
            except queue.Empty:
                self._tell_kept()
                continue
            if item is None:
                self._drop_kept()
                return
            if isinstance(item, threading.Event):
                self._tell_kept()
                item.set()
                continue
            for news in item[0]:
                self._handle(news, is_early=item[1])

    def _handle(self, news: News, *, is_early: bool) -> None:
        if self._has_listener(news.kind):
            self._tell_kept()
            self._pass_on(news)
        elif is_early:
            self._kept.setdefault(news.kind, deque(maxlen=_KEPT)).append(news)
        else:
            self._let_go(news)

    def _tell_kept(self) -> None:
        for kind in [kind for kind in self._kept if self._has_listener(kind)]:
            for news in self._kept.pop(kind):
                self._pass_on(news)

    def _drop_kept(self) -> None:
        """Let go of what nobody listened for until the end: it must not be told at every start from now on."""
        for each in self._kept.values():
            for news in each:
                self._let_go(news)
        self._kept.clear()

    def _let_go(self, news: News) -> None:
        """Count something as told that nobody listens to; IB may have to be asked to make a position, and is not."""
        if news.kind is not Position and (event := self._made(news)) is not None:
            self._on_told(event)

    def _pass_on(self, news: News) -> None:
        event = self._made(news)
        if event is None:
            return
        try:
            self._emit(event)
        except Exception:  # noqa: BLE001 because a listener that fails must not keep the next event from the others
            _log.exception("A listener failed on %r", event)
        self._on_told(event)

    def _made(self, news: News) -> Event | None:
        try:
            return news.make()
        except Exception:  # noqa: BLE001 because what cannot be told must not silence what comes behind it
            _log.exception("An event of the IB connection could not be told")
            return None
