"""Throw mutated frames at the gateway for a while: nothing may crash it, hang it, or make it grow.

The mutations are random and seeded; `bench.gateway_fuzz_guided` lets coverage guide them.

    python -m bench.gateway_fuzz --seconds 60
"""

from __future__ import annotations

import argparse
import logging
import struct
import time
from random import Random

from bench.memory import peak_mb
from brokerkit.plugins.sim.gateway import Gateway, GatewaySettings, Limits, sample_market
from brokerkit.plugins.sim.gateway.codec import REQUESTS, ProtocolError, encode, requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract
from brokerkit.plugins.sim.gateway.connection import Connection
from brokerkit.plugins.sim.gateway.server import GatewayServer

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME")
GREETING = b"API\0" + struct.pack(">I", 9) + b"v157..176"
SPICE = (
    "",
    "0",
    "-1",
    "1",
    "9" * 400,
    "1e999",
    "nan",
    "Infinite",
    "BAG",
    "LMT",
    "GTD",
    "2147483647",
    "\\",
    "é",
    "a" * 5000,
)


class Failures(logging.Handler):
    """Raises what the gateway caught and logged: there it harms nobody, here it is what is looked for."""

    def emit(self, record: logging.LogRecord) -> None:
        """Raise the exception of a record that has one."""
        if record.exc_info and record.exc_info[1] is not None:
            raise record.exc_info[1]


class Line(Connection):
    """A connection whose other end is nowhere: frames come from the fuzzer, answers are counted."""

    def __init__(self, server: GatewayServer) -> None:
        super().__init__(1, server, 1 << 20)
        self.sent = 0
        self.ended = False

    @property
    def is_open(self) -> bool:
        """Whether it was not closed."""
        return not self.ended

    def send(self, data: bytes) -> None:
        """Count an answer."""
        self.sent += len(data)

    def close(self) -> None:
        """Note that it was closed."""
        self.ended = True


def seeds() -> list[bytes]:
    """Return a sound frame of every request."""
    found = [encode(shape.cls(*([1] if _needs_id(shape.cls) else [])), 176) for shape in REQUESTS.values()]
    order = OrderTerms("BUY", 1.0, "LMT", 4000.0, tif="DAY")
    found.append(encode(requests.orders.PlaceOrder(1, ES, order), 176))
    found.append(encode(requests.history.HistoricalDataRequest(1, ES, False, "", "1 min", "1 D", True, "TRADES"), 176))
    found.append(encode(requests.market_data.MarketDataRequest(1, ES), 176))
    return found


def _needs_id(cls: type) -> bool:
    try:
        cls()
    except TypeError:
        return True
    return False


def mutated(random: Random, frame: bytes) -> bytes:
    """Return a frame with fields changed, lost, added or swapped, and now and then with bytes changed."""
    fields = frame[4:-1].split(b"\0")
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(fields))
        action = random.randrange(4)
        if action == 0:
            fields[at] = random.choice(SPICE).encode()
        elif action == 1 and len(fields) > 1:
            del fields[at]
        elif action == 2:
            fields.insert(at, random.choice(SPICE).encode())
        else:
            other = random.randrange(len(fields))
            fields[at], fields[other] = fields[other], fields[at]
    payload = b"\0".join(fields) + b"\0"
    if random.random() < 0.1:
        payload = bytes(random.randrange(256) if random.random() < 0.05 else byte for byte in payload)
    return struct.pack(">I", len(payload)) + payload


class Target:
    """A gateway in this process, fed byte by byte as a socket would feed it."""

    def __init__(self) -> None:
        log = logging.getLogger("brokerkit.gateway")
        log.handlers, log.propagate = [Failures(logging.ERROR)], False
        settings = GatewaySettings(port=0, limits=Limits.none())
        self.gateway = Gateway(sample_market(days=1), settings)
        self.server = GatewayServer(self.gateway)
        self.line = self._connect()

    def _connect(self) -> Line:
        line = Line(self.server)
        line.data_received(GREETING)
        line.data_received(encode(requests.session.StartApi(7), 176))
        return line

    def feed(self, data: bytes) -> None:
        """Feed bytes; a line that was closed is replaced."""
        try:
            self.line.data_received(data)
        except ProtocolError:
            self.line.ended = True
        if self.line.ended:
            self.server.closed(self.line)
            self.line = self._connect()


def run(seconds: float, seed: int) -> int:
    """Feed mutated frames for a time, and return how many; raise what the gateway raises."""
    random, target, frames = Random(seed), Target(), seeds()
    end = time.monotonic() + seconds
    slowest, count = 0.0, 0
    while time.monotonic() < end:
        data = mutated(random, random.choice(frames))
        began = time.monotonic()
        target.feed(data)
        slowest = max(slowest, time.monotonic() - began)
        count += 1
        if not count % 500:
            target.gateway.advance_bars()
    slow, held = f"{slowest * 1000:.0f} ms", f"{peak_mb():.0f} MB"
    print(f"{count} frames in {seconds:g} s, the slowest {slow}, {held} at most, nothing found")
    return count


def main() -> None:
    """Fuzz as the command line says."""
    parser = argparse.ArgumentParser(description="Throw mutated frames at the gateway.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    run(options.seconds, options.seed)


if __name__ == "__main__":
    main()
