"""Margin of an account: initial and maintenance margin, and its value, in its base currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import InsufficientMargin, MissingFxCode
from brokerkit.plugins.sim.exchange import entry
from brokerkit.plugins.sim.exchange.units import money_of
from brokerkit.plugins.sim.exchange.valuation import (
    initial_margin,
    maintenance_margin,
    to_base,
    value_in_base,
    worst_lots,
)
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order
from brokerkit.spec.orders import WhatIf

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.ledger import Account, Holding
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue


def check_order(venue: Venue, holding: Holding, quantity: int) -> None:
    """Refuse an order of signed lots if the account lacks initial margin for it.

    An order that cannot make the position larger is never refused.

    Raises:
        InsufficientMargin: The account's value is below the margin needed.
    """
    rise, fall = holding.lots + holding.working_buys, holding.working_sells - holding.lots
    worst = rise if rise > fall else fall  # the largest position, unsigned, possible without this order
    after = rise + quantity if quantity > 0 else fall - quantity
    if after > worst:
        try:
            check_needed(venue, holding.account, _in_base(venue, holding, after - worst))
        except MissingFxCode as missing:
            raise margin_unknown(missing) from missing


def margin_unknown(missing: MissingFxCode) -> InsufficientMargin:
    """Return the rejection of an order whose margin cannot be calculated."""
    return InsufficientMargin(f"Margin cannot be counted. {missing.fact}", remedy=missing.remedy)


def needed_for(venue: Venue, holding: Holding, quantity: int) -> int:
    """Return the most additional initial margin that an order of signed lots can need, in the base currency."""
    return _in_base(venue, holding, worst_lots(holding, quantity) - worst_lots(holding, 0))


def _in_base(venue: Venue, holding: Holding, lots: int) -> int:
    """Return the initial margin for lots, in the account's base currency."""
    money = lots * holding.listing.initial_margin
    return to_base(venue, holding.account, holding.currency, money) if holding.is_foreign else money


def check_needed(venue: Venue, account: Account, extra: int) -> None:
    """Refuse an order that would need more initial margin than the account is worth.

    Raises:
        InsufficientMargin: The account's value is below the margin needed.
    """
    value = value_in_base(venue, account)
    needed = account.initial + extra  # kept up to date with the value
    if needed > value:
        base = account.base_currency
        raise InsufficientMargin(
            f"Account {account.name} is worth {money_of(base, value)}; the margin needed is {money_of(base, needed)}.",
            remedy="Reduce the order, close positions, or deposit money.",
        )


def values(venue: Venue, account: Account) -> dict[str, int]:
    """Return cash plus unrealised profit by currency, in money units."""
    totals = {currency: cash.balance for currency, cash in account.cash.items()}
    for holding in account.holdings:
        if holding.lots:
            totals[holding.cash.currency] += holding.unrealised(holding.listing.last_price(venue.now))
    return totals


@attrs.frozen
class Margins:
    """An account's value and margins, in its base currency.

    Attributes:
        value: Cash plus unrealised profit.
        initial: Initial margin of open lots and of working orders in their worst case.
        maintenance: Maintenance margin of open lots.
    """

    value: Money
    initial: Money
    maintenance: Money

    @property
    def excess(self) -> Money:
        """What is left above the maintenance margin."""
        return self.value - self.maintenance


def margins(venue: Venue, account: Account) -> Margins:
    """Return an account's value and margins."""
    base = account.base_currency
    amounts = (value_in_base(venue, account), initial_margin(venue, account), maintenance_margin(venue, account))
    return Margins(*(money_of(base, units) for units in amounts))


def what_if(venue: Venue, order: Order) -> WhatIf:
    """Return what an order would do to its account's margins, and its commission."""
    live = entry.checked(venue, order, 0)
    account = live.account
    legs = live.listing.legs or ((live.listing, 1),)
    changes = [_change(venue, listing, account, lots) for (listing, _), lots in zip(legs, order.quantity, strict=True)]
    base = account.base_currency
    initial, maintenance = sum(one[0] for one in changes), sum(one[1] for one in changes)
    return WhatIf(
        money_of(base, initial_margin(venue, account) + initial),
        money_of(base, initial),
        money_of(base, maintenance_margin(venue, account) + maintenance),
        money_of(base, maintenance),
        _cost(venue, legs, live, order.quantity),
    )


def _change(venue: Venue, listing: Listing, account: Account, lots: int) -> tuple[int, int]:
    """Return by how much additional lots change an account's initial and maintenance margin, in its base currency."""
    holding = listing.holding_of(account)
    held = 0 if holding.base is not None else abs(holding.lots + lots) - abs(holding.lots)  # a pair is held as cash
    kept = held * listing.maintenance_margin
    return needed_for(venue, holding, lots), to_base(venue, account, holding.cash.currency, kept)


def _cost(
    venue: Venue, legs: tuple[tuple[Listing, int], ...], live: LiveOrder, quantity: tuple[int, ...]
) -> Money | None:
    """Return an order's commission; None if it depends on an unknown price, or is in two currencies."""
    total = 0
    for (listing, _), lots in zip(legs, quantity, strict=True):
        price = listing.last_price(venue.now)
        if len(legs) == 1 and live.limit is not None:
            price = live.limit
        if listing.charge is None:
            continue
        if price is None or listing.terms.currency != live.listing.terms.currency:
            return None
        total += listing.charge(abs(lots), price, 0)
    return money_of(live.listing.terms.currency, total)
