"""Slippage models: small objects that worsen an order's market price, within the bar's range."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.plugins.sim.exchange.terms import ContractTerms
from brokerkit.plugins.sim.exchange.units import rounded_division, whole
from brokerkit.spec.money import exact

Slip = Callable[[int, int, float], int]
"""From price in units, signed lots and bar volume to the slipped price in units."""


class SlippageModel(Protocol):
    """Anything that worsens the prices of market orders, triggered stops and touched orders."""

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return the slippage function for a contract; None leaves prices unchanged."""
        ...


@attrs.frozen
class NoSlippage:
    """Orders trade at the market price."""

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return None: prices are unchanged."""
        return None


@attrs.frozen
class TickSlippage:
    """A number of ticks against the order."""

    ticks: int = 1

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return the slippage function for a contract."""
        step = self.ticks * terms.tick_units
        return lambda price, lots, volume: price + step if lots > 0 else price - step


@attrs.frozen
class PercentSlippage:
    """A percentage of the price against the order, rounded to the tick away from it."""

    percent: Decimal = attrs.field(converter=exact)

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return the slippage function for a contract."""
        share, tick = whole(self.percent, 8), terms.tick_units

        def slip(price: int, lots: int, volume: float) -> int:
            step = -(-abs(price) * share // (100 * 10**8 * tick)) * tick
            return price + step if lots > 0 else price - step

        return slip


@attrs.frozen
class VolumeImpact:
    """A number of ticks against an order that takes the bar's whole volume, proportionally fewer if it takes less."""

    ticks_at_full_volume: int = 10

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return the slippage function for a contract."""
        full, tick = self.ticks_at_full_volume, terms.tick_units

        def slip(price: int, lots: int, volume: float) -> int:
            ticks = rounded_division(full * abs(lots), int(volume)) if volume >= 1 else full
            return price + ticks * tick if lots > 0 else price - ticks * tick

        return slip
