"""A pytest fixture that gives each test its own IB Gateway.

List this module in `conftest.py`::

    pytest_plugins = ["brokerkit.plugins.sim.gateway.testing"]
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from brokerkit.plugins.sim.gateway.clock import EagerClock
from brokerkit.plugins.sim.gateway.market.sample import sample_market
from brokerkit.plugins.sim.gateway.settings import GatewaySettings, Limits
from brokerkit.plugins.sim.gateway.simulated import SimulatedGateway, simulated_gateway


@pytest.fixture
def ib_gateway() -> Iterator[SimulatedGateway]:
    """Return a simulated IB Gateway on a free port: sample market, orders that fill at once, no limits."""
    with simulated_gateway(
        sample_market(), GatewaySettings(port=0, limits=Limits.none()), clock=EagerClock()
    ) as gateway:
        yield gateway
