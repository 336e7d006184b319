"""Delivers events to listeners: in order, in one thread, and kept until there is a listener."""

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
class PendingEvent:
    """An event that is created when it is its turn to be delivered.

    Attributes:
        kind: Its type.
        make: Returns it, or None if there is nothing to deliver after all.
    """

    kind: type[Event]
    make: Callable[[], Event | None]

    @classmethod
    def of(cls, event: Event) -> PendingEvent:
        """Return an existing event as one."""
        return cls(type(event), lambda: event)


_Queued = tuple[Sequence[PendingEvent], bool] | threading.Event | None


class EventDelivery:
    """Delivers events, one after another, in a thread that starts with the first event that has a listener.

    Events from between sessions are emitted during opening, when there can be no listener yet:
    they are kept, and delivered to the first listener of their kind.
    """

    def __init__(self, emit: Callable[[Event], None], has_listener: Callable[[type[Event]], bool]) -> None:
        self._emit = emit
        self._has_listener = has_listener
        self._queue: queue.SimpleQueue[_Queued] = queue.SimpleQueue()
        self._kept: dict[type[Event], deque[PendingEvent]] = {}
        self._on_delivered: Callable[[Event], None] = lambda event: None
        self._is_opening = True
        self._is_started = self._is_closed = False
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="brokerkit-ib-delivery", daemon=True)

    def tell(self, event: Event) -> None:
        """Queue an event for delivery."""
        self.tell_all([PendingEvent.of(event)])

    def tell_all(self, events: Sequence[PendingEvent]) -> None:
        """Queue events for delivery, in order."""
        with self._lock:
            is_heard = self._is_started or self._needs_thread(events)
            if is_heard and not self._is_started:
                self._is_started = self._start()
            if self._is_started:
                self._queue.put((events, self._is_opening))
                return
        for each in events:  # a listener that subscribes now receives later events, in the thread
            if is_heard:
                self._handle(each, is_early=False)
            else:
                self._drop(each)

    def _needs_thread(self, events: Sequence[PendingEvent]) -> bool:
        """Return whether any of them has, or may still get, a listener."""
        return self._is_opening or any(self._has_listener(each.kind) for each in events)

    def _start(self) -> bool:
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is exiting and starts no threads: the emitting thread delivers instead
            return False
        return True

    def when_delivered(self, callback: Callable[[Event], None]) -> None:
        """Call a callback with each event once it is delivered, or dropped for lack of a listener."""
        self._on_delivered = callback

    def opened(self) -> None:
        """Drop events without a listener from now on."""
        self._is_opening = False

    def hear_out(self, timeout: float = 5.0) -> None:
        """Wait until all queued events are delivered, or until the timeout; in a listener, return at once."""
        if self._is_started and not self._is_closed and threading.current_thread() is not self._thread:
            delivered = threading.Event()
            self._queue.put(delivered)
            delivered.wait(timeout)

    def close(self, timeout: float = 5.0) -> None:
        """Deliver the queued events, then end. Closing twice does nothing."""
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
                self._deliver_kept()
                continue
            if item is None:
                self._drop_kept()
                return
            if isinstance(item, threading.Event):
                self._deliver_kept()
                item.set()
                continue
            for pending in item[0]:
                self._handle(pending, is_early=item[1])

    def _handle(self, pending: PendingEvent, *, is_early: bool) -> None:
        if self._has_listener(pending.kind):
            self._deliver_kept()
            self._deliver(pending)
        elif is_early:
            self._kept.setdefault(pending.kind, deque(maxlen=_KEPT)).append(pending)
        else:
            self._drop(pending)

    def _deliver_kept(self) -> None:
        for kind in [kind for kind in self._kept if self._has_listener(kind)]:
            for pending in self._kept.pop(kind):
                self._deliver(pending)

    def _drop_kept(self) -> None:
        """Drop kept events that had no listener until the end, so that they are not emitted again at every start."""
        for each in self._kept.values():
            for pending in each:
                self._drop(pending)
        self._kept.clear()

    def _drop(self, pending: PendingEvent) -> None:
        """Count an event without a listener as delivered; positions are not created, as that may take a request."""
        if pending.kind is not Position and (event := self._create(pending)) is not None:
            self._on_delivered(event)

    def _deliver(self, pending: PendingEvent) -> None:
        event = self._create(pending)
        if event is None:
            return
        try:
            self._emit(event)
        except Exception:  # noqa: BLE001 because a failing listener must not prevent the next event
            _log.exception("A listener failed on %r", event)
        self._on_delivered(event)

    def _create(self, pending: PendingEvent) -> Event | None:
        try:
            return pending.make()
        except Exception:  # noqa: BLE001 because an event that cannot be created must not prevent later ones
            _log.exception("An event of the IB connection could not be created")
            return None
