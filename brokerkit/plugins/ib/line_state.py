"""The state of the connection: up, down or closed, since when and why; changes are reported to listeners."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone

from brokerkit.errors import BrokerClosed, ConnectionLost
from brokerkit.plugins.ib.downtime import expected_downtime
from brokerkit.plugins.ib.line_listeners import LineListeners
from brokerkit.spec.events import ConnectionChange, ConnectionState, DataGap


class LineState(LineListeners):
    """Whether the Gateway can be reached, as last declared; each change is emitted as an event.

    Args:
        gateway: Its host and port, for error messages.
        emit: Sends events to the broker's listeners.
    """

    def __init__(self, gateway: str, emit: Callable[[ConnectionChange | DataGap], None]) -> None:
        super().__init__()
        self._gateway = gateway
        self._emit = emit
        self._state = ConnectionState.DISCONNECTED
        self._reason = "not connected yet"
        self._last_good = _now()
        self._lock = threading.RLock()

    @property
    def state(self) -> ConnectionState:
        """Whether the broker can be reached now."""
        return self._state

    def require_up(self, doing: str) -> None:
        """Raise unless connected.

        Raises:
            ConnectionLost: The connection is down; nothing was sent.
            BrokerClosed: It was closed.
        """
        if self._state is ConnectionState.CONNECTED:
            return
        if self._state is ConnectionState.CLOSED:
            raise BrokerClosed(f"The connection to {self._gateway} was closed before {doing}.")
        raise ConnectionLost(
            f"The connection to IB is down: {self._reason}. Nothing was sent for {doing}.",
            place=self._gateway,
            remedy="The plugin is reconnecting; wait for the connection event, or try again.",
        )

    def declare_up(self, reason: str) -> None:
        """Report the connection as up, with a data gap if it was down before."""
        since, was_up = self._last_good, self._state is ConnectionState.CONNECTED
        first = self._state is ConnectionState.DISCONNECTED
        self._last_good = _now()
        self._set_state(ConnectionState.CONNECTED, reason)
        if not was_up and not first:
            self._emit(DataGap(since, self._last_good, f"the connection was down: {reason}"))
            self.declare_data_lost()

    def declare_down(self, reason: str) -> None:
        """Report the connection as down, and refuse writes until it is up."""
        self._last_good = _now() if self._state is ConnectionState.CONNECTED else self._last_good
        downtime = expected_downtime(_now())
        self._set_state(ConnectionState.RECONNECTING, f"{reason} ({downtime})" if downtime else reason)

    def declare_gap(self, since: datetime, reason: str) -> None:
        """Report that prices or events may be missing since a time, although the connection is up."""
        self._emit(DataGap(since, _now(), reason))
        self.declare_data_lost()

    def _set_state(self, state: ConnectionState, reason: str) -> None:
        with self._lock:
            before = self._state
            if before is ConnectionState.CLOSED:
                return  # late news must not reopen a closed connection
            self._state, self._reason = state, reason
        if state is before:
            return
        for callback in self._on_change:
            callback()
        if before is not ConnectionState.DISCONNECTED:  # the caller of `open` needs no event for the first connection
            self._emit(ConnectionChange(state, reason, _now()))


def _now() -> datetime:
    return datetime.now(timezone.utc)
