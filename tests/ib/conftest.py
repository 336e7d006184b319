"""A simulated Gateway on a real socket, brokers opened on it, and what they tell."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, open_broker
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
OpenIB = Callable[..., Broker]
RunGateway = Callable[..., SimulatedGateway]


@pytest.fixture(scope="session")
def library() -> Any:
    """The client library that is installed: the real classes of ib_insync, or of ib_async."""
    found = [name for name in ("ib_insync", "ib_async") if importlib.util.find_spec(name)]
    if not found:
        pytest.skip("neither ib_insync nor ib_async is installed")
    loop = asyncio.new_event_loop()  # the library looks for one while it is imported
    asyncio.set_event_loop(loop)
    module = importlib.import_module(found[0])
    asyncio.set_event_loop(None)
    loop.close()
    return module


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of the test's own: its store, its client ids."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "state"


@pytest.fixture
def run_gateway() -> Iterator[RunGateway]:
    """Run a Gateway with given settings until the test is over."""
    with ExitStack() as stack:

        def run(
            settings: GatewaySettings = FREE,
            clock: Clock | None = None,
            accounts: tuple[str, ...] = ("DU1000001",),
            days: int = 1,
            hours: tuple[int, int] | None = None,
        ) -> SimulatedGateway:
            market = sample_market(days=days, accounts=accounts, hours=hours)
            return stack.enter_context(simulated_gateway(market, settings, clock=clock or EagerClock()))

        yield run


@pytest.fixture
def gateway(run_gateway: RunGateway) -> SimulatedGateway:
    """A Gateway whose orders fill at once, without limits."""
    return run_gateway()


@pytest.fixture
def open_ib() -> Iterator[OpenIB]:
    """Open the IB plugin on a Gateway; every broker is closed with the test."""
    with ExitStack() as stack:

        def open_one(gateway: SimulatedGateway, **settings: Any) -> Broker:
            quick = {"read_only": False, "order_timeout": 15.0, "connect_timeout": 30.0, "max_reconnect_wait": 0.5}
            return stack.enter_context(open_broker("ib", port=gateway.port, **{**quick, **settings}))

        yield open_one


@pytest.fixture
def broker(gateway: SimulatedGateway, open_ib: OpenIB) -> Broker:
    """A broker on a Gateway whose orders fill at once."""
    return open_ib(gateway)


@pytest.fixture
def gold(broker: Broker) -> FuturesContract:
    """The front contract of gold."""
    return FuturesContract("GOLD", broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0])


@pytest.fixture
def answer_as(gateway: SimulatedGateway) -> Callable[..., None]:
    """Have the Gateway answer a class of requests by a function of the session, the request, and the usual answer."""

    def answer(request: type, function: Callable[..., None]) -> None:
        def replace(inner: Any) -> None:
            usual = inner._handlers[request]
            inner._handlers[request] = lambda session, asked: function(session, asked, usual)

        gateway.call(replace)

    return answer


class Heard:
    """Everything that a broker told, in order."""

    def __init__(self, broker: Broker) -> None:
        self.events: list[Any] = []
        self._news = threading.Condition()
        kinds = ("order_status", "fill", "commission", "position", "connection", "data_gap")
        broker.subscribe(**{f"on_{kind}": self._hear for kind in kinds})

    def _hear(self, event: Any) -> None:
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the events of one kind so far."""
        with self._news:
            return [event for event in self.events if isinstance(event, kind)]

    def wait_for(self, condition: Callable[[], Any], timeout: float = 30.0) -> Any:
        """Return what a condition gives once it is true; checked at every event, and now and then."""
        end = time.monotonic() + timeout
        with self._news:
            while not (found := condition()):
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"not in {timeout} s; heard: {self.events}")
                self._news.wait(min(left, 0.05))
        return found


@pytest.fixture
def listen() -> Callable[[Broker], Heard]:
    """Hear everything that a broker tells."""
    return Heard
