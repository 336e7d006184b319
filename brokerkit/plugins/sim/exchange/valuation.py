"""An account's value and the margin it needs, in its base currency.

Prices do not change within an instant, so an account is valued in full once per instant, and after that only for
what was traded or ordered since: the cost of a check grows neither with the number of contracts that trade at
one instant, nor with the number that were traded and closed long ago.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from brokerkit.errors import MissingFxCode
from brokerkit.plugins.sim.exchange.units import PRICE_SCALE

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.ledger import Account, Holding
    from brokerkit.plugins.sim.exchange.venue import Venue


def value_in_base(venue: Venue, account: Account) -> int:
    """Return cash plus unrealised profit in the base currency, in money units.

    Raises:
        MissingFxCode: The account holds a currency for which no listed pair gives a rate.
    """
    if account.changed or account.valued_at != venue.now:
        _update(venue, account)
    total = account.worth
    if total is None:
        cash = account.base_cash
        total = account.profit + cash.deposited + cash.realised + cash.converted - cash.commission
        if len(account.cash) > 1:
            total += _foreign_cash(venue, account)
        account.worth = total
    return total


def _foreign_cash(venue: Venue, account: Account) -> int:
    """Return the value of cash in other currencies, in the base currency."""
    others = [(code, cash.balance) for code, cash in account.cash.items() if cash is not account.base_cash]
    return sum(to_base(venue, account, code, units) for code, units in others if units)


def initial_margin(venue: Venue, account: Account) -> int:
    """Return the initial margin of an account in its base currency: open lots, and working orders at their worst."""
    if account.changed or account.valued_at != venue.now:
        _update(venue, account)
    return account.initial


def maintenance_margin(venue: Venue, account: Account) -> int:
    """Return the maintenance margin of an account's open lots in its base currency."""
    if account.changed or account.valued_at != venue.now:
        _update(venue, account)
    return account.maintenance


def worst_lots(holding: Holding, quantity: int) -> int:
    """Return the largest position, unsigned, that a holding can reach with its working orders and one more."""
    most, least = holding.lots + holding.working_buys, holding.lots - holding.working_sells
    if quantity > 0:
        most += quantity
    else:
        least += quantity
    return most if most > -least else -least


def to_base(venue: Venue, account: Account, currency: str, units: int) -> int:
    """Return an amount in the account's base currency at the last known rate, rounded down."""
    base = account.base_currency
    if currency == base or not units:
        return units
    rate, inverse = venue.rate(currency, base)
    return units * PRICE_SCALE // rate if inverse else units * rate // PRICE_SCALE


def missing_rate(currency: str, base: str) -> MissingFxCode:
    """Return the error for two currencies without a rate."""
    pair = f"{currency}{base}"
    return MissingFxCode(
        f"No rate between {currency} and {base}.",
        remedy=f"List {pair} or {base}{currency} with bars; to a folder of prices, add fx/{pair}.csv.",
    )


def _update(venue: Venue, account: Account) -> None:
    """Update an account's valuation: everything at a new instant, otherwise what has changed since."""
    now = venue.now
    changed = account.changed
    if account.valued_at != now:  # of flat holdings, only foreign ones with working orders change in value
        changed.update(account.open if len(account.cash) == 1 else dict.fromkeys(account.holdings))
    account.valued_at = -1  # left at -1 if a rate is missing
    for holding in changed:
        lots, listing = holding.lots, holding.listing
        if lots:
            holding.mark = mark = listing.last_price(now)
            profit = 0 if mark is None else lots * mark * listing.value - holding.cost
            maintenance = (lots if lots > 0 else -lots) * listing.maintenance_margin
        else:
            profit = maintenance = 0
        most, least = holding.working_buys + lots, holding.working_sells - lots
        initial = (most if most > least else least) * listing.initial_margin
        if holding.is_foreign and (lots or initial):
            profit, maintenance, initial = _all_to_base(venue, holding, profit, maintenance, initial)
        account.profit += profit - holding.profit
        account.initial += initial - holding.initial
        account.maintenance += maintenance - holding.maintenance
        holding.profit, holding.initial, holding.maintenance = profit, initial, maintenance
    changed.clear()
    account.valued_at, account.worth = now, None


def _all_to_base(venue: Venue, holding: Holding, *amounts: int) -> Iterator[int]:
    return (to_base(venue, holding.account, holding.currency, units) for units in amounts)
