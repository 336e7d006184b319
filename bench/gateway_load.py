"""A gateway in a process of its own, and a client that costs next to nothing: the server's share is told apart.

The client sends frames made beforehand and looks for nothing but the ends of answers.
"""

from __future__ import annotations

import multiprocessing
import socket
import struct
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

from bench.memory import resident_mb
from brokerkit.plugins.sim.gateway import EagerClock, GatewaySettings, Limits, ManualClock, simulated_gateway
from brokerkit.plugins.sim.gateway.codec import FrameReader, encode, requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.market import Market

FREE = GatewaySettings(port=0, limits=Limits.none())
VERSION = 176
PATIENCE = 60.0
"""Seconds that a client waits for one answer."""


class Server:
    """A gateway's process, from `with` to the end of the block.

    Args:
        market: Makes the market; called in the server's process, so a function of a module.
        eager: Whether its clock moves by a bar after each round of orders; else it stands until `advance`.
    """

    def __init__(self, market: Callable[[], Market], *, eager: bool = True) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(theirs, market, eager), daemon=True)

    def __enter__(self) -> Server:
        self._process.start()
        self.port: int = self._pipe.recv()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pipe.send(("end", ()))
        self._process.join(PATIENCE)

    def _ask(self, word: str, *arguments: Any) -> Any:
        self._pipe.send((word, arguments))
        return self._pipe.recv()

    def cpu(self) -> float:
        """Return the CPU seconds it has spent."""
        return float(self._ask("cpu"))

    def done(self) -> int:
        """Return how many of the day's orders are done."""
        return int(self._ask("done"))

    def memory(self) -> float:
        """Return the memory it holds, in MB."""
        return float(self._ask("memory"))

    def advance(self, minutes: int) -> None:
        """Move its clock on."""
        self._ask("advance", minutes)


def _serve(pipe: Connection, market: Callable[[], Market], eager: bool) -> None:
    with simulated_gateway(market(), FREE, clock=EagerClock() if eager else ManualClock()) as gateway:
        answers: dict[str, Callable[..., Any]] = {
            "cpu": time.process_time,
            "done": lambda: gateway.call(lambda found: sum(order.done for order in found.orders.registry)),
            "memory": resident_mb,
            "advance": lambda minutes: gateway.advance(timedelta(minutes=minutes)),
        }
        pipe.send(gateway.port)
        word, arguments = pipe.recv()
        while word != "end":
            pipe.send(answers[word](*arguments))
            word, arguments = pipe.recv()


class Client:
    """A client that reads frames and understands nothing of them but their first bytes."""

    def __init__(self, port: int, client_id: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.line.sendall(b"API\0" + struct.pack(">I", 9) + b"v176..176")
        self._reader = FrameReader(limit=1 << 28)
        self._waiting: list[bytes] = []
        self.next_frame()
        self.send(requests.session.StartApi(client_id))
        while b"\x002158\0" not in self.next_frame():
            pass

    def send(self, *messages: Any) -> None:
        """Send requests."""
        self.line.sendall(b"".join(encode(message, VERSION) for message in messages))

    def next_frame(self) -> bytes:
        """Return the next frame."""
        while not self._waiting:
            data = self.line.recv(1 << 20)
            if not data:
                raise EOFError("the server closed the connection")
            self._waiting = self._reader.feed(data)
        return self._waiting.pop(0)

    def catch_up(self) -> int:
        """Read everything that was sent up to now; return how many frames."""
        self.send(requests.session.CurrentTimeRequest())
        count = 1
        while not self.next_frame().startswith(b"49\0"):
            count += 1
        return count

    def close(self) -> None:
        """Close the socket."""
        self.line.close()


def order_frame(order_id: int, contract: Contract) -> bytes:
    """Return a market order of one lot, sides in turn, that is no other's equal: each has a reference of its own."""
    side = "BUY" if order_id % 2 else "SELL"
    terms = OrderTerms(side, 1.0, "MKT", tif="DAY", order_ref=f"order-{order_id:08d}")
    return encode(requests.orders.PlaceOrder(order_id, contract, terms), VERSION)


def trade(client: Client, frames: list[bytes], in_flight: int) -> None:
    """Send every order, so many at a time, and wait for the commission of the last."""
    sent = reported = 0
    while reported < len(frames):
        batch = frames[sent : reported + in_flight]
        if batch:
            client.line.sendall(b"".join(batch))
            sent += len(batch)
        if client.next_frame().startswith(b"59\0"):
            reported += 1
