"""Spreads: several legs that trade together in a ratio, or each as its own market allows.

A spread has a price only where all its legs have one at the same instant: at the opens and the
closes of bars that start together. Its price is the sum of ratio times price, with the first leg's
ratio positive, so it may be negative. Orders on it wait in a book of their own.
"""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from numpy.typing import NDArray

from brokerkit.errors import InvalidOrder, MissingFxCode
from brokerkit.plugins.sim.exchange import book, hours, margin, margin_calls, scheduling
from brokerkit.plugins.sim.exchange.bars import BarSeries
from brokerkit.plugins.sim.exchange.listing import Listing
from brokerkit.plugins.sim.exchange.live_order import HELD, NOWHERE, LiveOrder
from brokerkit.plugins.sim.exchange.segments import Floats, Segment
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.ledger import Account, Holding
    from brokerkit.plugins.sim.exchange.venue import Venue

Ratios = tuple[int, ...]
_TOGETHER = (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.AT_OPEN)


def ratios_of(quantity: tuple[int, ...]) -> Ratios:
    """Return the signed whole ratios of a spread's quantities, the first one positive.

    Example:
        >>> ratios_of((-2, 4))
        (1, -2)
    """
    units = gcd(*quantity) * (1 if quantity[0] > 0 else -1)
    return tuple(lots // units for lots in quantity)


def listing_for(venue: Venue, order: Order) -> Listing:
    """Return the book of a spread, creating it if it is new.

    Raises:
        MissingContract: A leg is not listed.
        InvalidOrder: It cannot fill leg by leg as requested, or it is for the close.
    """
    contract = order.contract
    if order.spread_fill is SpreadFill.BY_LEG and order.order_type is not OrderType.MARKET:
        raise InvalidOrder(
            f"A {order.order_type.value} order on a spread fills its legs together.",
            remedy="Fill the legs together, or use a market order.",
        )
    _check_held(order)
    key = (contract, ratios_of(order.quantity))
    found = venue.spreads.get(key)
    if found is None and isinstance(contract, FuturesContract):
        found = venue.spreads[key] = _open(venue, contract, key[1])
    return found if found is not None else venue.listing_of(contract)


def _check_held(order: Order) -> None:
    """Refuse what a spread cannot do: its legs share no close, and filled leg by leg, none knows what another fills."""
    held = order.time_in_force
    if held is TimeInForce.AT_CLOSE:
        raise InvalidOrder("A spread has no closing auction.", remedy="Order its legs, or use another time in force.")
    if order.spread_fill is SpreadFill.BY_LEG and (order.reduce_only or held in _TOGETHER):
        what = "only reduces" if order.reduce_only else f"is {held.value}"
        raise InvalidOrder(f"A spread that {what} fills its legs together.", remedy="Fill them together.")


def _open(venue: Venue, contract: FuturesContract, ratios: Ratios) -> Listing:
    legs = tuple(venue.listing_of(leg) for leg in contract.legs)
    ends = [leg.terms.expiry for leg in legs if leg.terms.expiry is not None]
    tick = min(leg.terms.tick_size for leg in legs)
    terms = attrs.evolve(
        legs[0].terms, contract=contract, tick_size=tick, initial_margin=0, maintenance_margin=0, slippage=None,
        expiry=min(ends) if ends else None, settlement_price=None,
    )  # fmt: skip
    listing = Listing(0, terms, None, None, fills_on_touch=venue.models.limit_fills_on_touch)
    listing.legs = tuple(zip(legs, ratios, strict=True))
    hours.watch_end(venue, listing)
    listing.series.last = listing.mark = _last_price(venue, listing)
    refresh(venue, listing)
    return listing


def _last_price(venue: Venue, listing: Listing) -> int | None:
    """Return a spread's price at the close of its legs' last bars; None unless those started together."""
    ended = [(leg.series.last_bar(venue.now), ratio) for leg, ratio in listing.legs]
    found = [(bar, ratio) for bar, ratio in ended if bar is not None]
    if len(found) < len(ended) or len({bar[0] for bar, _ in found}) > 1:
        return None
    return sum(bar[3] * ratio for bar, ratio in found)


def refresh_all(venue: Venue, leg: Listing) -> None:
    """Update every spread of this leg with its new bars."""
    for listing in venue.spreads.values():
        if any(one is leg for one, _ in listing.legs):
            refresh(venue, listing)
            scheduling.defer_late_orders(venue, listing)
            scheduling.schedule(venue, listing)


def refresh(venue: Venue, listing: Listing) -> None:
    """Build the spread's bars from its legs' bars to come."""
    last = listing.series.close_at(venue.now)
    listing.series = BarSeries(listing.name)
    listing.series.last = last
    parts = [leg.series.to_come(venue.now - 1) for leg, _ in listing.legs]
    common = parts[0].start
    for part in parts[1:]:
        common = np.intersect1d(common, part.start)
    if len(common) == 0:
        return
    rows = [np.searchsorted(part.start, common) for part in parts]
    first = sum(part.open[row] * ratio for part, row, (_, ratio) in zip(parts, rows, listing.legs, strict=True))
    final = sum(part.close[row] * ratio for part, row, (_, ratio) in zip(parts, rows, listing.legs, strict=True))
    opens, closes = np.asarray(first, dtype=np.float64), np.asarray(final, dtype=np.float64)
    ends = np.max([part.end[row] for part, row in zip(parts, rows, strict=True)], axis=0)
    volume = _volume(
        listing, [part.volume[row] for part, row in zip(parts, rows, strict=True) if part.volume is not None]
    )
    high, low = np.maximum(opens, closes), np.minimum(opens, closes)
    listing.series.append(Segment(common, ends, opens, high, low, closes, volume), venue.now - 1)


def _volume(listing: Listing, of_legs: list[Floats]) -> NDArray[Any] | None:
    """Return how many units each bar has volume for, by its scarcest leg of known volume; None if none is known."""
    units = [volume // abs(ratio) for volume, (_, ratio) in zip(of_legs, listing.legs, strict=True)]
    scarcest: Floats = np.fmin.reduce(units)
    return None if bool(np.isnan(scarcest).all()) else scarcest


class SpreadOrder(LiveOrder):
    """An order for several legs, counted in units of the spread.

    Attributes:
        leg_holdings: The account's holding of each leg.
        leg_orders: The orders by which its legs trade, if it fills leg by leg.
    """

    __slots__ = ("leg_holdings", "leg_orders")

    def __init__(self, venue: Venue, number: int, order: Order, listing: Listing, account: Account) -> None:
        holdings = tuple(leg.holding_of(account) for leg, _ in listing.legs)
        super().__init__(venue, number, order, listing, account, holdings[0], venue.now)
        self.remaining = gcd(*order.quantity)
        self.leg_holdings: tuple[Holding, ...] = holdings
        self.leg_orders: tuple[LegOrder, ...] = ()

    def holding_of(self, leg: int) -> Holding:
        """Return its account's holding of one of its contracts."""
        return self.leg_holdings[leg]


class LegOrder(LiveOrder):
    """The part of a spread order that trades one leg separately. Its fills are the spread order's."""

    __slots__ = ("leg", "spread")

    def __init__(self, venue: Venue, spread: SpreadOrder, leg: int) -> None:
        whole, (listing, _) = spread.order, spread.listing.legs[leg]
        order = attrs.evolve(whole, contract=listing.contract, quantity=whole.quantity[leg], oco_group="", children=())
        super().__init__(venue, spread.number, order, listing, spread.account, spread.leg_holdings[leg], venue.now)
        self.state = spread.state
        self.linked = spread.linked
        self.spread = spread
        self.leg = leg

    @property
    def is_final(self) -> bool:
        """Whether the whole spread order is final."""
        return self.spread.is_final


def start_legs(venue: Venue, live: SpreadOrder) -> None:
    """Let every leg trade separately."""
    live.leg_orders = tuple(LegOrder(venue, live, leg) for leg in range(len(live.leg_holdings)))
    for one in live.leg_orders:
        venue.start(one)


def end_legs(live: SpreadOrder) -> None:
    """Remove the legs of an ended order from their books, and their unfilled lots from the margin."""
    for one in live.leg_orders:
        one.holding.count_working(-one.side * one.remaining, one.side)
        if one.place != NOWHERE:
            book.remove(one.listing, one)


def resize_legs(venue: Venue, live: SpreadOrder) -> None:
    """Give every leg its current quantity, behind other orders; a leg that has filled it is done."""
    if not live.leg_orders:
        return
    for one, lots in zip(live.leg_orders, live.order.quantity, strict=True):
        place, one.remaining = one.place, abs(lots) - one.filled
        if place != NOWHERE:
            book.remove(one.listing, one)
        if not one.remaining:
            continue
        if place == HELD:
            hours.hold(venue, one.listing, one)
        else:
            one.joins = venue.now + 1 if venue.opened_at == venue.now else venue.now
            venue.place(one)
            scheduling.schedule(venue, one.listing)


def count_working(live: SpreadOrder, units: int) -> None:
    """Add to, or subtract from, the units whose legs an order may still trade, as counted for margin."""
    for holding, (_, ratio) in zip(live.leg_holdings, live.listing.legs, strict=True):
        holding.count_working(live.side * ratio * units, live.side * ratio)


def count_legs(live: SpreadOrder) -> None:
    """Count the unfilled lots of each leg for margin."""
    for one in live.leg_orders:
        one.holding.count_working(one.side * one.remaining, one.side)


def check_margin(venue: Venue, live: SpreadOrder) -> None:
    """Refuse a spread if the account lacks margin for its legs, each margined separately.

    Raises:
        InsufficientMargin: The account's value is below the margin needed.
    """
    check_units(venue, live, live.remaining)


def check_units(venue: Venue, live: SpreadOrder, units: int) -> None:
    """Refuse additional units of a spread without margin; see `check_margin`."""
    lots = [live.side * ratio * units for _, ratio in live.listing.legs]
    try:
        needed = sum(margin.needed_for(venue, *one) for one in zip(live.leg_holdings, lots, strict=True))
        if needed:
            margin.check_needed(venue, live.account, needed)
    except MissingFxCode as missing:
        raise margin.margin_unknown(missing) from missing


def trade(venue: Venue, live: LiveOrder, lots: int, price: int) -> None:
    """Fill units of a spread, or lots of a leg that trades separately."""
    if isinstance(live, SpreadOrder):
        _trade_together(venue, live, lots)
    elif isinstance(live, LegOrder):
        _trade_leg(venue, live, lots, price)


def _trade_together(venue: Venue, live: SpreadOrder, units: int) -> None:
    """Fill units of a spread, every leg at its own price of this instant."""
    before = live.filled
    live.filled += units
    live.remaining -= units
    start, at_open = live.listing.left_for, live.listing.opened == venue.now
    for leg, (listing, ratio) in enumerate(live.listing.legs):
        series = listing.series
        price = (series.opens if at_open else series.closes)[series.place_of(start)]
        if not live.remaining and leg == len(live.leg_holdings) - 1:
            live.state = OrderState.FILLED
        _record(venue, live, leg, live.side * ratio * units, price, abs(ratio) * before)


def _trade_leg(venue: Venue, one: LegOrder, lots: int, price: int) -> None:
    """Fill lots of one leg that trades separately."""
    before = one.filled
    one.filled += lots
    one.remaining -= lots
    spread = one.spread
    whole = spread.filled + spread.remaining
    pairs = zip(spread.leg_orders, spread.listing.legs, strict=True)
    spread.filled = min(leg.filled // abs(ratio) for leg, (_, ratio) in pairs)
    spread.remaining = whole - spread.filled
    if not spread.remaining:
        spread.state = OrderState.FILLED
    _record(venue, spread, one.leg, lots * one.side, price, before)


def _record(venue: Venue, live: SpreadOrder, leg: int, quantity: int, price: int, before: int) -> None:
    """Book one leg's fill, and log it."""
    holding = live.leg_holdings[leg]
    charge = holding.listing.charge
    commission = 0 if charge is None else charge(abs(quantity), price, before)
    holding.count_working(-quantity, quantity)
    holding.book(quantity, price, commission)
    venue.record(live, live.state.value, quantity, price, commission, leg, 0, False)
    if holding.listing.maintenance_margin or live.account.is_watched:
        margin_calls.note_trade(venue, holding)
