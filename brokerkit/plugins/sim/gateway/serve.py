"""Run a gateway as a program, until it is interrupted."""

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


def _validate_speed(instance: object, attribute: attrs.Attribute[float], value: float) -> None:
    check_speed(value)


@attrs.frozen(kw_only=True)
class ServeOptions:
    """Options for running a gateway as a program.

    Attributes:
        speed: Simulated seconds per real second.
        record: A file to record every frame in.
        control_port: The port to listen for commands on; 0 picks a free port, None takes no commands.
    """

    speed: float = attrs.field(default=1.0, validator=_validate_speed)
    record: Path | None = None
    control_port: int | None = None


def serve(
    market: Market,
    settings: GatewaySettings,
    options: ServeOptions,
    ready: Callable[[int, int | None], None] = lambda port, control_port: None,
) -> None:
    """Run a gateway until the program is interrupted or terminated.

    Args:
        market: The market to serve.
        settings: The gateway's settings.
        options: How to run it.
        ready: Called once it listens, with its port and its control port.

    Raises:
        CannotConnect: It cannot listen on the address.
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
        with contextlib.suppress(NotImplementedError):  # not on Windows, where Ctrl-C raises instead
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
    with path.open("w", encoding="utf-8", buffering=1) as stream:  # line-buffered, for `tail -f`
        yield Recorder(stream)
