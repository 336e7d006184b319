"""The terms of a contract listed on the exchange: tick size, multiplier, margins, hours and expiry."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import InvalidArgument, OffTickPrice
from brokerkit.plugins.sim.exchange.units import MONEY_SCALE, PRICE_DECIMALS, PRICE_SCALE, money_units, price_of, whole
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.money import exact

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.commission import CommissionModel
    from brokerkit.plugins.sim.exchange.sessions import Sessions
    from brokerkit.plugins.sim.exchange.slippage import SlippageModel


class OutsideHours(enum.Enum):
    """What happens to an order that arrives while the market is closed."""

    HOLD = "hold"
    REFUSE = "refuse"


def _optional(value: Decimal | str | int | float | None) -> Decimal | None:
    return None if value is None else exact(value)


@attrs.frozen
class ContractTerms:
    """The terms of one contract or currency pair.

    Attributes:
        contract: A single contract or a pair; spreads are not listed: they consist of listed contracts.
        tick_size: The smallest price step, in quoted units.
        currency: The currency of profit; for a pair, its second currency.
        multiplier: Money that a lot gains when the price in currency rises by 1.
        price_magnifier: By how much the quoted price is larger than the price in currency.
        initial_margin: Money needed per lot when it is ordered; 0 requires none.
        maintenance_margin: Money needed per open lot; 0 means the initial margin.
        commission: Its commission model; None means the exchange's.
        slippage: Its slippage model; None means the exchange's.
        sessions: When it trades; None means always, in sessions of one UTC day.
        outside_hours: What happens to orders that arrive while the market is closed.
        expiry: When it stops trading for good, aware; None means never.
        settlement_price: The price at which open lots settle; None means the last trade's price.

    Example:
        >>> corn = ContractTerms(FuturesContract("CORN", "202312"), "0.25", "USD", multiplier=5000, price_magnifier=100)
        >>> corn.point_value
        Decimal('50')
    """

    contract: FuturesContract | FxPair
    tick_size: Decimal = attrs.field(converter=exact)
    currency: str = "USD"
    multiplier: Decimal = attrs.field(default=Decimal(1), converter=exact)
    price_magnifier: Decimal = attrs.field(default=Decimal(1), converter=exact)
    initial_margin: Decimal = attrs.field(default=Decimal(0), converter=exact)
    maintenance_margin: Decimal = attrs.field(default=Decimal(0), converter=exact)
    commission: CommissionModel | None = None
    slippage: SlippageModel | None = None
    sessions: Sessions | None = None
    outside_hours: OutsideHours = OutsideHours.HOLD
    expiry: datetime | None = None
    settlement_price: Decimal | None = attrs.field(default=None, converter=_optional)
    tick_units: int = attrs.field(init=False, eq=False, repr=False)
    value_of_price_unit: int = attrs.field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Validate the terms, and compute the exchange's whole numbers."""
        if isinstance(self.contract, FxPair) and self.currency != self.contract.quote:
            raise InvalidArgument(f"{self.contract} is priced in {self.contract.quote}, not {self.currency}.")
        if self.tick_size <= 0 or self.multiplier <= 0 or self.price_magnifier <= 0:
            raise InvalidArgument(f"Tick size, multiplier and price magnifier of {self.contract} must be positive.")
        value = Fraction(self.multiplier) / Fraction(self.price_magnifier) * (MONEY_SCALE // PRICE_SCALE)
        if value.denominator != 1:
            raise InvalidArgument(f"{self.contract} has a point value of more than 4 decimals.")
        object.__setattr__(self, "tick_units", whole(self.tick_size, PRICE_DECIMALS))
        object.__setattr__(self, "value_of_price_unit", int(value))

    @property
    def point_value(self) -> Decimal:
        """Money that a lot gains when the quoted price rises by 1: multiplier over magnifier."""
        return self.multiplier / self.price_magnifier

    @property
    def initial_units(self) -> int:
        """Initial margin per lot, in money units."""
        return money_units(self.initial_margin)

    @property
    def maintenance_units(self) -> int:
        """Maintenance margin per lot, in money units."""
        return money_units(self.maintenance_margin or self.initial_margin)

    def on_tick(self, price: Decimal) -> int:
        """Return an order's price in units.

        Raises:
            OffTickPrice: It is between two ticks; both are named.

        Example:
            >>> ContractTerms(FuturesContract("CORN", "202312"), "0.25").on_tick(Decimal("480.50"))
            48050000000
        """
        tick = self.tick_units
        numerator, denominator = price.as_integer_ratio()
        units, rest = divmod(numerator * PRICE_SCALE, denominator)
        if rest or units % tick:
            below = units // tick * tick
            raise OffTickPrice(
                f"{price} is off the tick of {self.contract}, which is {self.tick_size}.",
                remedy=f"The nearest prices are {price_of(below)} and {price_of(below + tick)}.",
            )
        return units
