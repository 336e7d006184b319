"""A simulated gateway for tests, in its own thread on a free port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from brokerkit.errors import BrokerClosed, InvalidArgument
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
    """A running gateway, made by `simulated_gateway`. Its methods may be called from any thread."""

    def __init__(self, gateway: Gateway, clock: Clock | None) -> None:
        self._gateway = gateway
        self._server = GatewayServer(gateway, clock)
        self._control = Control(gateway)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated-gateway", daemon=True)

    def start(self) -> None:
        """Start the thread and listen; raise `CannotConnect` if it cannot listen on the address."""
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

    def __repr__(self) -> str:
        """Return the accounts that it serves."""
        return f"<SimulatedGateway of {', '.join(self.accounts)}>"

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
        """Listen for commands on a port of this machine (0 picks a free one), and return it."""
        return asyncio.run_coroutine_threadsafe(self._control.listen(port), self._loop).result(START_SECONDS)

    def call(self, function: Callable[[Gateway], T]) -> T:
        """Call a function with the gateway, in the gateway's own thread, and return its result.

        Raises:
            BrokerClosed: It was stopped.
        """
        if self._loop.is_closed():
            raise BrokerClosed("The simulated gateway was stopped.", remedy="Use it inside its `with` block.")

        async def call() -> T:
            return function(self._gateway)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(START_SECONDS)

    def cut(self) -> None:
        """Break every connection, and accept none until `mend`; the clock and orders continue."""
        self.call(lambda gateway: self._server.cut())

    def mend(self) -> None:
        """Accept connections again, on the same port as before."""
        asyncio.run_coroutine_threadsafe(self._server.listen(), self._loop).result(START_SECONDS)

    def advance(self, length: timedelta) -> None:
        """Advance the exchange's clock."""
        self.call(lambda gateway: gateway.advance(length))

    def advance_bars(self, bars: int = 1) -> bool:
        """Advance the exchange's clock by one or more bars, to the end of the last; return whether there was a bar."""
        return self.call(lambda gateway: gateway.advance_bars(bars))

    @contextmanager
    def fault(self, fault: Fault | str, **options: object) -> Iterator[Fault]:
        """Apply a fault for the duration of a `with` block.

        Args:
            fault: A fault, or its name.
            options: The options of a fault given by name.

        Raises:
            InvalidArgument: No fault has that name, or the fault has no such option.
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
    """Run a gateway in its own thread for the duration of a `with` block.

    Args:
        market: The market to serve.
        settings: The gateway's settings; without them, it picks a free port.
        clock: Moves the exchange's clock; without one, the clock stands still until `advance` is called.
        recorder: Records every frame.

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
