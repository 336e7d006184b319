"""Historical bars from a feed; the last one is the current bar, built from what has traded so far."""

from __future__ import annotations

from collections import OrderedDict
from datetime import date

import attrs
import numpy as np

from brokerkit.plugins.sim.exchange.units import DAY, SECOND
from brokerkit.plugins.sim.feeds import Bars as FeedBars
from brokerkit.plugins.sim.feeds import Feed
from brokerkit.plugins.sim.feeds.hours import CURRENCIES, MarketHours, market_hours
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.market.bars import DAY_SECONDS, MONTH_SECONDS, Bars, bar_keys, merged, merged_from
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.prices import Frequency

_LENGTHS = sorted(((int(one.length.total_seconds()), one) for one in Frequency), key=lambda pair: -pair[0])
_SHORTEST = tuple(one for length, one in reversed(_LENGTHS) if 10 <= length < DAY_SECONDS)
_AHEAD, _BEHIND = DAY, 4 * DAY
_WINDOWS = 256


def _as_columns(bars: FeedBars) -> Bars:
    return Bars.of(bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume, length=bars.end - bars.time)


class FeedHistory:
    """Historical bars from a feed."""

    version = 0

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._windows: OrderedDict[int, tuple[int, int, Bars]] = OrderedDict()

    def bars(self, listed: Listed, seconds: int, start: int, end: int) -> Bars | None:
        """Return bars of a length between two times, built from the feed's longest bars that fit.

        The last one may still be unfinished at the end. A daily bar has the date of its trading day. Daily, weekly
        and monthly bars begin at or after the start, except that the last one is always included.
        """
        if seconds >= DAY_SECONDS:
            return self._daily_or_longer(listed, seconds, start, end)
        contract, zone, since = listed.terms.contract, listed.card.time_zone, start - seconds * SECOND
        if isinstance(contract, FxPair):
            found = self._rates(contract, since, end)
            return merged_from(found, seconds, zone, start) if len(found) else None
        for length, frequency in _LENGTHS:
            if length <= seconds and not seconds % length:
                bars = _as_columns(self._feed.bars(contract, frequency, since, end))
                if len(bars):
                    bars = bars.followed_by(self._unfinished_bar(contract, bars, length * SECOND, end))
                    if length == seconds:
                        return bars.starting_from(min(start, int(bars.start[-1])))
                    return merged_from(bars, seconds, zone, start)
        return None

    def _unfinished_bar(self, contract: FuturesContract, bars: Bars, length: int, end: int) -> Bars:
        """Return the unfinished bar after the last ended one; empty if nothing has traded."""
        last = int(bars.start[-1])
        parts = self._shorter(contract, max(last + length, end - length + 1), end)
        return parts.as_one(last + (int(parts.start[0]) - last) // length * length) if len(parts) else parts

    def _shorter(self, contract: FuturesContract, start: int, end: int) -> Bars:
        """Return the feed's shortest bars between two times, of ten seconds or more."""
        for frequency in _SHORTEST if start < end else ():
            found = self._feed.bars(contract, frequency, start, end)
            if len(found):
                return _as_columns(found)
        return Bars.none()

    def _rates(self, pair: FxPair, start: int, end: int) -> Bars:
        return _as_columns(self._feed.fx_execution_bars(pair.code, start, end)).ended_between(start, end)

    # Days and longer

    def _daily_or_longer(self, listed: Listed, seconds: int, start: int, end: int) -> Bars | None:
        first = self._first_day(listed, start) * DAY
        begin = first if seconds == DAY_SECONDS else first - MONTH_SECONDS * SECOND - DAY
        days = self._ended_days(listed, begin, end)
        days = days.followed_by(self._unfinished_day(listed, days, end))
        if not len(days):
            return None
        keys = days.start if seconds == DAY_SECONDS else bar_keys(days, seconds, listed.card.time_zone)
        days = days.slice(int(np.searchsorted(keys, min(first, int(keys[-1])))), len(days))
        return days if seconds == DAY_SECONDS else merged(days, seconds, listed.card.time_zone)

    def _ended_days(self, listed: Listed, start: int, end: int) -> Bars:
        contract = listed.terms.contract
        if isinstance(contract, FxPair):
            return _as_columns(self._feed.fx_rates(contract.code, end)).starting_from(start)
        return _as_columns(self._feed.bars(contract, Frequency.DAY, start, end))

    def _unfinished_day(self, listed: Listed, ended: Bars, end: int) -> Bars:
        """Return the unfinished daily bar; if the feed has only daily bars, from the bars that orders trade on."""
        hours = self._hours(listed)
        day = hours.trading_date(end)
        opening, closing = hours.span_of(day)
        if opening >= end or (len(ended) and int(ended.start[-1]) >= _ordinal(day) * DAY):
            return Bars.none()
        contract = listed.terms.contract
        if isinstance(contract, FxPair):
            parts = self._rates(contract, opening, end)
        else:
            parts = self._shorter(contract, hours.close_of(hours.step(day, -1)), end)
            if not len(parts):
                parts = self.finest(listed, opening, end)
        if not len(parts):
            return parts
        found = attrs.evolve(parts.as_one(_ordinal(day) * DAY), end=np.array([closing], dtype=np.int64))
        return found if ended.volume.any() or not len(ended) else attrs.evolve(found, volume=np.zeros(1))

    def _first_day(self, listed: Listed, start: int) -> int:
        """Return the first trading day that begins at or after a time, as days since 1970."""
        hours = self._hours(listed)
        day = hours.trading_date(start)
        return _ordinal(day if hours.span_of(day)[0] >= start else hours.step(day, 1))

    def _hours(self, listed: Listed) -> MarketHours:
        contract = listed.terms.contract
        return market_hours(CURRENCIES) if isinstance(contract, FxPair) else self._feed.hours(contract.instrument_code)

    # The bars that orders trade on

    def finest(self, listed: Listed, start: int, end: int) -> Bars:
        """Return the bars that orders trade on between two times; those of the last days are cached."""
        known = self._windows.get(listed.con_id)
        if known is None or start < known[0] or end > known[1]:
            window = (min(start, end - _BEHIND), end + _AHEAD)
            known = (*window, self._execution(listed, *window))
            self._windows[listed.con_id] = known
            if len(self._windows) > _WINDOWS:
                self._windows.popitem(last=False)
        return known[2].ended_between(start, end)

    def _execution(self, listed: Listed, start: int, end: int) -> Bars:
        contract = listed.terms.contract
        if isinstance(contract, FxPair):
            return _as_columns(self._feed.fx_execution_bars(contract.code, start, end))
        return _as_columns(self._feed.execution_bars(contract, start, end))

    def earliest(self, listed: Listed) -> int | None:
        """Return when a contract's first daily bar starts, or None if it has none."""
        contract = listed.terms.contract
        far = 1 << 62
        if isinstance(contract, FxPair):
            found = self._feed.fx_rates(contract.code, far)
        else:
            found = self._feed.bars(contract, Frequency.DAY, 0, far)
        return int(found.time[0]) if len(found) else None


def _ordinal(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()
