"""The rules by which orders trade on bars. docs/sim.md states each of them, with an example."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange import book, contingencies, trailing
from brokerkit.plugins.sim.exchange.live_order import NOWHERE, QUEUE, LiveOrder
from brokerkit.spec.order import OrderType, TimeInForce

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.levels import Levels
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.venue import Venue

IOC, FOK, AT_OPEN = TimeInForce.IOC, TimeInForce.FOK, TimeInForce.AT_OPEN
MARKET = OrderType.MARKET


class IntrabarPath(enum.Enum):
    """The order in which a bar visits its high and its low, between its open and its close."""

    NEAREST_FIRST = "nearest-first"
    HIGH_FIRST = "high-first"
    LOW_FIRST = "low-first"


def match_open(venue: Venue, listing: Listing) -> None:
    """Trade at the open of the bar that starts now: first the queue, then the levels that the open has passed."""
    series = listing.series
    at = series.at
    price = series.opens[at]
    start_bar(venue, listing)
    listing.opened = series.starts[at]
    listing.mark = price
    if not at and series.last is None:
        venue.revalue()  # the contract's first price ever
    late = join_waiting(venue, listing) if listing.waiting else []
    if listing.trailing:
        trailing.follow(listing, price)
    if listing.queue or late:
        _match_queue(venue, listing, price, late)
    if listing.down.prices:
        _walk_down(venue, listing, price, price)
        if not listing.left:
            _trigger_reached(venue, listing, listing.down, price)
    if listing.up.prices:
        _walk_up(venue, listing, price, price)
    if not listing.left:
        _trigger_only(venue, listing, price)


def start_bar(venue: Venue, listing: Listing) -> None:
    """Start a bar: make its volume available, once."""
    series = listing.series
    start = series.starts[series.at]
    if listing.left_for != start:
        listing.left_for = start
        listing.left = venue.volume_cap.lots(series.volumes[series.at])


def join_waiting(venue: Venue, listing: Listing) -> list[LiveOrder]:
    """Insert orders that arrived during the previous bar; return those that must queue for the next open.

    The latter arrived at this instant, while its opens were being traded.
    """
    start = listing.series.starts[listing.series.at]
    staying, late = [], []
    for live in listing.waiting:
        if live.joins <= start:
            live.ahead = venue.models.queue_ahead
            book.insert(listing, live, listing.limit_gap)
        elif book.acts_at_an_open(live):
            live.place = QUEUE
            late.append(live)
        else:
            staying.append(live)
    listing.waiting = staying
    return late


def match_body(venue: Venue, listing: Listing) -> None:
    """Trade along the path of the bar that ends now: from its open to one extreme, to the other, to its close."""
    series = listing.series
    at = series.at
    start_bar(venue, listing)
    price, high, low, close = series.opens[at], series.highs[at], series.lows[at], series.closes[at]
    listing.mark = close
    if _fill_single_limit(venue, listing, price, low, high):
        return
    high_first = _high_first(venue.path, price, high, low)
    for target in (high, low, close) if high_first else (low, high, close):
        listing.mark = price
        _walk(venue, listing, price, target)
        price = target
    listing.mark = close


def _fill_single_limit(venue: Venue, listing: Listing, price: int, low: int, high: int) -> bool:
    """If all that a bar reaches is one plain limit order, fill it; return whether it did.

    The path inside the bar then makes no difference.
    """
    down, up = listing.down, listing.up
    if down.prices and down.prices[-1] >= low:
        side, beyond = down, low
        if up.prices and up.prices[-1] >= -high:
            return False
    elif up.prices and up.prices[-1] >= -high:
        side, beyond = up, -high
    else:
        return False
    prices = side.prices
    at_level = side.orders[prices[-1]]
    live = at_level[0]
    limit, lots = live.limit, live.remaining
    if limit is None or not live.is_plain or live.ahead or lots > listing.left or (price - limit) * live.side <= 0:
        return False
    if len(at_level) > 1 or (len(prices) > 1 and prices[-2] >= beyond) or listing.trailing:
        return False
    del side.orders[prices.pop()]
    live.place = NOWHERE
    venue.fill(live, lots, limit)
    return True


def match_close(venue: Venue, listing: Listing) -> None:
    """Trade a spread at its legs' closes: it has no price between opens and closes."""
    start_bar(venue, listing)
    close = listing.series.closes[listing.series.at]
    listing.mark = close
    if listing.trailing:
        trailing.follow(listing, close)
    _walk_down(venue, listing, close, close)
    _walk_up(venue, listing, close, close)
    if not listing.left:
        _trigger_only(venue, listing, close)


def _high_first(path: IntrabarPath, price: int, high: int, low: int) -> bool:
    if path is IntrabarPath.NEAREST_FIRST:
        return high - price <= price - low
    return path is IntrabarPath.HIGH_FIRST


def _walk(venue: Venue, listing: Listing, price: int, target: int) -> None:
    """Visit the levels between a price and a target in the order in which the price reaches them."""
    if target < price:
        _walk_down(venue, listing, price, target)
    else:
        _walk_up(venue, listing, price, target)
    if listing.trailing:
        trailing.follow(listing, target)
    if not listing.left:
        _trigger_only(venue, listing, target)


def _walk_down(venue: Venue, listing: Listing, price: int, target: int) -> None:
    """Trigger or fill what a fall reaches. An exit that starts meanwhile acts at the current price, on either side."""
    down, up, start = listing.down.prices, listing.up.prices, price
    while down and (level := down[-1]) >= target:
        if level < price:
            listing.mark = price = level
        live = listing.down.first()
        if live.trigger is not None:
            _trigger(venue, listing, live, price)
        elif not listing.left or not _fill_limit(venue, listing, live, _origin(listing, live, price, start), target):
            break
        if up and -up[-1] <= price and not (down and down[-1] >= price):
            _walk_up(venue, listing, price, price)


def _walk_up(venue: Venue, listing: Listing, price: int, target: int) -> None:
    """Trigger or fill what a rise reaches."""
    down, up, start = listing.down.prices, listing.up.prices, price
    while up and (level := -up[-1]) <= target:
        if level > price:
            listing.mark = price = level
        live = listing.up.first()
        if live.trigger is not None:
            _trigger(venue, listing, live, price)
        elif not listing.left or not _fill_limit(venue, listing, live, _origin(listing, live, price, start), target):
            break
        if down and down[-1] >= price and not (up and -up[-1] <= price):
            _walk_down(venue, listing, price, price)


def _origin(listing: Listing, live: LiveOrder, price: int, start: int) -> int:
    """Return the price from which a limit was reached: an exit that starts at the current price acts at that price."""
    began_here = live.began_at == price and live.joins == listing.left_for
    return start if live.level * live.side == price and not began_here else price


def _fill_limit(venue: Venue, listing: Listing, live: LiveOrder, price: int, target: int) -> bool:
    """Fill a limit order as far as the volume allows; return whether it left the book."""
    limit = live.limit
    if limit is None:
        return False
    if live.ahead and not _clear_queue_ahead(listing, live, limit, target):
        return False
    if (price - limit) * live.side > 0:
        price = limit
    lots = venue.fillable(live, listing.left)
    if not lots:
        venue.end(live, contingencies.NOTHING_LEFT)
        return True
    if lots == live.remaining:
        book.remove(listing, live)
    venue.fill(live, lots, price)
    return live.remaining == 0 or live.is_final


def _clear_queue_ahead(listing: Listing, live: LiveOrder, limit: int, target: int) -> bool:
    """Fill the lots ahead in the queue with what trades at the limit; return whether the order is next."""
    if target == limit:
        served = min(live.ahead, listing.left)
        live.ahead -= served
        listing.left -= served
        return live.ahead == 0 and listing.left > 0
    live.ahead = 0
    return True


def _trigger(venue: Venue, listing: Listing, live: LiveOrder, price: int) -> None:
    """Turn a triggered order into the market or limit order that it becomes."""
    book.remove(listing, live)
    live.trigger = None
    if venue.unlogged is not None:
        venue.unlogged[live.number] = live
    if live.limit is None:
        take(venue, listing, live, price)
    elif (price - live.limit) * live.side <= 0 and listing.left:
        _take_limit(venue, listing, live, price)
    else:
        book.insert_limit(listing, live, listing.limit_gap)


def _take_limit(venue: Venue, listing: Listing, live: LiveOrder, price: int) -> None:
    lots = venue.fillable(live, listing.left)
    if lots:
        venue.fill(live, lots, price)
    else:
        venue.end(live, contingencies.NOTHING_LEFT)
    if live.remaining and not live.is_final:
        book.insert_limit(listing, live, listing.limit_gap)


def take(venue: Venue, listing: Listing, live: LiveOrder, price: int) -> None:
    """Trade an order at the market price, with slippage, as far as volume allows; the rest waits for the next open."""
    lots = venue.fillable(live, listing.left)
    if lots:
        venue.fill(live, lots, slipped(listing, live, lots, price))
    elif listing.left:
        venue.end(live, contingencies.NOTHING_LEFT)
    if live.remaining and not live.is_final:
        book.insert(listing, live, 0)


def slipped(listing: Listing, live: LiveOrder, lots: int, price: int) -> int:
    """Return the price after slippage, kept within the bar's range."""
    slip = listing.slip
    if slip is None:
        return price
    series = listing.series
    at = series.at
    moved = slip(price, lots * live.side, series.volumes[at] or 0)
    return min(max(moved, series.lows[at]), series.highs[at])


def _match_queue(venue: Venue, listing: Listing, price: int, late: list[LiveOrder]) -> None:
    """Trade the queue at an open; what is left queues for the next one, behind the orders that came too late."""
    queue, listing.queue = listing.queue, late
    for live in queue:
        if live.place != QUEUE:
            continue  # the fill of another order in this queue ended it
        live.place = NOWHERE
        if live.is_plain:
            left = listing.left
            lots = live.remaining if live.remaining <= left else left
            if lots:
                venue.fill(live, lots, price if listing.slip is None else slipped(listing, live, lots, price))
            if live.remaining:
                book.insert(listing, live, 0)
        elif live.order.time_in_force in _AT_ONCE:
            _match_at_once(venue, listing, live, price)
        else:
            take(venue, listing, live, price)


_AT_ONCE = (IOC, FOK, AT_OPEN)


def _match_at_once(venue: Venue, listing: Listing, live: LiveOrder, price: int) -> None:
    """Fill what can be filled at this instant, or all or nothing, and end the rest."""
    limit = live.limit
    marketable = limit is None or (price - limit) * live.side <= 0
    lots = venue.fillable(live, listing.left) if marketable else 0
    if live.order.time_in_force is FOK and lots < live.remaining:
        lots = 0
    if lots:
        paid = price if limit is not None else slipped(listing, live, lots, price)
        venue.fill(live, lots, paid)
    if live.remaining and not live.is_final:
        venue.end(live, "not filled at once" if live.order.time_in_force is not AT_OPEN else "not filled at the open")


def _trigger_only(venue: Venue, listing: Listing, price: int) -> None:
    """With the bar's volume used up, turn triggered orders into orders for the next bar.

    They queue for it in the order in which the price reached them.
    """
    _trigger_reached(venue, listing, listing.down, price)
    _trigger_reached(venue, listing, listing.up, price)


def _trigger_reached(venue: Venue, listing: Listing, side: Levels, price: int) -> None:
    level = price if side is listing.down else -price
    passed = [one for one in side.reached(level) if one.trigger is not None]
    for live in sorted(passed, key=_reached_first):
        if not live.is_final:
            _trigger(venue, listing, live, price)


def _reached_first(live: LiveOrder) -> tuple[int, int]:
    return -live.level, live.priority
