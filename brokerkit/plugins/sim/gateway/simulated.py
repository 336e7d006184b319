"""A simulated gateway for one's own tests: in a thread of its own, on a free port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.gateway.clock import Clock
from brokerkit.plugins.sim.gateway.control import Control
from brokerkit.plugins.sim.gateway.faults.fault import Fault
from brokerkit.plugins.sim.gateway.faults.faults import fault_named
from brokerkit.plugins.sim.gateway.gateway import Gateway
from brokerkit.plugins.sim.gateway.market import Market
from brokerkit.plugins.sim.gateway.recorder import Recorder
from brokerkit.plugins.sim.gateway.server import GatewayServer
from brokerkit.plugins.sim.gateway.settings import GatewaySettings

T = TypeVar("T")

START_SECONDS = 30.0


class SimulatedGateway:
    """A gateway that runs; made by `simulated_gateway`. Its methods may be called from any thread."""

    def __init__(self, gateway: Gateway, clock: Clock | None) -> None:
        self._gateway = gateway
        self._server = GatewayServer(gateway, clock)
        self._control = Control(gateway)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated-gateway", daemon=True)

    def start(self) -> None:
        """Start the thread, and listen; raise `CannotConnect` if the address is taken."""
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(START_SECONDS)
        except BaseException:
            self._end_thread()
            raise

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self.call(lambda gateway: self._control.close())
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(START_SECONDS)
        self._end_thread()

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(START_SECONDS)
        self._loop.close()

    @property
    def host(self) -> str:
        """The address to connect to."""
        return self._gateway.settings.host

    @property
    def port(self) -> int:
        """The port to connect to."""
        return self._server.port

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that clients manage."""
        return self._gateway.accounts

    def listen_for_commands(self, port: int = 0) -> int:
        """Listen for commands on a port of this machine (0 takes a free one), and return it."""
        return asyncio.run_coroutine_threadsafe(self._control.listen(port), self._loop).result(START_SECONDS)

    def call(self, function: Callable[[Gateway], T]) -> T:
        """Return what a function of the gateway returns, called in the gateway's own thread."""

        async def call() -> T:
            return function(self._gateway)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(START_SECONDS)

    def cut(self) -> None:
        """Cut every client's line, and take no connection until `mend`; the clock and the orders go on."""
        self.call(lambda gateway: self._server.cut())

    def mend(self) -> None:
        """Take connections again, on the port that it had."""
        asyncio.run_coroutine_threadsafe(self._server.listen(), self._loop).result(START_SECONDS)

    def advance(self, length: timedelta) -> None:
        """Move the exchange's clock on."""
        self.call(lambda gateway: gateway.advance(length))

    def advance_bars(self, bars: int = 1) -> bool:
        """Move the exchange's clock to the end of the next bar, or of several; return whether there was one."""
        return self.call(lambda gateway: gateway.advance_bars(bars))

    @contextmanager
    def fault(self, fault: Fault | str, **options: object) -> Iterator[Fault]:
        """Switch a fault on for the length of a `with` block.

        Args:
            fault: A fault, or the name of one.
            options: The options of a fault given by name.

        Raises:
            InvalidArgument: No fault has that name, or it has no such option.
        """
        one = fault if isinstance(fault, Fault) else fault_named(fault, {k: str(v) for k, v in options.items()})
        self.call(lambda gateway: gateway.faults.begin(one))
        try:
            yield one
        finally:
            self.call(lambda gateway: gateway.faults.end(one))


@contextmanager
def simulated_gateway(
    market: Market,
    settings: GatewaySettings | None = None,
    *,
    clock: Clock | None = None,
    recorder: Recorder | None = None,
) -> Iterator[SimulatedGateway]:
    """Run a gateway in a thread of its own for the length of a `with` block.

    Args:
        market: What is traded.
        settings: How the gateway presents itself; without any, it takes a free port.
        clock: What moves the exchange's clock; without one it stands still until `advance` is called.
        recorder: Writes down every frame.

    Yields:
        The running gateway: its `port`, and `advance`, `fault`, `call`.
    """
    chosen = settings or GatewaySettings(port=0)
    if not market.exchange.accounts():
        raise InvalidArgument("The market's exchange has no account.", remedy="Open one with open_account first.")
    running = SimulatedGateway(Gateway(market, chosen, recorder), clock)
    running.start()
    try:
        yield running
    finally:
        running.stop()
