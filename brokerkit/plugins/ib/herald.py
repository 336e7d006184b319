"""Tells listeners what happened: in order, in one thread, and not before anybody listens."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from brokerkit.spec.events import Event

News = Callable[[], Event | None]
_log = logging.getLogger(__name__)
_LOOK_FOR_LISTENERS = 0.02
_KEPT = 20_000


class Herald:
    """Passes events on, one after another.

    What happened while this broker was away is told during opening, when nobody can be listening yet:
    those events are kept, and told to the first listener of their kind.
    """

    def __init__(self, emit: Callable[[Event], None], has_listener: Callable[[type[Event]], bool]) -> None:
        self._emit = emit
        self._has_listener = has_listener
        self._queue: queue.SimpleQueue[tuple[list[News], bool] | None] = queue.SimpleQueue()
        self._kept: dict[type[Event], deque[Event]] = {}
        self._on_told: Callable[[Event], None] = lambda event: None
        self._is_opening = True
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="brokerkit-ib-herald", daemon=True)
        self._thread.start()

    def tell(self, event: Event) -> None:
        """Have an event told after all that were given before it."""
        self.tell_all([partial(_itself, event)])

    def tell_all(self, news: list[News]) -> None:
        """Have events told, in order, after all that were given before; each is made when its turn has come.

        Args:
            news: Each returns an event, or None when there is nothing to tell after all.
        """
        self._queue.put((news, self._is_opening))

    def when_told(self, callback: Callable[[Event], None]) -> None:
        """Call a callback with each event that listeners have heard, or that nobody listened to."""
        self._on_told = callback

    def opened(self) -> None:
        """From now on, events that nobody listens to are dropped."""
        self._is_opening = False

    def close(self, timeout: float = 5.0) -> None:
        """Tell what was given, then end. Closing twice does nothing."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put(None)
        if threading.current_thread() is not self._thread:
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
            for news in item[0]:
                self._make_and_handle(news, item[1])

    def _make_and_handle(self, news: News, is_early: bool) -> None:
        try:
            event = news()
        except Exception:  # noqa: BLE001 because what cannot be told must not silence what comes behind it
            _log.exception("An event of the IB connection could not be told")
        else:
            if event is not None:
                self._handle(event, is_early)

    def _handle(self, event: Event, is_early: bool) -> None:
        kind = type(event)
        if is_early and not self._has_listener(kind):
            self._kept.setdefault(kind, deque(maxlen=_KEPT)).append(event)
            return
        self._tell_kept()
        self._pass_on(event)

    def _tell_kept(self) -> None:
        for kind in [kind for kind in self._kept if self._has_listener(kind)]:
            for event in self._kept.pop(kind):
                self._pass_on(event)

    def _drop_kept(self) -> None:
        """Let go of what nobody listened for until the end: it must not be told at every start from now on."""
        for events in self._kept.values():
            for event in events:
                self._on_told(event)
        self._kept.clear()

    def _pass_on(self, event: Event) -> None:
        try:
            self._emit(event)
        except Exception:  # noqa: BLE001 because a listener that fails must not keep the next event from the others
            _log.exception("A listener failed on %r", event)
        self._on_told(event)


def _itself(event: Event) -> Event:
    return event
