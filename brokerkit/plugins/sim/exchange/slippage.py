"""By how much an order that takes the market's price misses it: small objects, never outside the bar."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.plugins.sim.exchange.terms import ContractTerms
from brokerkit.plugins.sim.exchange.units import rounded_division, whole
from brokerkit.spec.money import exact

Slip = Callable[[int, int, float], int]
"""From price in units, signed lots and the bar's volume, to the slipped price in units."""


class SlippageModel(Protocol):
    """Anything that worsens the price of market orders, triggered stops and touched orders."""

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return the slip for fills on a contract; None leaves prices as they are."""
        ...


@attrs.frozen
class NoSlippage:
    """Orders trade at the price the market shows."""

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return None: prices are left as they are."""
        return None


@attrs.frozen
class TickSlippage:
    """So many ticks against the order."""

    ticks: int = 1

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return the slip for fills on a contract."""
        step = self.ticks * terms.tick_units
        return lambda price, lots, volume: price + step if lots > 0 else price - step


@attrs.frozen
class PercentSlippage:
    """A percentage of the price against the order, rounded to the tick away from it."""

    percent: Decimal = attrs.field(converter=exact)

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return the slip for fills on a contract."""
        share, tick = whole(self.percent, 8), terms.tick_units

        def slip(price: int, lots: int, volume: float) -> int:
            step = -(-abs(price) * share // (100 * 10**8 * tick)) * tick
            return price + step if lots > 0 else price - step

        return slip


@attrs.frozen
class VolumeImpact:
    """So many ticks against the order when it takes the whole bar's volume, in proportion when it takes less."""

    ticks_at_full_volume: int = 10

    def for_contract(self, terms: ContractTerms) -> Slip | None:
        """Return the slip for fills on a contract."""
        full, tick = self.ticks_at_full_volume, terms.tick_units

        def slip(price: int, lots: int, volume: float) -> int:
            ticks = rounded_division(full * abs(lots), int(volume)) if volume >= 1 else full
            return price + ticks * tick if lots > 0 else price - ticks * tick

        return slip
