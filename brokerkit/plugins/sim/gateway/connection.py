"""One client's socket: bytes in, frames out. It knows the framing and nothing of what the messages mean."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from brokerkit.plugins.sim.gateway.codec import FrameReader, Greeting, GreetingReader, ProtocolError

_log = logging.getLogger("brokerkit.gateway")

GREETING_SECONDS = 10.0
"""How long a connection may stay silent before its greeting is whole."""


class Listener(Protocol):
    """Who is told of what happens on a connection."""

    def greeted(self, connection: Connection, greeting: Greeting) -> None:
        """Take the client's greeting, and answer it."""

    def received(self, connection: Connection, payload: bytes) -> None:
        """Take one whole frame."""

    def closed(self, connection: Connection) -> None:
        """Take note that the connection is gone."""


class Connection(asyncio.Protocol):
    """One socket. Frames sent in one turn of the loop leave in one write."""

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

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the wait for a greeting."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.peer = str(transport.get_extra_info("peername"))
        self._deadline = asyncio.get_running_loop().call_later(GREETING_SECONDS, self._too_late)

    def data_received(self, data: bytes) -> None:
        """Cut the bytes into frames and pass them on; close on bytes that are not the protocol."""
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

    # What the gateway calls

    @property
    def is_open(self) -> bool:
        """Whether something sent now can still leave."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, data: bytes) -> None:
        """Send a frame; those of one turn of the loop leave together."""
        if not self._outbox:
            asyncio.get_running_loop().call_soon(self.flush)
        self._outbox.append(data)

    def flush(self) -> None:
        """Write what was sent so far; a client that has left too much unread is disconnected."""
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
        """Keep back everything that is sent, or let it go again: a stalled line."""
        self._held = held
        if not held:
            self.flush()

    def close(self) -> None:
        """Close once everything sent has left."""
        if self._transport is not None:
            self.flush()
            self._transport.close()

    def abort(self) -> None:
        """Cut the line at once."""
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

    def _too_late(self) -> None:
        _log.warning("connection %d from %s sent no greeting; closed", self.number, self.peer)
        self.abort()

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
