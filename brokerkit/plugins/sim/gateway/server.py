"""The gateway's TCP server."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os

from brokerkit.errors import CannotConnect
from brokerkit.plugins.sim.gateway.clock import Clock, ManualClock
from brokerkit.plugins.sim.gateway.codec import Greeting, greeting_reply
from brokerkit.plugins.sim.gateway.connection import Connection
from brokerkit.plugins.sim.gateway.gateway import Gateway
from brokerkit.plugins.sim.gateway.session import Session

_log = logging.getLogger("brokerkit.gateway")


class GatewayServer:
    """Serves a gateway to any IB client on a socket. One event loop, one thread.

    Args:
        gateway: The gateway to serve.
        clock: Moves the exchange's clock; without one, the clock stands still until it is advanced.
    """

    def __init__(self, gateway: Gateway, clock: Clock | None = None) -> None:
        self.gateway = gateway
        self._clock = clock or ManualClock()
        self._server: asyncio.Server | None = None
        self._port = 0
        self._sessions: dict[Connection, Session] = {}
        self._connections: set[Connection] = set()
        self._count = 0

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port or self.gateway.settings.port

    async def start(self) -> None:
        """Start listening, and start the clock.

        Raises:
            CannotConnect: It cannot listen on the address.
        """
        settings = self.gateway.settings
        if not is_loopback(settings.host):
            _log.warning("listening on %s: anyone who can reach it can trade on this simulation", settings.host)
        await self.listen()
        self._clock.start(self.gateway)
        _log.info("listening on %s:%d, accounts %s", settings.host, self.port, ",".join(self.gateway.accounts))

    async def listen(self) -> None:
        """Accept connections; after `cut`, on the same port as before.

        Raises:
            CannotConnect: It cannot listen on the address.
        """
        host, port = self.gateway.settings.host, self._port or self.gateway.settings.port
        try:
            self._server = await asyncio.get_running_loop().create_server(self._connected, host, port, backlog=128)
        except OSError as error:
            raise CannotConnect(
                f"Cannot listen on {host}:{port}: {reason_of(error)}.",
                remedy="Choose another address or port, or stop what listens there.",
            ) from error
        self._port = int(self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Break every connection, and accept none until `listen`; the clock and orders continue."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.abort()

    async def stop(self) -> None:
        """Stop the clock, close every connection, and stop listening."""
        self._clock.stop()
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        await asyncio.sleep(0)
        for connection in list(self._connections):
            connection.abort()
        await asyncio.sleep(0)
        if self.gateway.recorder is not None:
            self.gateway.recorder.flush()

    def _connected(self) -> Connection:
        self._count += 1
        connection = Connection(self._count, self, self.gateway.settings.limits.unread_bytes)
        self._connections.add(connection)
        return connection

    # Called by connections

    def greeted(self, connection: Connection, greeting: Greeting) -> None:
        """Agree on a server version with a client, or refuse it."""
        limit = self.gateway.settings.limits.clients
        if limit is not None and len(self._sessions) >= limit:
            _log.warning("connection %d refused: %d clients are connected", connection.number, limit)
            connection.close()
            return
        version = greeting.agree(self.gateway.settings.server_version)
        session = Session(self.gateway, connection, version, is_paced=greeting.asks_to_be_paced)
        self._sessions[connection] = session
        session.remark(f"from {connection.peer}: v{greeting.lowest}..{greeting.highest} offered, {version} spoken")
        local = self.gateway.now.astimezone(self.gateway.settings.zone)
        connection.send(greeting_reply(version, f"{local:%Y%m%d %H:%M:%S} {self.gateway.settings.zone_name}"))

    def received(self, connection: Connection, payload: bytes) -> None:
        """Pass a frame to its session."""
        session = self._sessions.get(connection)
        if session is not None:
            session.received(payload)

    def closed(self, connection: Connection) -> None:
        """Remove the session of a closed connection."""
        self._connections.discard(connection)
        session = self._sessions.pop(connection, None)
        if session is not None:
            session.remark("closed")
            self.gateway.forget(session)


def reason_of(error: OSError) -> str:
    """Return the operating system's own description of an error."""
    if error.errno is not None and error.errno > 0:  # asyncio adds its own words to strerror
        return os.strerror(error.errno)
    return error.strerror or str(error)


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
