"""One client's socket: bytes in, frames out. It handles framing, and knows nothing about the messages."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from brokerkit.plugins.sim.gateway.codec import FrameReader, Greeting, GreetingReader, ProtocolError

_log = logging.getLogger("brokerkit.gateway")

GREETING_SECONDS = 10.0
"""How long a client has to send its complete greeting."""


class Listener(Protocol):
    """Receives the events of a connection."""

    def greeted(self, connection: Connection, greeting: Greeting) -> None:
        """Handle the client's greeting, and reply to it."""

    def received(self, connection: Connection, payload: bytes) -> None:
        """Handle one complete frame."""

    def closed(self, connection: Connection) -> None:
        """Handle the end of the connection."""


class Connection(asyncio.Protocol):
    """One socket. Frames sent in one iteration of the event loop go out in one write."""

    def __init__(self, number: int, listener: Listener, unread_limit: int) -> None:
        self.number = number
        self.peer = "?"
        self._listener = listener
        self._unread_limit = unread_limit
        self._transport: asyncio.Transport | None = None
        self._greeting: GreetingReader | None = GreetingReader()
        self._frames = FrameReader()
        self._outbox: list[bytes] = []
        self._deadline: asyncio.TimerHandle | None = None
        self._held = False

    # Called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start waiting for a greeting."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.peer = str(transport.get_extra_info("peername"))
        self._deadline = asyncio.get_running_loop().call_later(GREETING_SECONDS, self._greeting_timed_out)

    def data_received(self, data: bytes) -> None:
        """Split the bytes into frames and pass them on; close the connection on a protocol error."""
        try:
            rest = self._read_greeting(data)
            while payloads := self._frames.feed(rest):
                for payload in payloads:
                    if not self.is_open:
                        return
                    self._listener.received(self, payload)
                rest = b""
        except ProtocolError as error:
            _log.warning("connection %d from %s closed: %s", self.number, self.peer, error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the listener."""
        self._cancel_deadline()
        self._transport = None
        self._listener.closed(self)

    # Called by the gateway

    @property
    def is_open(self) -> bool:
        """Whether data can still be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, data: bytes) -> None:
        """Send a frame; those of one iteration of the event loop go out together."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self.flush)
        self._outbox.append(data)

    def flush(self) -> None:
        """Write the queued frames; disconnect a client that has left too much unread."""
        if not self._outbox or self._held:
            return
        data, self._outbox = b"".join(self._outbox), []
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > self._unread_limit:
            _log.warning("connection %d from %s does not read; disconnected", self.number, self.peer)
            self._transport.abort()

    def hold(self, *, held: bool) -> None:
        """Hold back all output, or release it: a stalled connection."""
        self._held = held
        if not held:
            self.flush()

    def close(self) -> None:
        """Close after sending everything queued."""
        if self._transport is not None:
            self.flush()
            self._transport.close()

    def abort(self) -> None:
        """Break the connection at once."""
        self._outbox.clear()
        if self._transport is not None:
            self._transport.abort()

    def _read_greeting(self, data: bytes) -> bytes:
        if self._greeting is None:
            return data
        found = self._greeting.feed(data)
        if found is None:
            return b""
        self._greeting = None
        self._cancel_deadline()
        greeting, rest = found
        self._listener.greeted(self, greeting)
        return rest

    def _greeting_timed_out(self) -> None:
        _log.warning("connection %d from %s sent no greeting; closed", self.number, self.peer)
        self.abort()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
