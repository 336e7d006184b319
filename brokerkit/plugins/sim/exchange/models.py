"""The models an exchange runs on: what trading costs, how prices slip, how much fills, how long messages take."""

from __future__ import annotations

from typing import Protocol

import attrs

from brokerkit.plugins.sim.exchange.commission import CommissionModel, NoCommission
from brokerkit.plugins.sim.exchange.latency import Latency
from brokerkit.plugins.sim.exchange.liquidity import VolumeShare
from brokerkit.plugins.sim.exchange.matching import IntrabarPath
from brokerkit.plugins.sim.exchange.slippage import NoSlippage, SlippageModel


class VolumeCap(Protocol):
    """Anything that says how many lots a bar can fill."""

    def lots(self, volume: float | None) -> int:
        """Return how many lots may fill in a bar of this volume; None means that volume is not known."""
        ...


@attrs.frozen
class Models:
    """How the exchange behaves where rules leave a choice.

    Attributes:
        commission: What trading costs, where a contract's terms do not say.
        slippage: By how much market orders miss, where a contract's terms do not say.
        volume: How much of a bar's volume fills.
        latency: How long messages take.
        path: In what order a bar visits its high and its low.
        queue_ahead: Lots that stand before a limit order at its price when it joins; what trades at that
            price serves them first, what trades beyond it serves everybody.
        limit_fills_on_touch: Whether a limit fills when the price only touches it; otherwise the
            price must pass it by a tick.
    """

    commission: CommissionModel = attrs.field(factory=NoCommission)
    slippage: SlippageModel = attrs.field(factory=NoSlippage)
    volume: VolumeCap = attrs.field(factory=VolumeShare)
    latency: Latency = attrs.field(factory=Latency)
    path: IntrabarPath = IntrabarPath.NEAREST_FIRST
    queue_ahead: int = 0
    limit_fills_on_touch: bool = True
