"""Dropping orders that ended long ago, so that an endless run does not grow."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue


def forget_orders(venue: Venue, before: int) -> int:
    """Drop the orders that ended before an instant, with everything linked to them; return how many.

    The log must no longer contain them.
    """
    gone = [live for live in venue.orders.values() if _ended(live.parent or live, before)]
    for live in gone:
        del venue.orders[live.order_ref], venue.journal.lives[live.number]
    for key, group in list(venue.groups.items()):
        venue.groups[key] = standing = {live: None for live in group if not live.is_final}
        if not standing:
            del venue.groups[key]
    return len(gone)


def _ended(live: LiveOrder, before: int) -> bool:
    """Return whether an order and its exits had ended before an instant."""
    return live.is_final and live.updated < before and all(_ended(child, before) for child in live.children)
