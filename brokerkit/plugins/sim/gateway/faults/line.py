"""Faults of the line: cut in mid-frame, dripping, silent."""

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
    """The line breaks in the middle of a message, or before it.

    Args:
        message: The protocol's name of the message; blank for the next one.
        skip: How many are let by first.
        keep: How many bytes of the frame still leave; negative for half of them, 0 for none.
        close: Whether the socket is closed then; otherwise nothing ever follows.
    """

    def __init__(self, message: str = "", skip: int = 0, keep: int = -1, *, close: bool = True) -> None:
        self._countdown = Countdown(message, skip)
        self._keep = keep
        self._close = close
        self._dead: list[Session] = []

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Return what leaves whole; a session whose line is cut gets nothing more."""
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
        session.remark(f"cut: {len(kept)} bytes of {len(data)} leave of {shape_of(type(message)).name}")
        session.connection.send(kept)
        if self._close:
            session.connection.close()
            self.spent = True


class LoseRequest(Fault):
    """The line breaks before a request arrives: nobody ever sees it, and its client cannot know.

    Args:
        message: The protocol's name of the request, such as `placeOrder`; blank for the next one.
        skip: How many are let by first.
        close: Whether the line is cut then; otherwise the request alone is gone.
    """

    def __init__(self, message: str = "", skip: int = 0, *, close: bool = True) -> None:
        self._countdown = Countdown(message, skip, among=REQUESTS)
        self._close = close

    def incoming(self, session: Session, request: Any) -> bool:
        """Return whether this is the request that is lost."""
        lost = self._countdown.due(request)
        self.spent = self._countdown.spent
        if lost and self._close:
            session.connection.abort()
        return lost


class SlowDrip(Fault):
    """Bytes leave one by one, or a few at a time.

    Args:
        bytes_at_a_time: How many leave together.
        seconds: The pause between.
    """

    def __init__(self, bytes_at_a_time: int = 1, seconds: float = 0.0) -> None:
        self._size = max(1, bytes_at_a_time)
        self._seconds = seconds
        self._queues: dict[Session, bytearray] = {}

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Queue the messages' bytes; nothing leaves in whole frames."""
        fresh = session not in self._queues
        queue = self._queues.setdefault(session, bytearray())
        for message in messages:
            queue += session.spelt(message)
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
        """Send at once what is still queued."""
        for session, queue in self._queues.items():
            if session.connection.is_open:
                session.connection.send(bytes(queue))
        self._queues = {}


class Stall(Fault):
    """The line goes silent: nothing leaves, nothing is lost; it all comes once the fault is called off."""

    def __init__(self) -> None:
        self._stalled: list[Session] = []

    def begin(self, gateway: Gateway) -> None:
        """Hold the lines of every client."""
        for session in gateway.sessions():
            self._hold(session)

    def outgoing(self, session: Session, messages: list[Any]) -> list[Any]:
        """Hold the line of a client that came later."""
        self._hold(session)
        return messages

    def _hold(self, session: Session) -> None:
        if session not in self._stalled:
            self._stalled.append(session)
            session.connection.hold(held=True)

    def end(self, gateway: Gateway) -> None:
        """Let everything go."""
        for session in self._stalled:
            session.connection.hold(held=False)
