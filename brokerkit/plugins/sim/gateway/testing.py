"""A pytest fixture that gives each test its own IB Gateway.

List this module in `conftest.py`::

    pytest_plugins = ["brokerkit.plugins.sim.gateway.testing"]
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest

from brokerkit.plugins.sim.gateway.clock import EagerClock
from brokerkit.plugins.sim.gateway.market.sample import sample_market
from brokerkit.plugins.sim.gateway.settings import GatewaySettings, Limits
from brokerkit.plugins.sim.gateway.simulated import SimulatedGateway, simulated_gateway


@pytest.fixture
def _event_loop() -> Iterator[None]:
    """Give the test's thread an event loop if it has none: ib_insync looks for one, which Python made before 3.14."""
    try:
        if sys.version_info >= (3, 14):
            asyncio.get_event_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        yield
        asyncio.set_event_loop(None)
        loop.close()
    else:
        yield


@pytest.fixture
def ib_gateway(_event_loop: None) -> Iterator[SimulatedGateway]:
    """Return a simulated IB Gateway on a free port: sample market, orders that fill at once, no limits."""
    with simulated_gateway(
        sample_market(), GatewaySettings(port=0, limits=Limits.none()), clock=EagerClock()
    ) as gateway:
        yield gateway
