"""The control port, on which a running gateway takes commands about faults and the clock, one per line.

Commands: `begin NAME [option=value ...]` answers `ok NUMBER`; `end NUMBER` and `end all`; `faults` lists the names;
`advance SECONDS` advances the clock. Anything else, or any failure, is answered `error: ...`.
"""

from __future__ import annotations

import asyncio
import shlex
import socket
from datetime import timedelta

from brokerkit.errors import BrokerkitError, CannotConnect, InvalidArgument
from brokerkit.plugins.sim.gateway.faults.fault import Fault
from brokerkit.plugins.sim.gateway.faults.faults import FAULTS, fault_named
from brokerkit.plugins.sim.gateway.gateway import Gateway
from brokerkit.plugins.sim.gateway.server import reason_of

MAX_LINE = 1024
MAX_SECONDS = 86400.0 * 366


class Control:
    """Executes commands on a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._begun: dict[int, Fault] = {}
        self._count = 0
        self._server: asyncio.Server | None = None

    async def listen(self, port: int) -> int:
        """Listen on a port of this machine (0 picks a free one), and return it.

        Raises:
            CannotConnect: It cannot listen on the port.
        """
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=MAX_LINE)
        except OSError as error:
            raise CannotConnect(
                f"Cannot listen for commands on port {port}: {reason_of(error)}.",
                remedy="Choose another port, or stop what listens there.",
            ) from error
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write((self.carry_out(line.decode("utf-8", "replace")) + "\n").encode())
                await writer.drain()
        except (ValueError, ConnectionError):
            writer.write(b"error: a command is one line of at most 1024 bytes\n")
        finally:
            writer.close()

    def carry_out(self, line: str) -> str:
        """Execute one command and return the answer."""
        try:
            words = shlex.split(line)
            return self._act(words[0] if words else "", words[1:])
        except (BrokerkitError, ValueError) as error:
            return f"error: {error}"

    def _act(self, verb: str, words: list[str]) -> str:
        if verb == "begin" and words:
            return self._begin(words[0], words[1:])
        if verb == "end" and len(words) == 1:
            return self._end(words[0])
        if verb == "faults" and not words:
            return "ok " + " ".join(FAULTS)
        if verb == "advance" and len(words) == 1:
            seconds = float(words[0])
            if not 0 < seconds <= MAX_SECONDS:
                raise InvalidArgument(f"The clock cannot advance by {words[0]} seconds.")
            self._gateway.advance(timedelta(seconds=seconds))
            return f"ok {self._gateway.now.isoformat()}"
        known = ("begin", "end", "faults", "advance")
        raise InvalidArgument(f"No command {verb!r} of that form.", given=verb, candidates=known)

    def _begin(self, name: str, options: list[str]) -> str:
        pairs = [option.partition("=") for option in options]
        fault = fault_named(name, {key: value for key, _, value in pairs})
        self._gateway.faults.begin(fault)
        self._count += 1
        self._begun[self._count] = fault
        return f"ok {self._count}"

    def _end(self, which: str) -> str:
        if which == "all":
            self._gateway.faults.end_all()
            self._begun.clear()
            return "ok"
        fault = self._begun.pop(int(which), None)
        if fault is None:
            raise InvalidArgument(f"No fault number {which} is active.")
        self._gateway.faults.end(fault)
        return "ok"


def tell(port: int, command: str, *, timeout: float = 10.0) -> str:
    """Return a running gateway's answer to a command.

    Args:
        port: Its control port, on this machine.
        command: One line; see this module.
        timeout: Seconds to wait for the answer.

    Raises:
        CannotConnect: No gateway answers on that port.
    """
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(command.replace("\n", " ").encode() + b"\n")
            answer = connection.makefile("r", encoding="utf-8", errors="replace").readline()
    except OSError as error:
        raise CannotConnect(
            f"No gateway listens for commands on port {port}: {reason_of(error)}.",
            remedy="Start it with --control-port.",
        ) from error
    if not answer.startswith(("ok", "error")):
        raise CannotConnect(
            f"What listens on port {port} takes no commands.",
            remedy="Give the gateway's control port, not its API port.",
        )
    return answer.rstrip("\n")
