"""What an account is worth, and what margin it needs, in its base currency.

Prices stand still at an instant, so an account's holdings are counted once at each instant that asks,
and from then on only those that were traded or ordered since: what a look costs does not grow with
the number of contracts that are traded at one instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.errors import MissingFxCode
from brokerkit.plugins.sim.exchange.units import PRICE_SCALE

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.ledger import Account, Holding
    from brokerkit.plugins.sim.exchange.venue import Venue


def value_in_base(venue: Venue, account: Account) -> int:
    """Return cash plus unrealised profit in the base currency, in money units.

    Raises:
        MissingFxCode: There is money in a currency that no listed pair gives a rate for.
    """
    _count(venue, account)
    total, base = account.profit, account.base_currency
    for currency, cash in account.cash.items():
        units = cash.deposited + cash.realised + cash.converted - cash.commission
        total += units if currency == base or not units else to_base(venue, account, currency, units)
    return total


def initial_margin(venue: Venue, account: Account) -> int:
    """Return the initial margin of an account in its base currency: open lots and working orders at their worst."""
    _count(venue, account)
    return account.initial


def maintenance_margin(venue: Venue, account: Account) -> int:
    """Return the maintenance margin of an account's open lots in its base currency."""
    _count(venue, account)
    return account.maintenance


def worst_lots(holding: Holding, quantity: int) -> int:
    """Return the largest position, unsigned, that a holding can become with its working orders and one more."""
    most, least = holding.lots + holding.working_buys, holding.lots - holding.working_sells
    if quantity > 0:
        most += quantity
    else:
        least += quantity
    return most if most > -least else -least


def to_base(venue: Venue, account: Account, currency: str, units: int) -> int:
    """Return an amount in the account's base currency at the last known rate, rounded down."""
    base = account.base_currency
    if currency == base:
        return units
    rate, inverse = venue.rate(currency, base)
    return units * PRICE_SCALE // rate if inverse else units * rate // PRICE_SCALE


def missing_rate(currency: str, base: str) -> MissingFxCode:
    """Return the error for a pair that nothing gives a rate for."""
    return MissingFxCode(
        f"No rate between {currency} and {base}.", remedy=f"List {currency}{base} or {base}{currency} with bars."
    )


def _count(venue: Venue, account: Account) -> None:
    """Bring what is counted of an account up to date."""
    if account.counted_at == venue.now:
        changed, account.changed = account.changed, {}
    else:
        changed, account.changed = dict.fromkeys(account.holdings), {}
    account.counted_at = -1  # unless all of it can be counted
    for holding in changed:
        _count_holding(venue, account, holding)
    account.counted_at = venue.now


def _count_holding(venue: Venue, account: Account, holding: Holding) -> None:
    lots, listing = holding.lots, holding.listing
    profit = maintenance = initial = 0
    if lots:
        mark = listing.last_price(venue.now)
        profit = 0 if mark is None else (lots * mark - holding.cost) * listing.value
        maintenance = (lots if lots > 0 else -lots) * listing.maintenance_margin
    if listing.initial_margin and (lots or holding.working_buys or holding.working_sells):
        initial = worst_lots(holding, 0) * listing.initial_margin
    currency = holding.cash.currency
    if currency != account.base_currency and (lots or initial):
        profit = to_base(venue, account, currency, profit)
        maintenance = to_base(venue, account, currency, maintenance)
        initial = to_base(venue, account, currency, initial)
    account.profit += profit - holding.profit
    account.initial += initial - holding.initial
    account.maintenance += maintenance - holding.maintenance
    holding.profit, holding.initial, holding.maintenance = profit, initial, maintenance
