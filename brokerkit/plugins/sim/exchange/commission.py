"""Commission models: small objects, each giving a contract a function from a fill to an exact charge."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.plugins.sim.exchange.terms import ContractTerms
from brokerkit.plugins.sim.exchange.units import MONEY_DECIMALS, money_units, rounded_division, whole
from brokerkit.spec.money import exact

Charge = Callable[[int, int, int], int]
"""From unsigned lots, price in units and lots of the order filled before, to money units."""


class CommissionModel(Protocol):
    """Anything that prices the fills of a contract, in the contract's currency."""

    def for_contract(self, terms: ContractTerms) -> Charge | None:
        """Return the charge function for a contract; None charges nothing."""
        ...


@attrs.frozen
class NoCommission:
    """Trading is free."""

    def for_contract(self, terms: ContractTerms) -> Charge | None:
        """Return None: nothing is charged."""
        return None


@attrs.frozen
class PerLot:
    """A fixed amount per lot.

    Attributes:
        amount: Per lot, in the contract's currency; for a pair, per unit of its first currency.
        minimum: The minimum per order, charged with its first fill.
    """

    amount: Decimal = attrs.field(converter=exact)
    minimum: Decimal = attrs.field(default=Decimal(0), converter=exact)

    def for_contract(self, terms: ContractTerms) -> Charge | None:
        """Return the charge function for a contract."""
        each, least = money_units(self.amount), money_units(self.minimum)
        if not least:
            return lambda lots, price, before: each * lots
        return lambda lots, price, before: (
            max(each * (before + lots), least) - (max(each * before, least) if before else 0)
        )


@attrs.frozen
class PerOrder:
    """A fixed amount per order, charged with its first fill."""

    amount: Decimal = attrs.field(converter=exact)

    def for_contract(self, terms: ContractTerms) -> Charge | None:
        """Return the charge function for a contract."""
        each = money_units(self.amount)
        return lambda lots, price, before: 0 if before else each


@attrs.frozen
class PercentOfValue:
    """A percentage of the traded value, rounded half to even at the twelfth decimal.

    Attributes:
        percent: The percentage of price times point value times lots.
    """

    percent: Decimal = attrs.field(converter=exact)

    def for_contract(self, terms: ContractTerms) -> Charge | None:
        """Return the charge function for a contract."""
        share, value = whole(self.percent, MONEY_DECIMALS), terms.value_of_price_unit
        return lambda lots, price, before: rounded_division(abs(price) * lots * value * share, 100 * 10**MONEY_DECIMALS)
