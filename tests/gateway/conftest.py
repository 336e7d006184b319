"""A gateway to connect to, and a real client connected to it."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from typing import Any

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.feeds import Feed, SyntheticFeed
from brokerkit.plugins.sim.gateway import (
    Clock,
    EagerClock,
    GatewaySettings,
    Limits,
    ManualClock,
    SimulatedGateway,
    sample_market,
    simulated_gateway,
)
from brokerkit.plugins.sim.gateway.codec import FrameReader, encode, requests, split_fields
from brokerkit.plugins.sim.gateway.market.fed import fed_market

FREE = GatewaySettings(port=0, limits=Limits.none())
TWO_ACCOUNTS = ("DU1000001", "DU1000002")

RunGateway = Callable[..., SimulatedGateway]


class RawClient:
    """A client that shows every frame as it came: for what real clients hide, such as the order of messages."""

    def __init__(self, host: str, port: int, versions: str = "v157..176") -> None:
        self.socket = socket.create_connection((host, port), timeout=30)
        payload = versions.encode()
        self.socket.sendall(b"API\0" + struct.pack(">I", len(payload)) + payload)
        self._reader = FrameReader(limit=1 << 26)
        self._frames: list[list[str]] = []
        try:
            self.greeting = self.frame()
        except (EOFError, OSError):
            self.socket.close()
            raise
        self.version = int(self.greeting[0])

    def start(self, client_id: int = 1) -> RawClient:
        """Start the API, and read up to the last of the notices."""
        self.send(requests.session.StartApi(client_id))
        self.until(lambda frame: frame[0] == "4" and frame[3] == "2158")
        return self

    def send(self, *messages: Any) -> None:
        """Send requests, all at once."""
        self.socket.sendall(b"".join(encode(message, self.version) for message in messages))

    def frame(self) -> list[str]:
        """Return the next frame's fields; raise `EOFError` if the server closes before."""
        while not self._frames:
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError("the server closed the connection")
            self._frames += [split_fields(payload) for payload in self._reader.feed(data)]
        return self._frames.pop(0)

    def until(self, last: Callable[[list[str]], bool]) -> list[list[str]]:
        """Return the frames up to the first for which `last` holds."""
        frames = [self.frame()]
        while not last(frames[-1]):
            frames.append(self.frame())
        return frames

    def answers(self, request: Any) -> list[list[str]]:
        """Send a request and return every frame that it and nothing later causes."""
        self.send(request)
        self.send(requests.session.CurrentTimeRequest())
        return self.until(lambda frame: frame[0] == "49")[:-1]

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


@pytest.fixture
def raw() -> Iterator[Callable[..., RawClient]]:
    """Return a function that connects a raw client to a gateway."""
    clients: list[RawClient] = []

    def connect_one(gateway: SimulatedGateway, client_id: int | None = 1, versions: str = "v157..176") -> RawClient:
        client = RawClient(gateway.host, gateway.port, versions)
        clients.append(client)
        return client if client_id is None else client.start(client_id)

    yield connect_one
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def client_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop that clients use."""
    return asyncio.new_event_loop()


@pytest.fixture(autouse=True)
def loop_for_clients(client_loop: asyncio.AbstractEventLoop) -> None:
    """Give this thread its event loop back: a test before, in the same process, may have taken it away."""
    asyncio.set_event_loop(client_loop)


@pytest.fixture
def run_gateway() -> Iterator[RunGateway]:
    """Return a function that runs a gateway with given settings until the test is over."""
    with ExitStack() as stack:

        def run(
            settings: GatewaySettings = FREE,
            clock: Clock | None = None,
            accounts: tuple[str, ...] = TWO_ACCOUNTS[:1],
            hours: tuple[int, int] | None = None,
        ) -> SimulatedGateway:
            market = sample_market(days=1, accounts=accounts, hours=hours)
            return stack.enter_context(simulated_gateway(market, settings, clock=clock or EagerClock()))

        yield run


@pytest.fixture(scope="session")
def feed() -> Feed:
    """Return a made-up world."""
    return SyntheticFeed()


@pytest.fixture
def fed(feed: Feed) -> Iterator[RunGateway]:
    """Return a function that runs a gateway on a feed, its clock standing at a moment, until the test is over."""
    with ExitStack() as stack:

        def run(start: datetime, other: Feed | None = None) -> SimulatedGateway:
            market = fed_market(other or feed, start=start)
            return stack.enter_context(simulated_gateway(market, FREE, clock=ManualClock()))

        yield run


@pytest.fixture
def gateway(run_gateway: RunGateway) -> SimulatedGateway:
    """Return a gateway whose orders fill at once, without limits."""
    return run_gateway()


@pytest.fixture
def connect(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[..., ibi.IB]]:
    """Return a function that connects a client; no client may log that it cannot read a message."""
    clients: list[ibi.IB] = []

    def connect_one(gateway: SimulatedGateway, client_id: int = 1, **options: object) -> ibi.IB:
        client = ibi.IB()
        clients.append(client)
        client.connect(gateway.host, gateway.port, clientId=client_id, timeout=30, **options)
        return client

    yield connect_one
    for client in clients:
        client.disconnect()
    unreadable = [record.getMessage() for record in caplog.records if record.name == "ib_insync.Decoder"]
    assert unreadable == []


Until = Callable[[ibi.IB, Callable[[], object]], None]


@pytest.fixture
def until() -> Until:
    """Return a function that lets a client work until a condition holds, and fails if it never does."""

    def wait(client: ibi.IB, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            assert time.monotonic() < deadline, "the condition never held"
            with suppress(ConnectionError):  # raised when the line breaks; the condition may be just that
                client.waitOnUpdate(timeout=0.1)  # it misses an update that is there already: hence the short time

    return wait


@pytest.fixture
def filled(until: Until) -> Callable[[ibi.IB, ibi.Trade], ibi.Trade]:
    """Return a function that waits until a trade is filled and its commission is known."""

    def wait(client: ibi.IB, trade: ibi.Trade) -> ibi.Trade:
        until(client, lambda: trade.isDone() and trade.fills and all(f.commissionReport.execId for f in trade.fills))
        return trade

    return wait


@pytest.fixture
def es(ib: ibi.IB) -> ibi.Contract:
    """Return a qualified futures contract."""
    (contract,) = ib.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    return contract


@pytest.fixture
def ib(gateway: SimulatedGateway, connect: Callable[..., ibi.IB]) -> ibi.IB:
    """Return a client connected to the gateway."""
    return connect(gateway)
