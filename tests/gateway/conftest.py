"""A gateway to connect to, and a real client connected to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.gateway import (
    Clock,
    EagerClock,
    GatewaySettings,
    Limits,
    SimulatedGateway,
    sample_market,
    simulated_gateway,
)

FREE = GatewaySettings(port=0, limits=Limits.none())
TWO_ACCOUNTS = ("DU1000001", "DU1000002")

RunGateway = Callable[..., SimulatedGateway]


@pytest.fixture
def run_gateway() -> Iterator[RunGateway]:
    """Return a function that runs a gateway with given settings until the test is over."""
    with ExitStack() as stack:

        def run(
            settings: GatewaySettings = FREE, clock: Clock | None = None, accounts: tuple[str, ...] = TWO_ACCOUNTS[:1]
        ) -> SimulatedGateway:
            market = sample_market(days=1, accounts=accounts)
            return stack.enter_context(simulated_gateway(market, settings, clock=clock or EagerClock()))

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
        client.connect(gateway.host, gateway.port, clientId=client_id, timeout=10, **options)
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
        deadline = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < deadline, "the condition never held"
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
