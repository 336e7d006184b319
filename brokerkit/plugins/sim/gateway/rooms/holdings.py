"""Positions of accounts, valued as IB values them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.refused import invalid
from brokerkit.spec.positions import Position

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway


@attrs.frozen
class Holding:
    """A position and its value. Its cost includes the opening commission, as at IB.

    Attributes:
        lots: Signed.
        price: The last price, in quoted units.
        average_cost: The average cost of a lot, in money.
        value: Lots times price times multiplier.
        unrealised: Value less cost.
        realised: The day's realised profit; None if there is none.
    """

    account: str
    listed: Listed
    lots: float
    price: float
    average_cost: float
    value: float
    unrealised: float
    realised: float | None

    @property
    def closed(self) -> Holding:
        """The position as reported after it is closed."""
        return attrs.evolve(self, lots=0.0, average_cost=0.0, value=0.0, unrealised=0.0)


def known_account(gateway: Gateway, name: str) -> str:
    """Return the account that a client names, or the first one if it names none.

    Raises:
        RefusedError: There is no account of that name.
    """
    found = name or gateway.accounts[0]
    if found not in gateway.accounts:
        raise invalid(f"Invalid account code '{name}'.", "bQ")
    return found


def holdings_of(gateway: Gateway, account: str = "") -> list[Holding]:
    """Return the open positions of one account, or of all, at current values."""
    return [valued(gateway, position) for position in gateway.exchange.positions(account)]


def valued(gateway: Gateway, position: Position) -> Holding:
    """Return a position with its current value."""
    books, account = gateway.orders.fills.books, position.account
    listed = gateway.contracts.of_contract(position.contract)
    last = gateway.exchange.last_price(position.contract)
    average = float(position.average_price or 0)
    price = average if last is None else float(last)
    point, lots = float(listed.terms.point_value), float(position.quantity)
    commission_per_lot = books.opening_commission(account, listed.con_id) if lots else 0.0
    return Holding(
        account,
        listed,
        lots,
        price,
        average * point + commission_per_lot,
        lots * price * point,
        lots * ((price - average) * point - commission_per_lot),
        books.realised(account, listed.con_id),
    )
