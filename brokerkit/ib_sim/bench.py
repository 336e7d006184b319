"""A simulated Gateway on synthetic prices, with what moves, throttles and renews it."""

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

_A_MINUTE_A_SECOND = 60.0
_LONG = timedelta(hours=2)


class Bench:
    """A Gateway that runs, and the settings of the IB plugin on it.

    Args:
        folder: Where the plugin keeps its store.

    Attributes:
        settings: What the plugin is opened with.
        gateway: The Gateway.
        clock: What moves its clock.
        throttle: What bounds the fills of a bar.
        other: Another session of the same account, once one was needed.
        is_cut: Whether the line is cut on request.
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
        """Let so many seconds pass on the Gateway's clock."""
        length = timedelta(seconds=seconds)
        self._advanced += length
        self.gateway.advance(length)

    @property
    def now(self) -> datetime:
        """What the Gateway's clock shows."""
        return self.gateway.call(lambda gateway: gateway.now)

    @property
    def is_worn(self) -> bool:
        """Whether its clock was moved so far that contracts and sessions are no longer those of the beginning."""
        return self._advanced > _LONG

    def renew(self, let_go: Callable[[], None]) -> None:
        """Put a new Gateway in the place of the first, on its port; what was stored of the first is forgotten.

        Args:
            let_go: Closes the broker that is connected.
        """
        let_go()
        port = self.gateway.port
        self._running.close()
        for file in self.folder.glob("*.db*"):
            file.unlink()
        self.is_cut, self._advanced = False, timedelta()
        self._start(port)

    def _start(self, port: int) -> None:
        self.throttle = Throttle(VolumeShare(SimSettings().volume_share))
        self.clock = BriskClock(_A_MINUTE_A_SECOND)
        market = fed_market(SyntheticFeed(), models=Models(volume=self.throttle))
        settings = GatewaySettings(port=port, limits=Limits.none())
        self.gateway = self._running.enter_context(simulated_gateway(market, settings, clock=self.clock))
