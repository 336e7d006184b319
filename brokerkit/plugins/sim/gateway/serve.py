"""Running a gateway as a program: until it is interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from brokerkit.plugins.sim.gateway.clock import RealTimeClock, check_speed
from brokerkit.plugins.sim.gateway.control import Control
from brokerkit.plugins.sim.gateway.gateway import Gateway
from brokerkit.plugins.sim.gateway.market import Market
from brokerkit.plugins.sim.gateway.recorder import Recorder
from brokerkit.plugins.sim.gateway.server import GatewayServer
from brokerkit.plugins.sim.gateway.settings import GatewaySettings


def _a_speed(instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    check_speed(value)


@attrs.frozen(kw_only=True)
class ServeOptions:
    """How a gateway runs as a program.

    Attributes:
        speed: Seconds of the exchange a second of the wall clock.
        record: A file to write every frame to.
        control_port: Where to listen for commands; 0 takes a free port, None listens nowhere.
    """

    speed: float = attrs.field(default=1.0, validator=_a_speed)
    record: Path | None = None
    control_port: int | None = None


def serve(
    market: Market,
    settings: GatewaySettings,
    options: ServeOptions,
    ready: Callable[[int, int | None], None] = lambda port, control_port: None,
) -> None:
    """Run a gateway until the program is interrupted or told to end.

    Args:
        market: What is traded.
        settings: How the gateway presents itself.
        options: How it runs.
        ready: Called once with its port and its control port, when it listens.

    Raises:
        CannotConnect: The address cannot be listened on.
    """
    with _recorder(options.record) as recorder:
        asyncio.run(_serve(Gateway(market, settings, recorder), options, ready))


async def _serve(gateway: Gateway, options: ServeOptions, ready: Callable[[int, int | None], None]) -> None:
    server = GatewayServer(gateway, RealTimeClock(options.speed))
    control = Control(gateway)
    control_port = None if options.control_port is None else await control.listen(options.control_port)
    await server.start()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers: Ctrl-C raises instead
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
    ready(server.port, control_port)
    try:
        await ended.wait()
    finally:
        control.close()
        await server.stop()


@contextmanager
def _recorder(path: Path | None) -> Iterator[Recorder | None]:
    if path is None:
        yield None
        return
    with path.open("w", encoding="utf-8", buffering=1) as stream:  # each frame is there at once, for `tail -f`
        yield Recorder(stream)
