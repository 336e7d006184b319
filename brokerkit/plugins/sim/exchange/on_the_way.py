"""What can happen to a new order between the client and the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.errors import OrderRejected
from brokerkit.plugins.sim.exchange import client_view
from brokerkit.plugins.sim.exchange.channel import Channel
from brokerkit.plugins.sim.exchange.faults import Disconnect, LostOrder, Occasion, Rejection
from brokerkit.plugins.sim.exchange.units import duration

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue


def is_lost(venue: Venue, channel: Channel, live: LiveOrder) -> bool:
    """Return whether a fault keeps the order from arriving at all."""
    for one in (live, *live.children):
        one.view = client_view.first(one)
    venue.striking = channel.strikes(Occasion.SUBMIT, live.number)
    lost = [one for one in venue.striking if isinstance(one, LostOrder)]
    if lost:
        venue.numbers += len(live.children)
        channel.wonder_later(live, duration(lost[0].patience))
    return bool(lost)


def meet(venue: Venue, channel: Channel, live: LiveOrder) -> None:
    """Let the faults strike that strike on a new order.

    Raises:
        OrderRejected: One of them rejects it.
    """
    for one in venue.striking:
        if isinstance(one, Rejection):
            venue.reject(live, one.reason)
            raise OrderRejected(f"Order #{live.number} was rejected: {one.reason}.", broker_message=one.reason)
        if isinstance(one, Disconnect):
            channel.disconnect(f"the line broke while #{live.number} was sent", duration(one.lasts))
