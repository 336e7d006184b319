"""The positions domain of the simulated broker."""

from __future__ import annotations

from brokerkit.plugins.sim.simulation import Simulation
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.positions import Position, Positions


class SimPositions(Positions):
    """The positions of the simulated accounts."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    @hookimpl
    def get_all_current_positions_as_list_with_contract_objects(self, account: str = "") -> list[Position]:
        """Return the open positions."""
        self._simulation.exchange.check_line()
        return self._simulation.exchange.positions(account)
