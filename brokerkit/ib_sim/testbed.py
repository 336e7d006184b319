"""The IB plugin's testbed for the conformance suite: a separate Gateway in each process of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from brokerkit.conformance import Facts
from brokerkit.ib_sim.fixture import GatewayFixture
from brokerkit.ib_sim.harness import GatewayHarness

if TYPE_CHECKING:
    from brokerkit import Broker

NAME = "ib-sim"


@contextmanager
def ib_on_a_simulated_gateway() -> Iterator[Facts]:
    """Run a Gateway on synthetic prices, and yield the facts about the IB plugin on it for the suite."""
    with TemporaryDirectory(prefix="brokerkit-ib-sim-") as folder, closing(GatewayFixture(Path(folder))) as fixture:

        def harness(broker: Broker) -> GatewayHarness:
            return GatewayHarness(fixture, broker)

        yield Facts(
            NAME,
            settings=fixture.settings,
            instrument="SP500",  # its market is open all day except one hour
            while_away=3600.0,  # IB reports only the current day's executions
            shares_account=False,
            broker_parameters={"triggerMethod": 8},
            harness=harness,
        )
