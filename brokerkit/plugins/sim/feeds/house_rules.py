"""The simulated broker's requirements of its clients."""

from __future__ import annotations

from decimal import Decimal

import attrs

from brokerkit.plugins.sim.exchange import OutsideHours


@attrs.frozen
class HouseRules:
    """The simulated broker's requirements of its clients.

    Attributes:
        base_currency: The currency in which margin is calculated.
        margin_percent: Initial margin per lot, in percent of its value when it is listed.
        maintenance_percent: Maintenance margin, in percent of the initial margin.
        outside_hours: What happens to orders that arrive while a market is closed.
    """

    base_currency: str = "USD"
    margin_percent: Decimal = Decimal(5)
    maintenance_percent: Decimal = Decimal(80)
    outside_hours: OutsideHours = OutsideHours.HOLD
