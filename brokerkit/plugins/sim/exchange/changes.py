"""Modifications of an order: price, quantity, trigger."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from brokerkit.errors import OrderRejected
from brokerkit.plugins.sim.exchange import book, contingencies, entry, hours, margin, scheduling, spreads
from brokerkit.plugins.sim.exchange.agenda import ARRIVAL
from brokerkit.plugins.sim.exchange.entries import NOTE, Note
from brokerkit.plugins.sim.exchange.faults import Occasion
from brokerkit.plugins.sim.exchange.live_order import CHANGE_BITS, HELD, IN_FLIGHT, NOWHERE, LiveOrder
from brokerkit.plugins.sim.exchange.units import price_units
from brokerkit.spec.broker_order import OrderState

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.venue import Venue
    from brokerkit.spec.order import Order


def modify(venue: Venue, live: LiveOrder, changed: Order) -> None:
    """Request to replace an order's instruction; this takes effect when the request arrives."""
    entry.check_change(venue, live, changed)
    if venue.channel is not None and venue.channel.faults_on(Occasion.MODIFY, live.number):
        return
    delay = venue.models.latency.modify_delay(venue.random)
    if delay:
        venue.agenda.put(venue.now + delay, ARRIVAL, partial(_on_late_arrival, venue), (live, changed))
    else:
        _on_arrival(venue, (live, changed))


def _on_late_arrival(venue: Venue, change: tuple[LiveOrder, Order]) -> None:
    """Replace an order's instruction when the request arrives; if it is refused by then, nothing changes."""
    try:
        _on_arrival(venue, change)
    except OrderRejected as refused:
        venue.journal.append(Note(NOTE, venue.now, f"change of #{change[0].number} refused: {refused.fact}"))


def check_margin(venue: Venue, live: LiveOrder, lots: int) -> None:
    """Refuse to make an order larger than its account has margin for.

    Raises:
        InsufficientMargin: The account's value is below the margin needed.
    """
    more = lots - live.filled - live.remaining
    if more <= 0 or live.parent is not None or live.state is OrderState.PENDING or live.place == IN_FLIGHT:
        return  # an exit only closes, and an order in flight is checked on arrival
    if isinstance(live, spreads.SpreadOrder):
        spreads.check_units(venue, live, more)
    elif live.listing.initial_margin:
        margin.check_order(venue, live.holding, live.side * more)


def _check_limit(venue: Venue, live: LiveOrder, changed: Order) -> None:
    """Refuse a post-only limit that would trade at once; an order in flight is checked on arrival.

    Raises:
        OrderRejected: The new limit would trade at once.
    """
    limit, has_arrived = changed.limit_price, live.state is not OrderState.PENDING and live.place != IN_FLIGHT
    if changed.post_only and has_arrived and limit is not None and limit != live.order.limit_price:
        entry.check_post_only(venue, live, price_units(limit))


def _on_arrival(venue: Venue, change: tuple[LiveOrder, Order]) -> None:
    """Replace an order's instruction, unless it ended or filled too far in the meantime."""
    live, changed = change
    lots = abs(entry.units_of(changed))
    if live.is_final or not entry.covers_fills(live, changed):
        return
    check_margin(venue, live, lots)
    _check_limit(venue, live, changed)
    was_held, standing = live.place, live.place not in (NOWHERE, IN_FLIGHT)
    if standing:
        book.remove(live.listing, live)
    if live.parent is not None:  # its size keeps following what its entry has filled
        live.whole = lots
        lots = live.filled + live.remaining
        changed = entry.sized(changed, lots or live.whole)
    elif live.state is not OrderState.PENDING and live.place != IN_FLIGHT:
        venue.count_working(live, lots - live.filled - live.remaining)
    live.remaining = lots - live.filled
    entry.apply_change(live, changed)
    venue.priorities += 1
    live.priority = (venue.numbers << CHANGE_BITS) + venue.priorities
    if isinstance(live, spreads.SpreadOrder):
        spreads.resize_legs(venue, live)
    if not live.remaining and live.parent is None:
        live.state = OrderState.FILLED
    venue.note_status(live, "modified")
    if standing and live.remaining:
        _rejoin(venue, live, was_held)
    if live.linked:
        contingencies.after_change(venue, live)


def _rejoin(venue: Venue, live: LiveOrder, place: int) -> None:
    live.joins = venue.now + 1 if venue.opened_at == venue.now else venue.now
    if place == HELD:
        hours.hold(venue, live.listing, live)
        return
    venue.place(live)
    scheduling.schedule(venue, live.listing)
