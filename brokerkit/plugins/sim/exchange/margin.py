"""Whether an account can carry what it holds and has ordered: initial and maintenance margin, value in one currency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import InsufficientMargin, MissingFxCode
from brokerkit.plugins.sim.exchange import entry
from brokerkit.plugins.sim.exchange.units import PRICE_SCALE, money_of
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order
from brokerkit.spec.orders import WhatIf

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.ledger import Account, Holding
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue


def check_order(venue: Venue, holding: Holding, quantity: int) -> None:
    """Refuse an order of signed lots that the account cannot put initial margin behind.

    An order that cannot make the position larger is never refused.

    Raises:
        InsufficientMargin: The account's value is below what would be needed.
    """
    lots, buys, sells = holding.lots, holding.working_buys, holding.working_sells
    rise, fall = lots + buys, sells - lots
    if (rise + quantity > fall) if quantity > 0 else (fall - quantity > rise):
        try:
            check_needed(venue, holding.account, needed_for(venue, holding, quantity))
        except MissingFxCode as missing:
            raise uncounted(missing) from missing


def uncounted(missing: MissingFxCode) -> InsufficientMargin:
    """Return the rejection of an order whose margin cannot be counted."""
    return InsufficientMargin(f"Margin cannot be counted. {missing.fact}", remedy=missing.remedy)


def needed_for(venue: Venue, holding: Holding, quantity: int) -> int:
    """Return how much more initial margin an order of signed lots can come to need, in the base currency."""
    added = worst_lots(holding, quantity) - worst_lots(holding, 0)
    if holding.cash.currency == holding.account.base_currency:
        return added * holding.listing.initial_margin
    return to_base(venue, holding.account, holding.cash.currency, added * holding.listing.initial_margin)


def check_needed(venue: Venue, account: Account, extra: int) -> None:
    """Refuse what needs more initial margin than the account is worth.

    Raises:
        InsufficientMargin: Its value is below what would be needed.
    """
    needed = initial_margin(venue, account) + extra
    value = value_in_base(venue, account)
    if needed > value:
        base = account.base_currency
        raise InsufficientMargin(
            f"Account {account.name} is worth {money_of(base, value)}; the margin needed is {money_of(base, needed)}.",
            remedy="Order less, close something, or pay in.",
        )


def worst_lots(holding: Holding, quantity: int) -> int:
    """Return the largest position, unsigned, that a holding can become with its working orders and one more."""
    most, least = holding.lots + holding.working_buys, holding.lots - holding.working_sells
    if quantity > 0:
        most += quantity
    else:
        least += quantity
    return most if most > -least else -least


def initial_margin(venue: Venue, account: Account) -> int:
    """Return the initial margin of an account in its base currency: open lots and working orders at their worst."""
    total = 0
    for holding in account.holdings:
        each = holding.listing.initial_margin
        if each and (holding.lots or holding.working_buys or holding.working_sells):
            total += to_base(venue, account, holding.cash.currency, worst_lots(holding, 0) * each)
    return total


def maintenance_margin(venue: Venue, account: Account) -> int:
    """Return the maintenance margin of an account's open lots in its base currency."""
    total = 0
    for holding in account.holdings:
        if holding.lots:
            units = abs(holding.lots) * holding.listing.maintenance_margin
            currency = holding.cash.currency
            total += units if currency == account.base_currency else to_base(venue, account, currency, units)
    return total


def value_in_base(venue: Venue, account: Account) -> int:
    """Return cash plus unrealised profit in the base currency, in money units.

    Raises:
        MissingFxCode: There is money in a currency that no listed pair gives a rate for.
    """
    total, base, now = 0, account.base_currency, venue.now
    for currency, cash in account.cash.items():
        units = cash.deposited + cash.realised + cash.converted - cash.commission
        total += units if currency == base or not units else to_base(venue, account, currency, units)
    for holding in account.holdings:
        lots = holding.lots
        if lots:
            mark = holding.listing.last_price(now)
            profit = 0 if mark is None else (lots * mark - holding.cost) * holding.listing.value
            currency = holding.cash.currency
            total += profit if currency == base else to_base(venue, account, currency, profit)
    return total


def values(venue: Venue, account: Account) -> dict[str, int]:
    """Return cash plus unrealised profit by currency, in money units."""
    totals = {currency: cash.balance for currency, cash in account.cash.items()}
    for holding in account.holdings:
        if holding.lots:
            totals[holding.cash.currency] += holding.unrealised(holding.listing.last_price(venue.now))
    return totals


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


@attrs.frozen
class Margins:
    """What an account is worth and what it must keep, in its base currency.

    Attributes:
        value: Cash plus unrealised profit.
        initial: Initial margin of open lots and working orders at their worst.
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
    """Return what an order would do to the margins of its account, and what it would cost."""
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
    """Return by how much lots more change an account's initial and maintenance margin, in its base currency."""
    holding = listing.holding_of(account)
    kept = (abs(holding.lots + lots) - abs(holding.lots)) * listing.maintenance_margin
    return needed_for(venue, holding, lots), to_base(venue, account, holding.cash.currency, kept)


def _cost(
    venue: Venue, legs: tuple[tuple[Listing, int], ...], live: LiveOrder, quantity: tuple[int, ...]
) -> Money | None:
    """Return what an order would cost; None when no price is known that the cost depends on, or in two currencies."""
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
