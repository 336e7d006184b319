"""The IB plugin conforms, through a socket, on a simulated Gateway: the suite runs in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from brokerkit.conformance.command import CheckRequest, check
from brokerkit.plugins.sim.feeds import SyntheticFeed
from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, simulated_gateway
from brokerkit.plugins.sim.gateway.clock import RealTimeClock
from brokerkit.plugins.sim.gateway.market.fed import fed_market

_MINUTE_A_SECOND = 60.0


@pytest.fixture
def port() -> Iterator[int]:
    """Return the port of a Gateway on synthetic prices, on which a minute passes in a second."""
    settings = GatewaySettings(port=0, limits=Limits.none())
    with simulated_gateway(fed_market(SyntheticFeed()), settings, clock=RealTimeClock(_MINUTE_A_SECOND)) as gateway:
        yield gateway.port


def test_the_ib_plugin_conforms_through_the_gateway(port: int, tmp_path: Path) -> None:
    settings = {"port": str(port), "store_path": str(tmp_path / "brokerkit.db"), "connect_timeout": "5"}
    report = tmp_path / "report.json"
    assert check(CheckRequest("ib", level="read", settings=settings, json=str(report))) == 0
    assert report.exists()
