"""Events, fanned out to every listener: quick when nobody listens, and safe from a listener that fails."""

from __future__ import annotations

import functools
import inspect
import logging
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, get_type_hints

import pluggy

from brokerkit.errors import InvalidArgument, PluginError
from brokerkit.spec.events import Event, Events
from brokerkit.spec.hooks import hookimpl, hooks_of

logger: logging.Logger = logging.getLogger("brokerkit.events")

Listener = Callable[[Any], object]


def _event_types() -> dict[str, type[Any]]:
    return {
        name: get_type_hints(getattr(Events, name))[facts.parameters[0]] for name, facts in hooks_of(Events).items()
    }


_LISTENER = "brokerkit_listener"
"""Where the function of an event hook holds the listener that it stands for, and which is called in its place."""

EVENT_TYPES: dict[str, type[Any]] = _event_types()
"""The type of event that each event hook hears, by the hook's name."""


class Subscription:
    """Listeners that hear a broker's events until this is closed. Also a context manager.

    What happened before it is closed is still heard. Closing twice does nothing. A listener may still finish an event
    that it is hearing.
    """

    def __init__(self, end: Callable[[], None], heard: tuple[str, ...]) -> None:
        self._end: Callable[[], None] | None = end
        self._heard = heard

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._end is None

    def close(self) -> None:
        """Stop hearing events."""
        end, self._end = self._end, None
        if end is not None:
            end()

    def __enter__(self) -> Subscription:
        """Return the subscription itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop hearing events."""
        self.close()

    def __repr__(self) -> str:
        """Return what it hears, and whether it still does."""
        return f"<Subscription to {', '.join(self._heard)}{', closed' if self.closed else ''}>"


class EventDispatch:
    """Tells events to the listeners that one broker's plugin manager holds.

    The manager is the truth about who listens. A flat table of its listeners is kept beside it,
    because an exchange may deliver hundreds of thousands of events a second, and because one
    listener's failure must not keep an event from the next.
    """

    def __init__(self, manager: pluggy.PluginManager, broker_name: str) -> None:
        self._manager = manager
        self._broker_name = broker_name
        self._changing = threading.RLock()
        self._silent = False
        self._watchers: list[Callable[[], None]] = []
        self._hear_out: Callable[[], None] | None = None
        self._listeners: dict[type[Any], tuple[Listener, ...]] = dict.fromkeys(EVENT_TYPES.values(), ())
        self.refresh()

    def emit(self, event: Event) -> None:
        """Tell an event to every listener, in the order they were registered. Safe from any thread.

        A listener that raises is logged with its traceback; the others still hear the event. What ends a program, such
        as Ctrl-C or `sys.exit()`, is raised once they have, but only in the main thread: in another it would end
        nothing but that thread, and with it the events.

        Raises:
            PluginError: It is no event of the contract.
        """
        try:
            listeners = self._listeners[type(event)]
        except KeyError:
            raise _no_event(event) from None
        self._tell(listeners, event)

    def _tell(self, listeners: tuple[Listener, ...], event: Event) -> None:
        for at, listener in enumerate(listeners):
            try:
                listener(event)
            except BaseException as error:
                if not isinstance(error, Exception) and threading.current_thread() is threading.main_thread():
                    self._tell(listeners[at + 1 :], event)
                    raise
                logger.exception(
                    "A listener of broker %r failed on a %s; the others still receive it: %r",
                    self._broker_name,
                    type(event).__name__,
                    listener,
                )

    def has_listener(self, kind: type[Event]) -> bool:
        """Return whether anybody would hear an event of that type."""
        return bool(self._listeners[kind])

    def watch(self, watcher: Callable[[], None]) -> None:
        """Have a function called whenever listeners came or went."""
        self._watchers.append(watcher)

    def hear_out_with(self, hear_out: Callable[[], None]) -> None:
        """Have a function called before a subscription ends: it returns when all that has happened was told."""
        self._hear_out = hear_out

    def subscribe(self, listeners: Mapping[str, Listener]) -> Subscription:
        """Add listeners, by the name of the event's hook, and return what ends them together.

        Raises:
            InvalidArgument: There is no listener among them, or one cannot be called, or is async.
        """
        if not listeners:
            raise InvalidArgument(
                "No listener was given.", remedy=f"Give a function for at least one of {', '.join(EVENT_TYPES)}."
            )
        for name, listener in listeners.items():
            if not callable(listener):
                raise InvalidArgument(f"{name}={listener!r} cannot be called.", remedy="Give a function of one event.")
            if _is_async(listener):
                raise InvalidArgument(
                    f"{name}={listener!r} is async: called in the broker's thread, it would never run.",
                    remedy="Give a plain function that passes the event on, such as "
                    "lambda event: loop.call_soon_threadsafe(queue.put_nowait, event).",
                )
        plugin = _listening_plugin(listeners)
        with self._changing:
            self._manager.register(plugin)
            self.refresh()
        return Subscription(functools.partial(self._unsubscribe, plugin), tuple(listeners))

    def refresh(self) -> None:
        """Read from the manager who listens. Call it after registering a plugin that hears events."""
        for name, kind in EVENT_TYPES.items():
            heard_by = () if self._silent else getattr(self._manager.hook, name).get_hookimpls()
            self._listeners[kind] = tuple(getattr(one.function, _LISTENER, one.function) for one in heard_by)
        for watcher in self._watchers:
            watcher()

    def silence(self) -> None:
        """Let nobody hear anything any more."""
        with self._changing:
            self._silent = True
            self.refresh()

    def leave_to_parent(self) -> None:
        """Let nobody hear anything in a forked child, whatever lock a thread of its parent's holds."""
        self._changing = threading.RLock()
        self._silent = True
        self._listeners = dict.fromkeys(EVENT_TYPES.values(), ())

    def _unsubscribe(self, plugin: object) -> None:
        if self._silent:
            return
        if self._hear_out is not None:
            self._hear_out()
        with self._changing:
            if self._manager.is_registered(plugin):  # another thread may have ended the same subscription
                self._manager.unregister(plugin)
                self.refresh()


def _is_async(listener: Listener) -> bool:
    """Return whether a call of the listener would only make a coroutine, which nobody waits for."""
    function: Any = listener
    while isinstance(function, functools.partial):
        function = function.func
    called = (function, getattr(type(function), "__call__", None))  # noqa: B004 because what a call of an object runs is meant
    return any(inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each) for each in called)


def _listening_plugin(listeners: Mapping[str, Listener]) -> object:
    """Return a plugin object whose event hooks are the listeners."""
    return type("Listeners", (), {name: _event_method(name, listener) for name, listener in listeners.items()})()


def _event_method(name: str, listener: Listener) -> Any:
    @functools.wraps(getattr(Events, name))
    def hear(event: Any) -> None:
        listener(event)

    setattr(hear, _LISTENER, listener)
    return hookimpl(staticmethod(hear))


def _no_event(event: object) -> PluginError:
    return PluginError(
        f"A {type(event).__name__} was emitted, which is not an event.",
        remedy=f"Events are {', '.join(kind.__name__ for kind in EVENT_TYPES.values())}.",
    )
