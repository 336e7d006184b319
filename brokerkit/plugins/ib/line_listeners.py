"""The callbacks of a connection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any


class LineListeners:
    """Holds a connection's callbacks, which are registered before it connects, from any thread."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[str, tuple[Any, ...]], None]] = []
        self._on_read: list[Callable[[], None]] = []
        self._on_session: list[Callable[[int], None]] = []
        self._on_up: list[Callable[[Any], Awaitable[None]]] = []
        self._on_change: list[Callable[[], None]] = []
        self._on_data_lost: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[str, tuple[Any, ...]], None]) -> None:
        """Pass every raw message about orders, fills and positions to a listener, in the client's thread."""
        self._listeners.append(listener)

    def when_read(self, callback: Callable[[], None]) -> None:
        """Call a callback in the client's loop whenever a packet from the Gateway has been processed."""
        self._on_read.append(callback)

    def when_session_begins(self, callback: Callable[[int], None]) -> None:
        """Call a callback in the client's loop with the client id once it is sent, before the Gateway sends data."""
        self._on_session.append(callback)

    def when_up(self, callback: Callable[[Any], Awaitable[None]]) -> None:
        """Await a callback with the IB object in the client's loop, before the connection is reported as up."""
        self._on_up.append(callback)

    def when_changed(self, callback: Callable[[], None]) -> None:
        """Call a callback whenever the connection's state changes."""
        self._on_change.append(callback)

    def when_data_lost(self, callback: Callable[[], None]) -> None:
        """Call a callback in the client's loop when market data must be requested again."""
        self._on_data_lost.append(callback)

    def hear(self, message: str, arguments: tuple[Any, ...]) -> None:
        """Pass a raw message on to every listener."""
        for listener in self._listeners:
            listener(message, arguments)

    def declare_data_lost(self) -> None:
        """Have market data requested again."""
        for callback in self._on_data_lost:
            callback()

    def _on_data(self, _data: bytes) -> None:
        for callback in self._on_read:
            callback()
