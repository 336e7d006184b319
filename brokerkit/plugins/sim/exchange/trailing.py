"""Trailing stops: a trigger that follows the best price at a distance, and never moves back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange import book
from brokerkit.plugins.sim.exchange.units import PRICE_DECIMALS, price_units, whole

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder


def follow(listing: Listing, price: int) -> None:
    """Update every trailing stop of a listing with a price."""
    for live in listing.trailing:
        best = live.best
        if best is None or (price - best) * live.side < 0:
            live.best = price
            trigger = trigger_at(live, price)
            if live.trigger is None or (best is not None and (trigger - live.trigger) * live.side < 0):
                book.move_trigger(listing, live, trigger)


def trigger_at(live: LiveOrder, best: int) -> int:
    """Return the trigger for a best price: at its distance, rounded to the tick away from the price."""
    order, tick = live.order, live.listing.tick
    if order.trail_amount is not None:
        distance = price_units(order.trail_amount)
    else:
        percent = whole(order.trail_percent or Decimal(0), PRICE_DECIMALS)
        distance = -(-abs(best) * percent // (100 * 10**PRICE_DECIMALS))
    level = best + live.side * distance
    return -(-level // tick) * tick if live.side > 0 else level // tick * tick


def begin(live: LiveOrder, price: int | None) -> None:
    """Give a new trailing stop its first best price, and its first trigger unless its order gives one."""
    if price is None:
        return
    live.best = price
    if live.trigger is None:
        live.trigger = trigger_at(live, price)
