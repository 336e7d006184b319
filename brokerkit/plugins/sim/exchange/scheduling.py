"""When to process a listing next: at the first instant at which any of its orders can act, and not before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange import book, margin_calls, matching
from brokerkit.plugins.sim.exchange.agenda import BAR_BODY, BAR_OPEN
from brokerkit.plugins.sim.exchange.live_order import DOWN, QUEUE, UNPRICED, UP, WAITING

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue

OPEN, BODY, LOOK = range(3)
"""What a wake-up is for: the bar's open, the bar's body, or only another look ahead."""

NEVER = 1 << 62
_NEAR = 4
"""How many bars to look ahead at first; four times as many each time that nothing was found."""

_RANK = (BAR_OPEN, BAR_BODY, BAR_BODY)


def schedule(venue: Venue, listing: Listing, reach: int | None = None) -> None:
    """Put the listing's next instant on the agenda, unless it is already there.

    An obsolete instant stays on the agenda, and does nothing when it comes.

    Args:
        venue: The exchange.
        listing: The listing.
        reach: The most bars to look ahead; a few where it is not given.
    """
    before, before_what = listing.wake_time, listing.wake_what
    if listing is venue.trading or (before == venue.now and before_what != LOOK):
        return  # a bar that ends or opens now is still to be traded, and then looks ahead itself
    listing.reach = _NEAR if reach is None else reach
    time, what = _next(venue, listing)
    if time == before and what == before_what:
        return
    listing.wake_time, listing.wake_what = time, what
    if what == LOOK:
        if time == NEVER or time == listing.look_due:
            return  # otherwise an order on each bar would leave a look for each, all at the window's end
        listing.look_due = time
    venue.agenda.put(time, _RANK[what], venue.wakers[what], listing)


def enqueue(venue: Venue, listing: Listing, live: LiveOrder) -> bool:
    """Queue a market order for the next open, unless a bar is under way or there is none; return whether it did."""
    series, now = listing.series, venue.now
    if listing.trailing or (listing.wake_time == now and listing.wake_what == BODY):
        return False
    if series.until <= now and not series.sync(now):
        return False
    start = series.starts[series.at]
    if start < live.joins:
        return False
    live.place = QUEUE
    listing.queue.append(live)
    if listing.wake_time != start or listing.wake_what != OPEN:
        listing.wake_time, listing.wake_what = start, OPEN
        venue.agenda.put(start, BAR_OPEN, venue.wakers[OPEN], listing)
    return True


def enter_limit(venue: Venue, listing: Listing, live: LiveOrder) -> bool:
    """Insert a plain limit order into the book, unless a bar is under way or there is none; return whether it was.

    If the next bar reaches it, no other bar has to be examined.
    """
    series, now = listing.series, venue.now
    if listing.trailing or (listing.wake_time == now and listing.wake_what == BODY):
        return False
    if series.until <= now and not series.sync(now):
        return False
    at = series.at
    start = series.starts[at]
    if start < live.joins:
        return False
    live.ahead = venue.queue_ahead
    book.insert_limit(listing, live, listing.limit_gap)
    first, level = series.opens[at], live.level
    if live.side > 0:
        at_the_open, within = first <= level, series.lows[at] <= level
    else:
        at_the_open, within = -first <= level, -series.highs[at] <= level
    if not within:
        schedule(venue, listing)
        return True
    time, what = (start, OPEN) if at_the_open else (series.ends[at], BODY)
    before, before_what = listing.wake_time, listing.wake_what
    if before_what == LOOK or before > time or (before == time and before_what != what):
        listing.wake_time, listing.wake_what = time, what
        venue.agenda.put(time, _RANK[what], venue.wakers[what], listing)
    return True


def opens_now(venue: Venue, listing: Listing) -> bool:
    """Return whether a bar opens at this instant and its open has yet to be traded."""
    return listing.wake_time == venue.now and listing.wake_what == OPEN


def on_open(venue: Venue, listing: Listing) -> None:
    """Trade the open of a bar, and look ahead."""
    now = venue.now
    is_due = listing.wake_time == now and listing.wake_what == OPEN
    if is_due:
        listing.wake_time = NEVER
        venue.opened_at = now
        if listing.series.until <= now:
            listing.series.sync(now)
        venue.trading = listing
        matching.match_open(venue, listing)
        venue.trading = None
    if venue.to_review:
        margin_calls.review_due(venue, listing if is_due else None, BAR_OPEN)
    if is_due:
        schedule(venue, listing)


def on_body(venue: Venue, listing: Listing) -> None:
    """Trade the rest of a bar, check the margin of accounts that hold the contract, and look ahead."""
    now = venue.now
    is_due = listing.wake_time == now and listing.wake_what == BODY
    if is_due:
        listing.wake_time = NEVER
        if listing.series.until < now:
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
        margin_calls.review_due(venue, listing if is_due else None, BAR_BODY)
    if is_due:
        schedule(venue, listing)


def defer_late_orders(venue: Venue, listing: Listing) -> None:
    """Make orders that arrived during a bar wait for the next one: the bar was only given after they arrived."""
    series, now = listing.series, venue.now
    ends_now = due_now(venue, listing) == BODY
    if not series.sync(now - 1 if ends_now else now):
        return
    start = series.starts[series.at]
    if start > now or (start == now and venue.opened_at != now):  # none arrived after its open
        return
    for live in listing.all_orders():
        if live.joins > start and live.place in (DOWN, UP, UNPRICED):
            book.remove(listing, live)
            live.place = WAITING
            listing.waiting.append(live)


def due_now(venue: Venue, listing: Listing) -> int | None:
    """Return what is still due for a listing at this instant; None if nothing is."""
    return listing.wake_what if listing.wake_time == venue.now else None


def resume(venue: Venue, listing: Listing, what: int | None) -> None:
    """Resume what was due when the exchange was stopped, on the bars given so far."""
    if what is not None and what in (OPEN, BODY):
        listing.wake_time, listing.wake_what = venue.now, what
        venue.agenda.put(venue.now, _RANK[what], partial(_on_resumed, venue), listing)


def _on_resumed(venue: Venue, listing: Listing) -> None:
    series, now, what = listing.series, venue.now, listing.wake_what
    if what == OPEN:
        is_there = series.sync(now) and series.starts[series.at] == now
    else:
        is_there = series.sync(now - 1) and series.until == now
    if is_there:
        venue.wakers[what](listing)
    else:
        listing.wake_time = NEVER
        schedule(venue, listing)


def on_look(venue: Venue, listing: Listing) -> None:
    """Look ahead again: nothing could happen up to now."""
    if venue.to_review:
        margin_calls.review_due(venue, None, BAR_BODY)
    if listing.wake_time == venue.now and listing.wake_what == LOOK:
        listing.wake_time = NEVER
        schedule(venue, listing, listing.reach * 4)


def _next(venue: Venue, listing: Listing) -> tuple[int, int]:
    """Return the next instant at which an order of the listing can act, and what for; `NEVER` if there is none."""
    down, up = listing.down.prices, listing.up.prices
    eager = listing.queue or listing.waiting or listing.trailing
    if listing.watched:
        low, high = listing.guard_low, listing.guard_high
    elif eager or down or up:
        low, high = -NEVER, NEVER
    else:
        return NEVER, LOOK
    if down and down[-1] > low:
        low = down[-1]
    if up and -up[-1] < high:
        high = -up[-1]
    series, now = listing.series, venue.now
    if series.until <= now and not series.sync(now):
        return NEVER, LOOK
    at = series.at
    start = series.starts[at]
    if start >= now and listing.opened != start and venue.opened_at != start:  # the bar has not opened yet
        return (start, OPEN) if eager else _reaching(listing, at, low, high)
    if listing.trailing or series.lows[at] <= low or series.highs[at] >= high:
        return series.until, BODY
    at += 1
    if at == len(series.starts):
        return series.until, LOOK
    return (series.starts[at], OPEN) if eager else _reaching(listing, at, low, high)


def _reaching(listing: Listing, at: int, low: int, high: int) -> tuple[int, int]:
    """Return when a bar, from index `at` on, first falls to `low` or rises to `high`, and whether at its open."""
    series = listing.series
    lows, highs = series.lows, series.highs
    if lows[at] > low and highs[at] < high:
        if series.lowest > low and series.highest < high:  # no bar of the window reaches that far
            return _after_the_window(listing, low, high)
        size, stop = len(lows), at + listing.reach
        last = stop if stop < size else size
        at += 1
        while at < last and lows[at] > low and highs[at] < high:
            at += 1
        if at == last:
            return _after_the_window(listing, low, high) if last < stop else (series.ends[last - 1], LOOK)
    first = series.opens[at]
    if first <= low or first >= high:
        return series.starts[at], OPEN
    return series.ends[at], BODY


def _after_the_window(listing: Listing, low: int, high: int) -> tuple[int, int]:
    """Return when to look again if nothing happens in the loaded bars: the first time, at their end."""
    if low == -NEVER and high == NEVER:
        return NEVER, LOOK
    series = listing.series
    return (series.ends[-1] if listing.reach == _NEAR else series.look_again(low, high)), LOOK
