"""Margin calls: an account below its maintenance margin has its orders ended and its positions closed.

An account is checked at the close of a bar of a contract that it holds or has traded in that bar, and only if a
price has moved far enough since the last check to endanger the margin. A change of its value at another moment, such as
a trade at an open or a settlement, causes no call by itself: it resets how far prices may move.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from brokerkit.errors import MissingFxCode
from brokerkit.plugins.sim.exchange import scheduling
from brokerkit.plugins.sim.exchange.agenda import BAR_OPEN, RANK_BITS
from brokerkit.plugins.sim.exchange.entries import NOTE, Note
from brokerkit.plugins.sim.exchange.units import money_of
from brokerkit.plugins.sim.exchange.valuation import maintenance_margin, to_base, value_in_base
from brokerkit.spec.broker_order import OrderOrigin
from brokerkit.spec.order import Order, TimeInForce

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.ledger import Account, Holding
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.venue import Venue

TAG = "liquidation"
_FAR = 1 << 62
_margin_of = attrgetter("listing.maintenance_margin")


def review_at_next_bar(holding: Holding) -> bool:
    """Check an account when the next bar of a holding closes; return whether its guard is now closer."""
    return _guard(holding, _FAR if holding.lots > 0 else -_FAR)


def review_due(venue: Venue, listing: Listing | None, rank: int) -> None:
    """Check accounts that traded, or whose holdings' prices moved, once the last contract of this moment has traded.

    There are no calls at an open, when holdings are still valued at the close of the previous bar. If a price must be
    watched more closely than before, its contract is rescheduled, except for `listing`, which the caller reschedules.
    """
    moments = venue.agenda.moments
    if moments and moments[0] == venue.now << RANK_BITS | rank:
        return
    accounts, venue.to_review = venue.to_review, []
    if len(accounts) > 1:
        accounts.sort(key=_number)
    for account in accounts:
        account.is_due = False
        review(venue, account, listing, calls=rank != BAR_OPEN)


def note_holders(venue: Venue, listing: Listing) -> None:
    """Schedule a check of every account that holds a listing's contract."""
    for holding in listing.holdings.values():
        if holding.lots or holding.guard is not None:
            venue.review_later(holding.account)


def note_trade(venue: Venue, holding: Holding) -> None:
    """Schedule a check of an account that has traded, unless it has nothing left to check."""
    account = holding.account
    if not holding.lots:
        stop_watching(holding)
    if not account.open:
        account.is_watched = False
    elif not account.is_due:
        account.is_due = True
        venue.to_review.append(account)


def review(venue: Venue, account: Account, listing: Listing | None, *, calls: bool) -> None:
    """Make a margin call if the account is short and calls are allowed now; otherwise set when to check again."""
    account.is_watched = any(map(_margin_of, account.open))
    if account.is_watched:
        closer = _check(venue, account, list(account.open), calls=calls)
        for holding in closer:
            if holding.listing is not listing:
                scheduling.schedule(venue, holding.listing)
    else:
        for holding in account.open:
            stop_watching(holding)


def stop_watching(holding: Holding) -> None:
    """Stop checking an account because of this holding's price."""
    if holding.guard is not None:
        _guard(holding, None)


def _check(venue: Venue, account: Account, held: list[Holding], *, calls: bool) -> list[Holding]:
    """Check an account, and return the holdings whose price must be watched more closely than before."""
    try:
        excess = value_in_base(venue, account) - account.maintenance  # kept up to date with the value
    except MissingFxCode:
        excess = -1
        calls = False
    closing = bool(account.liquidating) and any(not live.is_final for live in account.liquidating)
    if excess < 0 and calls and not closing:
        _call(venue, account, [holding for holding in held if holding.listing.maintenance_margin])
    if excess < 0 or closing or (len(account.cash) > 1 and _has_foreign_money(account)):  # exchange rates move too
        return [holding for holding in held if review_at_next_bar(holding)]
    return _set_guards(excess, held)


def _number(account: Account) -> int:
    return account.number


def _set_guards(excess: int, held: list[Holding]) -> list[Holding]:
    """Let each holding's price move, before the next check, only so far that together they cannot use up the excess.

    Returns:
        The holdings whose price must be watched more closely than before.
    """
    shared = excess // len(held)
    closer = []
    for holding in held:
        mark = holding.mark  # the mark that the excess is based on
        if mark is None:  # a spread traded at the first open of this leg, which has no last price yet
            is_closer = review_at_next_bar(holding)
        else:
            is_closer = _guard(holding, mark - shared // (holding.lots * holding.listing.value))
        if is_closer:
            closer.append(holding)
    return closer


def _has_foreign_money(account: Account) -> bool:
    base = account.base_currency
    return any(cash.balance for name, cash in account.cash.items() if name != base) or any(
        holding.is_foreign for holding in account.open
    )


def _guard(holding: Holding, price: int | None) -> bool:
    """Set the price at which a holding must be checked again; return whether it is closer than before."""
    holding.guard = price
    listing = holding.listing
    if len(listing.holdings) > 1:
        low, high = _closest(listing)
    elif price is None:
        low, high = -_FAR, _FAR
    else:
        low, high = (price, _FAR) if holding.lots > 0 else (-_FAR, price)
    is_closer = low > listing.guard_low or high < listing.guard_high
    listing.guard_low, listing.guard_high = low, high
    listing.watched = low != -_FAR or high != _FAR
    return is_closer


def _closest(listing: Listing) -> tuple[int, int]:
    """Return the highest guard below the price and the lowest above it, across all holders of a listing's contract."""
    guards = [(one.lots, one.guard) for one in listing.holdings.values() if one.guard is not None]
    low = max((guard for lots, guard in guards if lots > 0), default=-_FAR)
    high = min((guard for lots, guard in guards if lots <= 0), default=_FAR)
    return low, high


def _call(venue: Venue, account: Account, held: list[Holding]) -> None:
    """End the account's orders and close positions, largest margin first, until the rest is covered."""
    base = account.base_currency
    value, needed = value_in_base(venue, account), maintenance_margin(venue, account)
    text = f"{account.name} is worth {money_of(base, value)}, below its maintenance margin of {money_of(base, needed)}"
    venue.journal.append(Note(NOTE, venue.now, f"margin call: {text}"))
    for live in list(venue.orders.values()):
        if live.account is account and not live.is_final:
            venue.end(live, "margin call")
    account.liquidating = []
    kept = {holding.listing.number: _maintenance(venue, holding) for holding in held}
    for holding in sorted(held, key=lambda one: (-kept[one.listing.number], one.listing.number)):
        if needed <= value:
            break
        needed -= kept[holding.listing.number]
        order = Order.market(
            holding.listing.contract, -holding.lots, account=account.name, time_in_force=TimeInForce.GTC, tag=TAG,
            reduce_only=True,
        )  # fmt: skip
        live = venue.admit(order, inside=True)
        live.origin = OrderOrigin.MANUAL
        account.liquidating.append(live)


def _maintenance(venue: Venue, holding: Holding) -> int:
    """Return the maintenance margin of a holding, in the account's base currency."""
    money = abs(holding.lots) * holding.listing.maintenance_margin
    return to_base(venue, holding.account, holding.cash.currency, money)
