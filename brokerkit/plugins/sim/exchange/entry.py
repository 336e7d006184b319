"""Order entry: the checks of a new order, and of a modification."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import (
    ContractExpired,
    DuplicateOrder,
    InvalidOrder,
    InvalidQuantity,
    MarketClosed,
    OrderCannotBeModified,
    OrderRejected,
)
from brokerkit.plugins.sim.exchange import hours, spreads
from brokerkit.plugins.sim.exchange.live_order import LiveOrder
from brokerkit.plugins.sim.exchange.units import nanoseconds, price_of, price_units
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.order import Order, OrderType, TimeInForce

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.venue import Venue

_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)
_PLAIN = (OrderType.MARKET, OrderType.LIMIT)
MARKET, LIMIT = OrderType.MARKET, OrderType.LIMIT
DAY, GTC = TimeInForce.DAY, TimeInForce.GTC


def checked(venue: Venue, order: Order, number: int, *, inside: bool = False) -> LiveOrder:
    """Return a new, valid order with the given number; nothing else changes.

    An order that the exchange itself places is not refused because its market is closed.

    Raises:
        InvalidOrder: A price off the tick, a combination that does not exist, or an algorithm.
        MissingContract: The contract is not listed.
        MissingAccount: The account does not exist.
        ContractExpired: The contract has stopped trading.
        MarketClosed: The market is closed, and its terms refuse orders then.
        DuplicateOrder: The reference was used before.
    """
    if order.order_ref in venue.orders:
        raise DuplicateOrder(
            f"Order {order.order_ref} was placed before, as #{venue.orders[order.order_ref].number}.",
            remedy="Nothing was sent. A new order needs a new order_ref.",
        )
    several = len(order.quantity) > 1
    listing = spreads.listing_for(venue, order) if several else venue.listing_of(order.contract)
    account = venue.account_of(order.account)
    if (listing.expired or listing.refuses_when_closed) and not inside:
        check_market(venue, listing, order)
    kind, tif = order.order_type, order.time_in_force
    if tif is not DAY or (kind is not MARKET and kind is not LIMIT) or order.algo:
        check_instruction(venue, order)
    if several:
        return _with_prices(spreads.SpreadOrder(venue, number, order, listing, account), order)
    live = LiveOrder(venue, number, order, listing, account, listing.holding_of(account), venue.now)
    if kind is LIMIT and order.limit_price is not None:
        live.limit = listing.terms.on_tick(order.limit_price)
    elif kind is not MARKET:
        return _with_prices(live, order)
    if tif is DAY or tif is GTC:
        live.is_plain = not (order.oco_group or order.children or order.post_only or order.reduce_only)
    return live


def check_market(venue: Venue, listing: Listing, order: Order) -> None:
    """Refuse an order for a contract that has ended, or for a closed market that refuses orders."""
    if listing.expired:
        raise ContractExpired(f"{listing.name} stopped trading.", remedy="Order a later contract.")
    if listing.refuses_when_closed and not order.outside_hours and not hours.is_open(listing, venue.now):
        raise MarketClosed(f"The market of {listing.name} is closed.", remedy="Send it when the market is open.")


def check_instruction(venue: Venue, order: Order) -> None:
    """Refuse an instruction that the exchange does not support."""
    if order.algo:
        raise InvalidOrder(f"The exchange has no algorithm {order.algo!r}.", remedy="Omit algo.")
    kind, tif = order.order_type, order.time_in_force
    if tif in _AT_ONCE and kind not in _PLAIN:
        raise InvalidOrder(
            f"A {kind.value} order cannot be {tif.value}.",
            remedy="Use DAY or GTC, or a market or limit order.",
        )
    if order.good_till is not None and good_till(order) <= venue.now:
        raise InvalidOrder(f"good_till {order.good_till} has passed.", remedy="Give a later time.")


def good_till(order: Order) -> int:
    """Return when a GTD order expires, in nanoseconds."""
    return nanoseconds(order.good_till) if order.good_till is not None else 0


def _with_prices(live: LiveOrder, order: Order) -> LiveOrder:
    """Set a live order's prices from its instruction, in units, and return it."""
    terms = live.listing.terms
    limit, stop = order.limit_price, order.stop_price
    if limit is not None:
        live.limit = terms.on_tick(limit)
    if stop is not None:
        live.trigger = terms.on_tick(stop)
    if order.trail_amount is not None:
        terms.on_tick(order.trail_amount)
    return live


def check_flags(venue: Venue, live: LiveOrder) -> None:
    """Reject a post-only order that would trade at once, and a reduce-only one that would not reduce."""
    if live.order.reduce_only and not reducible(live):
        raise OrderRejected("Reduce-only, and there is nothing to reduce.", remedy="Check the position first.")
    if live.order.post_only and live.limit is not None:
        check_post_only(venue, live, live.limit)


def check_post_only(venue: Venue, live: LiveOrder, limit: int) -> None:
    """Reject a new or modified limit at which a post-only order would trade at once."""
    price = live.listing.last_price(venue.now)
    if price is not None and (limit - price) * live.side >= 0:
        raise OrderRejected(
            f"Post-only, and a limit of {price_of(limit)} would trade at once at {price_of(price)}.",
            remedy="Give a limit further away.",
        )


def reducible(live: LiveOrder) -> int:
    """Return how many lots, or units of a spread, an order can trade without opening or reversing a position."""
    if isinstance(live, spreads.SpreadOrder):
        pairs = zip(live.leg_holdings, live.listing.legs, strict=True)
        return min(max(-holding.lots * ratio * live.side, 0) // ratio**2 for holding, (_, ratio) in pairs)
    return max(-live.holding.lots * live.side, 0)


def check_change(venue: Venue, live: LiveOrder, changed: Order) -> None:
    """Refuse a modification that comes too late, or that is invalid.

    Raises:
        OrderCannotBeModified: It is final, or a cancel is pending.
        InvalidQuantity: The quantity is less than is already filled, or on the other side.
        OffTickPrice: A price is off the tick.
    """
    if live.is_final or live.state is OrderState.PENDING_CANCEL:
        raise OrderCannotBeModified(
            f"Order #{live.number} is {live.state.value.replace('_', ' ')}.", remedy="Place a new order."
        )
    if live.listing.legs and spreads.ratios_of(changed.quantity) != spreads.ratios_of(live.order.quantity):
        raise InvalidQuantity(f"Order #{live.number} is a spread: its ratios cannot change.")
    quantity = units_of(changed)
    if quantity * live.side < 1 or not covers_fills(live, changed):
        raise InvalidQuantity(
            f"Order #{live.number} cannot become {quantity:+d}: {live.side * live.filled:+d} are filled.",
            remedy="Give the new total, with the order's sign, at least what is filled.",
        )
    for price in (changed.limit_price, changed.stop_price):
        if price is not None:
            live.listing.terms.on_tick(price)
    check_instruction(venue, changed)


def covers_fills(live: LiveOrder, changed: Order) -> bool:
    """Return whether a modified quantity is at least what is already filled, for each leg."""
    if isinstance(live, spreads.SpreadOrder) and live.leg_orders:
        pairs = zip(live.leg_orders, changed.quantity, strict=True)
        return all(abs(lots) >= one.filled for one, lots in pairs)
    return abs(units_of(changed)) >= live.filled


def units_of(order: Order) -> int:
    """Return an order's signed lots; for a spread, its signed units."""
    quantity = order.quantity
    return quantity[0] if len(quantity) == 1 else gcd(*quantity) * (1 if quantity[0] > 0 else -1)


def sized(order: Order, units: int) -> Order:
    """Return an order for a total of so many lots, or units of a spread."""
    before = abs(units_of(order))
    return attrs.evolve(order, quantity=tuple(lots // before * units for lots in order.quantity))


def apply_change(live: LiveOrder, changed: Order) -> None:
    """Apply a modified instruction to a live order. A fired trigger stays fired, and a trailed one keeps its level."""
    before = live.order.stop_price
    fired = live.trigger is None and (before is not None or live.best is not None)
    live.order = changed
    live.limit = None if changed.limit_price is None else price_units(changed.limit_price)
    if not fired and changed.stop_price is not None and changed.stop_price != before:
        live.trigger = price_units(changed.stop_price)
