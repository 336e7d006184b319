"""A simulated Gateway on synthetic prices, with control of its clock, its fills and its restart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brokerkit.ib_sim.clock import BriskClock
from brokerkit.plugins.sim.exchange import Models, VolumeShare
from brokerkit.plugins.sim.feeds import SyntheticFeed
from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, SimulatedGateway, simulated_gateway
from brokerkit.plugins.sim.gateway.market.fed import fed_market
from brokerkit.plugins.sim.settings import SimSettings
from brokerkit.plugins.sim.throttle import Throttle

if TYPE_CHECKING:
    from brokerkit import Broker

_SPEED = 60.0
_MAX_ADVANCE = timedelta(hours=2)


class GatewayFixture:
    """A running Gateway, and the settings of the IB plugin on it.

    Args:
        folder: The folder of the plugin's store.

    Attributes:
        settings: The settings with which the plugin is opened.
        gateway: The Gateway.
        clock: Moves the Gateway's clock.
        throttle: Limits the fills of a bar.
        other: Another session of the same account, opened when first needed.
        is_cut: Whether the connection was cut on request.
    """

    gateway: SimulatedGateway
    clock: BriskClock
    throttle: Throttle

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.other: Broker | None = None
        self.is_cut = False
        self._advanced = timedelta()
        self._running = ExitStack()
        self._start(port=0)
        self.settings: dict[str, Any] = {
            "plugin": "ib",
            "port": self.gateway.port,
            "read_only": False,
            "store_path": folder / "brokerkit.db",
            "connect_timeout": 8.0,
            "max_reconnect_wait": 0.5,
            "probe_interval": 5.0,
        }

    def close(self) -> None:
        """Stop the Gateway."""
        self._running.close()

    def advance(self, seconds: float) -> None:
        """Advance the Gateway's clock by a number of seconds."""
        length = timedelta(seconds=seconds)
        self._advanced += length
        self.gateway.advance(length)

    @property
    def now(self) -> datetime:
        """The time on the Gateway's clock."""
        return self.gateway.call(lambda gateway: gateway.now)

    @property
    def needs_renewal(self) -> bool:
        """Whether the clock was advanced so far that contracts and sessions may differ from the initial ones."""
        return self._advanced > _MAX_ADVANCE

    def renew(self, close_broker: Callable[[], None]) -> None:
        """Replace the Gateway by a new one on the same port, and delete the plugin's store.

        Args:
            close_broker: Closes the connected broker.
        """
        close_broker()
        port = self.gateway.port
        self._running.close()
        for file in self.folder.glob("*.db*"):
            file.unlink()
        self.is_cut, self._advanced = False, timedelta()
        self._start(port)

    def _start(self, port: int) -> None:
        self.throttle = Throttle(VolumeShare(SimSettings().volume_share))
        self.clock = BriskClock(_SPEED)
        market = fed_market(SyntheticFeed(), models=Models(volume=self.throttle))
        settings = GatewaySettings(port=port, limits=Limits.none())
        self.gateway = self._running.enter_context(simulated_gateway(market, settings, clock=self.clock))
