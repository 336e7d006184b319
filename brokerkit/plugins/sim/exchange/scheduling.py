"""When a listing must be looked at next: at the first instant at which any of its orders can act, and not before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange import margin_calls, matching
from brokerkit.plugins.sim.exchange.agenda import BAR_BODY, BAR_OPEN, RANKS
from brokerkit.plugins.sim.exchange.live_order import QUEUE
from brokerkit.spec.order import OrderType

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue

OPEN, BODY, LOOK = range(3)
"""What happens at a wake: the bar's open, the bar's body, or only another look ahead."""

NEVER = 1 << 62
MARKET = OrderType.MARKET
_NEAR = 4
"""How many bars are looked at first; four times as many each time that nothing was found."""

_RANK = (BAR_OPEN, BAR_BODY, BAR_BODY)


def schedule(venue: Venue, listing: Listing) -> None:
    """Put the listing's next instant on the agenda, unless it is there already.

    An instant that no longer holds stays on the agenda, and does nothing when it comes.
    """
    if listing is venue.trading or (listing.wake_time == venue.now and listing.wake_what != LOOK):
        return  # a bar that ends or opens at this instant is still to be traded; that looks ahead itself
    _put(venue, listing, _NEAR)


def _put(venue: Venue, listing: Listing, reach: int) -> None:
    listing.reach = reach
    time, what = _next(venue, listing)
    if time != listing.wake_time or what != listing.wake_what:
        listing.wake_time, listing.wake_what = time, what
        if time != NEVER:
            venue.agenda.put(time, _RANK[what], venue.wakers[what], listing)


def enqueue(venue: Venue, listing: Listing, live: LiveOrder) -> bool:
    """Let a market order take part in the next open, unless a bar is under way or there is none; return whether."""
    series, now = listing.series, venue.now
    if listing.trailing or (listing.wake_time == now and listing.wake_what == BODY) or not series.sync(now):
        return False
    start = series.starts[series.at]
    if start < live.joins or live.order.order_type is not MARKET:
        return False
    live.place = QUEUE
    listing.queue.append(live)
    if listing.wake_time != start or listing.wake_what != OPEN:
        listing.wake_time, listing.wake_what = start, OPEN
        venue.agenda.put(start, BAR_OPEN, venue.wakers[OPEN], listing)
    return True


def on_open(venue: Venue, listing: Listing) -> None:
    """Trade the open of a bar, and look ahead."""
    now = venue.now
    is_due = listing.wake_time == now and listing.wake_what == OPEN
    if is_due:
        listing.wake_time = NEVER
        venue.opened_at = now
        listing.series.sync(now)
        venue.trading = listing
        matching.match_open(venue, listing)
        venue.trading = None
    if venue.to_review:
        review_margins(venue, listing if is_due else None, BAR_OPEN)
    if is_due:
        schedule(venue, listing)


def on_body(venue: Venue, listing: Listing) -> None:
    """Trade the rest of a bar, look at the margin of who holds the contract, and look ahead."""
    now = venue.now
    is_due = listing.wake_time == now and listing.wake_what == BODY
    if is_due:
        listing.wake_time = NEVER
        listing.series.sync(now - 1)
        venue.trading = listing
        if listing.legs:
            matching.match_close(venue, listing)
        else:
            matching.match_body(venue, listing)
        venue.trading = None
        listing.series.sync(now)
        if listing.watched:
            margin_calls.note_holders(venue, listing)
    if venue.to_review:
        review_margins(venue, listing if is_due else None, BAR_BODY)
    if is_due:
        schedule(venue, listing)


def on_look(venue: Venue, listing: Listing) -> None:
    """Look ahead again: nothing could happen up to now."""
    if venue.to_review:
        review_margins(venue, None, BAR_BODY)
    if listing.wake_time == venue.now and listing.wake_what == LOOK:
        listing.wake_time = NEVER
        _put(venue, listing, listing.reach * 4)


def review_margins(venue: Venue, listing: Listing | None, rank: int) -> None:
    """Look at the margin of who traded, once the last contract that trades at this instant has done so.

    No call comes at an open, where what is held is still worth what the bar before closed at. The caller looks
    ahead itself at the listing that it names, if it names one.
    """
    moments = venue.agenda.moments
    if not moments or moments[0] != venue.now * RANKS + rank:
        margin_calls.review_due(venue, listing, calls=rank != BAR_OPEN)


def _next(venue: Venue, listing: Listing) -> tuple[int, int]:
    """Return the next instant at which an order of the listing can act, and what it is; `NEVER` for none."""
    series, down, up = listing.series, listing.down.prices, listing.up.prices
    eager = listing.queue or listing.waiting or listing.trailing
    if not (eager or down or up or listing.watched):
        return NEVER, LOOK
    now = venue.now
    if not series.sync(now):
        return NEVER, LOOK
    at = series.at
    start = series.starts[at]
    is_ahead = start >= now and listing.opened != start and venue.opened_at != start
    if is_ahead and eager:
        return start, OPEN
    low, high = down[-1] if down else -NEVER, -up[-1] if up else NEVER
    if listing.watched:
        low, high = max(low, listing.guard_low), min(high, listing.guard_high)
    if is_ahead:
        return _reaching(listing, at, low, high)
    if listing.trailing or series.lows[at] <= low or series.highs[at] >= high:
        return series.ends[at], BODY
    at += 1
    if at == len(series.starts):
        return series.ends[at - 1], LOOK
    return (series.starts[at], OPEN) if eager else _reaching(listing, at, low, high)


def _reaching(listing: Listing, at: int, low: int, high: int) -> tuple[int, int]:
    """Return when a bar from a place on first falls to `low` or rises to `high`, and whether at its open."""
    if low == -NEVER and high == NEVER:
        return NEVER, LOOK
    series = listing.series
    lows, highs = series.lows, series.highs
    size, stop = len(lows), at + listing.reach
    last = min(stop, size)
    while at < last and lows[at] > low and highs[at] < high:
        at += 1
    if at == last:
        if last == stop or listing.reach <= size:
            return series.ends[last - 1], LOOK
        return series.look_again(low, high), LOOK
    first = series.opens[at]
    if first <= low or first >= high:
        return series.starts[at], OPEN
    return series.ends[at], BODY
