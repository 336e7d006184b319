"""The models of an exchange: commission, slippage, volume and latency."""

from __future__ import annotations

from typing import Protocol

import attrs

from brokerkit.plugins.sim.exchange.commission import CommissionModel, NoCommission
from brokerkit.plugins.sim.exchange.latency import Latency
from brokerkit.plugins.sim.exchange.liquidity import VolumeShare
from brokerkit.plugins.sim.exchange.matching import IntrabarPath
from brokerkit.plugins.sim.exchange.slippage import NoSlippage, SlippageModel


class VolumeCap(Protocol):
    """Anything that limits how many lots a bar can fill."""

    def lots(self, volume: float | None) -> int:
        """Return how many lots may fill in a bar of this volume; None means that the volume is unknown."""
        ...


@attrs.frozen
class Models:
    """How the exchange behaves where the rules leave a choice.

    Attributes:
        commission: The commission, unless a contract's terms set their own.
        slippage: The slippage of market orders, unless a contract's terms set their own.
        volume: How much of a bar's volume fills.
        latency: How long messages take.
        path: The order in which a bar visits its high and its low.
        queue_ahead: Lots ahead of a limit order at its price when it joins the book; trades at that
            price fill those lots first, trades beyond it fill every order.
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
