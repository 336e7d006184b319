"""The live IB object of the client library, safe to use from any thread."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any

from brokerkit.plugins.ib.loop_thread import LoopThread
from brokerkit.plugins.ib.worker_thread import WorkerThread

_OF_FIGURES = frozenset({"accountValues", "portfolio", "accountValueEvent", "updatePortfolioEvent"})
_Work = Callable[[], None]


def _nothing() -> None:
    pass


class LiveEvent:
    """One of the IB object's events. Handlers run in brokerkit's event thread, where any call is allowed."""

    def __init__(self, event: Any, thread: LoopThread, callbacks: WorkerThread, before: _Work = _nothing) -> None:
        self._event = event
        self._thread = thread
        self._callbacks = callbacks
        self._before = before
        self._handlers: dict[Any, Callable[..., None]] = {}

    def connect(self, handler: Callable[..., Any]) -> LiveEvent:
        """Call a handler with the event's arguments from now on."""

        def forward(*arguments: Any) -> None:
            self._callbacks.post(lambda: handler(*arguments))

        self._before()
        self._callbacks.post()  # starts its thread now, because none can be started while the interpreter exits
        self._handlers[handler] = forward
        self._thread.call(self._event.connect, forward, None, None, True)
        return self

    def disconnect(self, handler: Callable[..., Any]) -> LiveEvent:
        """Stop calling a handler; one that was never connected is ignored."""
        known = self._handlers.pop(handler, None)
        if known is not None:
            self._thread.call(self._event.disconnect, known)
        return self

    __iadd__ = connect
    __isub__ = disconnect


class LiveIB:
    """The library's IB object, with each call made in the client's own thread.

    A call that would run the event loop in the library is made through its `...Async` twin, within the
    request timeout. Attributes are read directly. Account values and portfolios are subscribed to by the
    first call that returns them, or the first handler that listens for them.
    """

    def __init__(
        self, ib: Any, thread: LoopThread, callbacks: WorkerThread, timeout: float, want_figures: Callable[[], None]
    ) -> None:
        self.__dict__.update(_ib=ib, _thread=thread, _callbacks=callbacks, _timeout=timeout, _events={})
        self.__dict__.update(_want_figures=want_figures)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._ib, name)
        if name.startswith("_") or name.endswith("Async"):
            return value
        if hasattr(value, "emit") and hasattr(value, "connect"):
            return self._event(name, value)
        if inspect.isroutine(value):
            return self._method(name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if not isinstance(value, LiveEvent):  # `ib.errorEvent += handler` assigns the event it read
            self._thread.call(setattr, self._ib, name, value)

    def __dir__(self) -> list[str]:
        return dir(self._ib)

    def __repr__(self) -> str:
        return repr(self._ib)

    def sleep(self, secs: float = 0.02) -> bool:
        """Sleep in the caller's thread, while the client keeps running in its own."""
        time.sleep(secs)
        return True

    def waitOnUpdate(self, timeout: float = 0) -> bool:  # noqa: N802 because it is the library's name
        """Return True once anything arrives from the Gateway."""

        async def update() -> bool:
            await self._ib.updateEvent
            return True

        answered: bool = self._thread.run(update(), timeout or self._timeout, "any update")
        return answered

    def _before(self, name: str) -> _Work:
        """Return the call to make before an attribute is used."""
        return self._want_figures if name in _OF_FIGURES else _nothing

    def _event(self, name: str, event: Any) -> LiveEvent:
        if name not in self._events:
            self._events[name] = LiveEvent(event, self._thread, self._callbacks, self._before(name))
        found: LiveEvent = self._events[name]
        return found

    def _method(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        twin: Callable[..., Any] | None = getattr(self._ib, f"{name}Async", None)
        before = self._before(name)

        def call_at_once(*arguments: Any, **named: Any) -> Any:
            before()
            return self._thread.call(lambda: method(*arguments, **named), timeout=self._timeout)

        def call_and_wait(*arguments: Any, **named: Any) -> Any:
            return self._thread.run(_awaited(twin or method, arguments, named), self._timeout, f"ib.{name}()")

        call = call_at_once if twin is None else call_and_wait

        call.__name__ = name
        call.__doc__ = method.__doc__
        return call


async def _awaited(start: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    return await start(*arguments, **named)
