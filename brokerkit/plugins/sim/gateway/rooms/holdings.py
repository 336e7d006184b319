"""What accounts hold, valued as IB values it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.refused import invalid

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway


@attrs.frozen
class Holding:
    """A position and its value; IB's average cost is price times multiplier.

    Attributes:
        lots: Signed.
        price: The last price, quoted.
        average_cost: What a lot cost on average, multiplier included.
        value: Lots times price times multiplier.
        unrealised: Profit that closing it at the last price would realise.
        realised: Profit realised in it since the day began.
    """

    account: str
    listed: Listed
    lots: float
    price: float
    average_cost: float
    value: float
    unrealised: float
    realised: float

    @property
    def closed(self) -> Holding:
        """What is told of it once it is closed."""
        return attrs.evolve(self, lots=0.0, average_cost=0.0, value=0.0, unrealised=0.0)


def known_account(gateway: Gateway, name: str) -> str:
    """Return the account that a client names, the first where it names none.

    Raises:
        RefusedError: There is none of that name.
    """
    found = name or gateway.accounts[0]
    if found not in gateway.accounts:
        raise invalid(f"Invalid account code '{name}'.", "bQ")
    return found


def holdings_of(gateway: Gateway, account: str = "") -> list[Holding]:
    """Return the open positions of an account, or of all, valued now."""
    found = []
    for position in gateway.exchange.positions(account):
        listed = gateway.contracts.of_contract(position.contract)
        point = float(listed.terms.point_value)
        average = float(position.average_price or 0)
        last = gateway.exchange.last_price(position.contract)
        price = average if last is None else float(last)
        lots = float(position.quantity)
        found.append(
            Holding(
                position.account,
                listed,
                lots,
                price,
                average * point,
                lots * price * point,
                lots * (price - average) * point,
                gateway.orders.fills.realised.today(position.account, listed.con_id),
            )
        )
    return found
