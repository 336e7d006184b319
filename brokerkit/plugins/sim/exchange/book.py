"""Inserting an order into its place in the book of its listing, and removing it."""

from __future__ import annotations

from brokerkit.plugins.sim.exchange.listing import Listing
from brokerkit.plugins.sim.exchange.live_order import DOWN, HELD, NOWHERE, QUEUE, UNPRICED, UP, WAITING, LiveOrder
from brokerkit.spec.order import OrderType, TimeInForce

TRAILING_STOP = OrderType.TRAILING_STOP
_TOUCH = (OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)
_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK, TimeInForce.AT_OPEN)


def insert(listing: Listing, live: LiveOrder, limit_gap: int) -> None:
    """Put an order into the place where it can act from now on.

    Args:
        listing: The listing that it trades on.
        live: The order.
        limit_gap: How far the price must pass a limit before it fills, in units.
    """
    if live.is_plain and live.limit is not None:
        insert_limit(listing, live, limit_gap)
        return
    if _is_unpriced(live):
        live.place = UNPRICED
        listing.trailing.append(live)
        return
    if acts_at_an_open(live):
        live.place = QUEUE
        listing.queue.append(live)
        return
    if live.trigger is None:
        insert_limit(listing, live, limit_gap)
        return
    touched = live.order.order_type in _TOUCH
    _insert_level(listing, live, live.trigger, down=(live.side > 0) is touched)
    if live.order.order_type is TRAILING_STOP and live not in listing.trailing:
        listing.trailing.append(live)


def _is_unpriced(live: LiveOrder) -> bool:
    return live.order.order_type is TRAILING_STOP and live.trigger is None and live.best is None


def acts_at_an_open(live: LiveOrder) -> bool:
    """Return whether an order trades at the next open only, whatever its price, and not inside a bar."""
    if live.trigger is not None or (live.limit is not None and live.order.time_in_force not in _AT_ONCE):
        return False
    return not _is_unpriced(live)


def insert_limit(listing: Listing, live: LiveOrder, limit_gap: int) -> None:
    """Insert a limit order, or an order that became one, at its level."""
    limit = live.limit
    assert limit is not None
    if live.side > 0:
        live.place = DOWN
        listing.down.insert(limit - limit_gap, live)
    else:
        live.place = UP
        listing.up.insert(-limit - limit_gap, live)


def _insert_level(listing: Listing, live: LiveOrder, level: int, *, down: bool) -> None:
    if down:
        live.place = DOWN
        listing.down.insert(level, live)
    else:
        live.place = UP
        listing.up.insert(-level, live)


def remove(listing: Listing, live: LiveOrder) -> None:
    """Remove an order from its place in the book."""
    place, live.place = live.place, NOWHERE
    if place == DOWN:
        listing.down.remove(live)
    elif place == UP:
        listing.up.remove(live)
    elif place == QUEUE:
        if live in listing.queue:  # while an open trades its queue, the order is no longer in it
            listing.queue.remove(live)
    elif place == WAITING:
        listing.waiting.remove(live)
    elif place == HELD:
        listing.held.remove(live)
    if listing.trailing and live in listing.trailing:
        listing.trailing.remove(live)


def move_trigger(listing: Listing, live: LiveOrder, trigger: int) -> None:
    """Set a new trigger for a trailing stop; its priority at one level is by its number, as before."""
    if live.place != UNPRICED:
        (listing.down if live.side < 0 else listing.up).remove(live)
    live.trigger = trigger
    _insert_level(listing, live, trigger, down=live.side < 0)
