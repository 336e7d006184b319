"""A limit on what a bar fills, in addition to its volume, which can be set while the simulation runs."""

from __future__ import annotations

from brokerkit.plugins.sim.exchange.models import VolumeCap


class Throttle:
    """Fills what another volume model allows, up to a limit per bar while one is set.

    Attributes:
        lots_a_bar: The most lots that a bar fills; None means no limit of its own.
    """

    def __init__(self, model: VolumeCap) -> None:
        self._model = model
        self.lots_a_bar: int | None = None

    def lots(self, volume: float | None) -> int:
        """Return how many lots may fill in a bar of this volume."""
        most = self._model.lots(volume)
        return most if self.lots_a_bar is None else min(most, self.lots_a_bar)
