"""Connection faults: broken in mid-frame, slow, silent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from brokerkit.plugins.sim.gateway.codec import REQUESTS, encode
from brokerkit.plugins.sim.gateway.codec.message import shape_of
from brokerkit.plugins.sim.gateway.faults.fault import Countdown, Fault

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session


class CutFrame(Fault):
    """The connection breaks in the middle of a message, or before it.

    Args:
        message: The protocol's name for the message; blank for the next one.
        skip: How many pass first.
        keep: How many bytes of the frame are sent; negative for half of them, 0 for none.
        close: Whether the socket is then closed; otherwise it stays silent.
    """

    def __init__(self, message: str = "", skip: int = 0, keep: int = -1, *, close: bool = True) -> None:
        self._countdown = Countdown(message, skip)
        self._keep = keep
        self._close = close
        self._dead: list[Session] = []

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return the messages sent in full; a cut session gets nothing more."""
        if session in self._dead:
            return []
        for at, message in enumerate(messages):
            if self._countdown.due(message):
                self._cut(session, messages[:at], message)
                return []
        return messages

    def _cut(self, session: Session, before: list[Any], message: Any) -> None:
        self._dead.append(session)
        for whole in before:
            session.deliver(whole)
        data = encode(message, session.version)
        kept = data[: len(data) // 2 if self._keep < 0 else self._keep]
        session.remark(f"cut: {len(kept)} of {len(data)} bytes sent of {shape_of(type(message)).name}")
        session.connection.send(kept)
        if self._close:
            session.connection.close()
            self.spent = True


class LoseRequest(Fault):
    """The connection breaks before a request arrives: the request is lost, and its client cannot know.

    Args:
        message: The protocol's name for the request, such as `placeOrder`; blank for the next one.
        skip: How many pass first.
        close: Whether the connection breaks; otherwise only the request is lost.
    """

    def __init__(self, message: str = "", skip: int = 0, *, close: bool = True) -> None:
        self._countdown = Countdown(message, skip, among=REQUESTS)
        self._close = close

    def incoming(self, session: Session, request: Any) -> bool:
        """Return whether this is the request to lose."""
        lost = self._countdown.due(request)
        self.spent = self._countdown.spent
        if lost and self._close:
            session.connection.abort()
        return lost


class SlowDrip(Fault):
    """Bytes are sent one by one, or a few at a time.

    Args:
        bytes_at_a_time: How many are sent together.
        seconds: The pause between them.
    """

    def __init__(self, bytes_at_a_time: int = 1, seconds: float = 0.0) -> None:
        self._size = max(1, bytes_at_a_time)
        self._seconds = seconds
        self._queues: dict[Session, bytearray] = {}

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Queue the messages' bytes; send no whole frames."""
        fresh = session not in self._queues
        queue = self._queues.setdefault(session, bytearray())
        for message in messages:
            queue += session.encoded(message)
        if fresh:
            self._drip(session)
        return []

    def _drip(self, session: Session) -> None:
        queue = self._queues.get(session)
        if not queue or not session.connection.is_open:
            self._queues.pop(session, None)
            return
        session.connection.send(bytes(queue[: self._size]))
        session.connection.flush()
        del queue[: self._size]
        asyncio.get_running_loop().call_later(self._seconds, self._drip, session)

    def end(self, gateway: Gateway) -> None:
        """Send everything still queued."""
        for session, queue in self._queues.items():
            if session.connection.is_open:
                session.connection.send(bytes(queue))
        self._queues = {}


class Stall(Fault):
    """The connection goes silent; nothing is lost, and everything is sent once the fault ends."""

    def __init__(self) -> None:
        self._stalled: list[Session] = []

    def begin(self, gateway: Gateway) -> None:
        """Hold every client's connection."""
        for session in gateway.sessions():
            self._hold(session)

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Hold the connection of a client that connected later."""
        self._hold(session)
        return messages

    def _hold(self, session: Session) -> None:
        if session not in self._stalled:
            self._stalled.append(session)
            session.connection.hold(held=True)

    def end(self, gateway: Gateway) -> None:
        """Release all connections."""
        for session in self._stalled:
            session.connection.hold(held=False)
