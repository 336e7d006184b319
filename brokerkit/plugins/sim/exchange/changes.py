"""Changes of an order's instruction: price, quantity, trigger."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange import book, contingencies, entry, hours, scheduling
from brokerkit.plugins.sim.exchange.agenda import ARRIVAL
from brokerkit.plugins.sim.exchange.faults import Occasion
from brokerkit.plugins.sim.exchange.live_order import CHANGES_BETWEEN_ORDERS, HELD, IN_FLIGHT, NOWHERE, LiveOrder
from brokerkit.spec.broker_order import OrderState

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.venue import Venue
    from brokerkit.spec.order import Order


def modify(venue: Venue, live: LiveOrder, changed: Order) -> None:
    """Ask for an order to be replaced by a changed instruction; it holds once the request has arrived."""
    entry.check_change(venue, live, changed)
    if venue.channel is not None and venue.channel.strikes(Occasion.MODIFY, live.number):
        return
    delay = venue.models.latency.modify_delay(venue.random)
    if delay:
        venue.agenda.put(venue.now + delay, ARRIVAL, partial(_on_arrival, venue), (live, changed))
    else:
        _on_arrival(venue, (live, changed))


def _on_arrival(venue: Venue, change: tuple[LiveOrder, Order]) -> None:
    """Replace an order's instruction, unless it ended or filled too far meanwhile."""
    live, changed = change
    lots = abs(entry.units_of(changed))
    if live.is_final or lots < live.filled:
        return
    was_held, standing = live.place, live.place not in (NOWHERE, IN_FLIGHT)
    if standing:
        book.remove(live.listing, live)
    if live.parent is not None:  # its size goes on to follow what its entry has filled
        live.whole = lots
        lots = live.filled + live.remaining
        changed = entry.sized(changed, lots or live.whole)
    elif live.state is not OrderState.PENDING:
        venue.count_working(live, lots - live.filled - live.remaining)
    live.remaining = lots - live.filled
    entry.take_terms(live, changed)
    venue.priorities += 1
    live.priority = venue.numbers * CHANGES_BETWEEN_ORDERS + venue.priorities
    if not live.remaining and live.parent is None:
        live.state = OrderState.FILLED
    venue.note_status(live, "modified")
    if standing and live.remaining:
        _rejoin(venue, live, was_held)
    if live.linked:
        contingencies.after_change(venue, live)


def _rejoin(venue: Venue, live: LiveOrder, place: int) -> None:
    if place == HELD:
        hours.hold(venue, live.listing, live)
        return
    live.joins = venue.now + 1 if venue.opened_at == venue.now else venue.now
    venue.place(live)
    scheduling.schedule(venue, live.listing)
