"""When a listing must be looked at next: at the first instant at which any of its orders can act, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange import margin_calls, matching
from brokerkit.plugins.sim.exchange.agenda import BAR_BODY, BAR_OPEN

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.venue import Venue

OPEN, BODY, LOOK = range(3)
"""What happens at a wake: the bar's open, the bar's body, or only another look ahead."""

NEVER = 1 << 62
Wake = tuple[int, int, "Listing"]


def schedule(venue: Venue, listing: Listing) -> None:
    """Put the listing's next instant on the agenda, unless it is there already."""
    standing = listing.wake
    if standing is not None and standing[0] == venue.now and standing[1] == BODY:
        return  # the bar that ends at this instant is still to be traded; that looks ahead itself
    found = _next(venue, listing)
    if found is None:
        listing.wake = None
    elif standing is None or standing[0] != found[0] or standing[1] != found[1]:
        listing.wake = wake = (found[0], found[1], listing)
        venue.agenda.put(found[0], BAR_OPEN if found[1] == OPEN else BAR_BODY, venue.on_wake, wake)


def on_wake(venue: Venue, wake: Wake) -> None:
    """Do what is due for a listing, and look ahead."""
    _, what, listing = wake
    if listing.wake is not wake:
        return
    listing.wake = None
    if what == OPEN:
        venue.opened_at = venue.now
        listing.series.sync(venue.now)
        matching.match_open(venue, listing)
    elif what == BODY:
        listing.series.sync(venue.now - 1)
        if listing.legs:
            matching.match_close(venue, listing)
        else:
            matching.match_body(venue, listing)
        if listing.watched:
            margin_calls.review_holders(venue, listing)
    if venue.traded:
        margin_calls.review_due(venue)
    schedule(venue, listing)


def _next(venue: Venue, listing: Listing) -> tuple[int, int] | None:
    series = listing.series
    down, up = listing.down, listing.up
    if not (listing.queue or down or up or listing.waiting or listing.trailing or listing.watched):
        return None
    if not series.sync(venue.now):
        return None
    at, now = series.at, venue.now
    start = series.starts[at]
    low = down[-1][0] if down else -NEVER
    high = -up[-1][0] if up else NEVER
    if listing.watched:
        low, high = max(low, listing.guard_low), min(high, listing.guard_high)
    eager = listing.queue or listing.waiting
    if start < now or listing.opened == start or venue.opened_at == start:
        if listing.trailing or series.lows[at] <= low or series.highs[at] >= high:
            return series.ends[at], BODY
        at += 1
        if at == len(series.starts):
            return series.ends[at - 1], LOOK
    if eager or listing.trailing:
        return series.starts[at], OPEN
    known = listing.reached
    if known is None or known[0] != low or known[1] != high or known[2][0] <= now:
        found = _reaching(listing, at, low, high)
        listing.reached = known = None if found is None else (low, high, found)
    return None if known is None else known[2]


def _reaching(listing: Listing, at: int, low: int, high: int) -> tuple[int, int] | None:
    series = listing.series
    if low == -NEVER and high == NEVER:
        return None
    found = series.first_reaching(at, low, high)
    if found == len(series.starts):
        return series.look_again(low, high), LOOK
    if series.opens[found] <= low or series.opens[found] >= high:
        return series.starts[found], OPEN
    return series.ends[found], BODY
