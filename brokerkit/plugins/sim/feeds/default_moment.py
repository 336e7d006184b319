"""A sensible moment for a simulation on files to start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs

from brokerkit.plugins.sim.feeds.bars import DAY, SECOND
from brokerkit.plugins.sim.feeds.hours import MarketHours, market_hours

Span = tuple[int, int]

BEFORE_THE_END = 60 * DAY
_HOUR = 3600 * SECOND
_HOURS_TRIED = 7 * 24
_USUAL = 15 * _HOUR


def sensible_start(spans: Sequence[Span], hours: Iterable[MarketHours]) -> int:
    """Return a moment with enough history before it, data to trade on after it, and markets open.

    It is 60 days before the first end of data in the last stretch of time that most of the series
    cover, or in the middle of a stretch shorter than twice that; then at the first full hour of the
    next seven days at which the most markets are open for an hour, 15:00 UTC if that is one. Holidays
    are ignored: reading calendars takes long, and an order waits for the next day.

    Args:
        spans: The first and the last moment of each series, nanoseconds UTC; at least one.
        hours: The hours of the series' markets, one for each series.
    """
    first, last = _busiest(spans)
    markets = Counter(attrs.evolve(one.market, calendar="") for one in hours)
    moment = last - min(BEFORE_THE_END, (last - first) // 2)
    return _when_open(moment, {market_hours(market): count for market, count in markets.items()})


def _busiest(spans: Sequence[Span]) -> Span:
    """Return the last stretch of time that most spans cover."""
    changes = sorted([(first, 1) for first, _ in spans] + [(last, -1) for _, last in spans])
    running, most, found = 0, 0, spans[0]
    for (moment, change), following in zip(changes, [*changes[1:], changes[-1]], strict=True):
        running += change
        if running >= most and following[0] > moment:
            most, found = running, (moment, following[0])
    return found


def _when_open(moment: int, markets: Mapping[MarketHours, int]) -> int:
    start = -(-moment // _HOUR) * _HOUR
    tried = [start + n * _HOUR for n in range(_HOURS_TRIED)]
    return max(tried, key=lambda hour: (_open_count(hour, markets), hour % DAY == _USUAL, -hour))


def _open_count(hour: int, markets: Mapping[MarketHours, int]) -> int:
    """Return how many series trade for a full hour from a moment on."""
    found = 0
    for market, count in markets.items():
        session = market.current_or_next(hour)
        if session is not None and session[0] <= hour and session[1] >= hour + _HOUR:
            found += count
    return found
