"""What can happen to a new order or a cancel in flight from the client to the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from brokerkit.errors import OrderCannotBeCancelled, OrderRejected
from brokerkit.plugins.sim.exchange import client_view, contingencies, margin_calls
from brokerkit.plugins.sim.exchange.channel import Channel
from brokerkit.plugins.sim.exchange.faults import (
    CancelFillRace,
    Disconnect,
    LateFill,
    LostCancel,
    LostOrder,
    LostStatuses,
    Occasion,
    RefusedCancel,
    Rejection,
)
from brokerkit.plugins.sim.exchange.live_order import HELD, IN_FLIGHT, NOWHERE
from brokerkit.plugins.sim.exchange.units import duration

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue


def is_lost(venue: Venue, channel: Channel, live: LiveOrder) -> bool:
    """Return whether a fault keeps the order from arriving."""
    for one in (live, *live.children):
        one.view = client_view.first(one)
    venue.submit_faults = channel.faults_on(Occasion.SUBMIT, live.number)
    lost = [one for one in venue.submit_faults if isinstance(one, LostOrder)]
    if lost:
        venue.numbers += len(live.children)
        channel.mark_unknown_later(live, duration(lost[0].patience))
    return bool(lost)


def apply_faults(venue: Venue, channel: Channel, live: LiveOrder) -> None:
    """Apply the faults that occur on a new order.

    Raises:
        OrderRejected: One of them rejects it.
    """
    for one in venue.submit_faults:
        if isinstance(one, Rejection):
            venue.reject(live, one.reason)
            raise OrderRejected(f"Order #{live.number} was rejected: {one.reason}.", broker_message=one.reason)
        if isinstance(one, LostStatuses):
            channel.suppress_statuses(live, duration(one.patience))
        if isinstance(one, Disconnect):
            channel.disconnect(f"the line broke while #{live.number} was sent", duration(one.lasts))


class CancelFaults(NamedTuple):
    """What happened to a cancel in flight."""

    is_lost: bool
    delay: int
    late_fill: bool


def faults_on_cancel(channel: Channel, live: LiveOrder) -> CancelFaults:
    """Return what happens to an order's cancel in flight.

    Raises:
        OrderCannotBeCancelled: The exchange refuses it.
    """
    faults = channel.faults_on(Occasion.CANCEL, live.number)
    is_lost = any(isinstance(one, LostCancel) for one in faults)
    if not is_lost and any(isinstance(one, RefusedCancel) for one in faults):
        raise OrderCannotBeCancelled(
            f"The exchange refused to cancel order #{live.number}.", remedy="It is still working; try again."
        )
    delay = sum(duration(one.delay) for one in faults if isinstance(one, CancelFillRace))
    return CancelFaults(is_lost, delay, any(isinstance(one, LateFill) for one in faults))


def late_fill_price(venue: Venue, live: LiveOrder) -> int | None:
    """Return the price of a fill at the instant of an order's cancel; None if the order is not in the market."""
    if live.place in (NOWHERE, IN_FLIGHT, HELD) or live.listing.legs or not venue.fillable(live, 1):
        return None
    return live.listing.last_price(venue.now)


def fill_late(venue: Venue, live: LiveOrder, price: int) -> None:
    """Fill one lot of an order that was just cancelled, without a margin call."""
    account, was_due = live.account, live.account.is_due
    account.is_due = True
    venue.execute(live, 1, live.side, price, late=True)
    account.is_due = was_due
    if live.linked:
        contingencies.after_fill(venue, live)
    margin_calls.review(venue, account, None, calls=False)
