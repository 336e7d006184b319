"""The bars that orders trade on, built from a folder's intraday bars, or from its daily bars."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import attrs
import numpy as np

from brokerkit.plugins.sim.feeds.bars import DAY, MINUTE, Bars, Floats, joined
from brokerkit.plugins.sim.feeds.folder_bars import StoredBars
from brokerkit.plugins.sim.feeds.hours import MarketHours
from brokerkit.plugins.sim.feeds.tick_size import on_grid

_EPOCH = date(1970, 1, 1)


def within_sessions(stored: StoredBars, hours: MarketHours, start: int, end: int) -> Bars:
    """Return the intraday bars that start in a stretch of time, cut to the hours of the market.

    A bar that starts before the market opens, or ends after it closes, is cut to the time that the market is
    open; a bar outside every session is left out.
    """
    found = stored.between(start - DAY, end, hours)
    sessions = hours.sessions_between(start - DAY, end + DAY)
    if not len(found) or not sessions:
        return found.part(slice(0, 0))
    opens, closes = np.array(sessions, np.int64).T
    at = np.minimum(np.searchsorted(closes, found.time, side="right"), len(closes) - 1)
    cut = attrs.evolve(found, time=np.maximum(found.time, opens[at]), end=np.minimum(found.end, closes[at]))
    return cut.part(cut.time < cut.end).between(start, end)


def minutes_of_days(stored: StoredBars, hours: MarketHours, start: int, end: int, least_volume: float) -> Bars:
    """Return daily bars as minutes that start in a stretch of time: nothing of a day is known before its end.

    A day trades at its open from minute to minute, and its last minute has the day's open, high, low
    and close. Its volume is spread evenly over as many minutes as have `least_volume` lots each, including
    the last one, and is 0 in between.
    """
    days = stored.between(start - 4 * DAY, end + 4 * DAY, hours)
    parts = (_minutes_of(days.part(slice(at, at + 1)), hours, least_volume) for at in range(len(days)))
    return joined(parts).between(start, end)


def _minutes_of(day: Bars, hours: MarketHours, least_volume: float) -> Bars:
    trading_date = _EPOCH + timedelta(days=int(day.time[0]) // DAY)
    if not hours.is_trading_date(trading_date):
        return day.part(slice(0, 0))
    parts = [np.arange(first, last, MINUTE, dtype=np.int64) for first, last in hours.segments_of(trading_date)]
    time = np.concatenate(parts)
    opens, high, low, close = (np.repeat(day.open, len(time)) for _ in range(4))
    high[-1], low[-1], close[-1] = day.high[0], day.low[0], day.close[0]
    volume = _spread(float(day.volume[0]), len(time), least_volume)
    return Bars(time, time + MINUTE, opens, high, low, close, volume)


def _spread(total: float, minutes: int, least: float) -> Floats:
    if np.isnan(total):
        return np.full(minutes, np.nan)
    count = int(min(max(total // least, 1), minutes))
    volume = np.zeros(minutes)
    volume[(np.arange(1, count + 1) * minutes) // count - 1] = total // count
    volume[-1] += total - volume.sum()
    return volume


def tradable(bars: Bars, tick: Decimal, assumed_volume: float) -> Bars:
    """Return bars with prices on the tick, and an assumed volume per minute if it is unknown."""
    opens, high, low, close = (on_grid(price, tick) for price in (bars.open, bars.high, bars.low, bars.close))
    minutes = np.maximum((bars.end - bars.time) // MINUTE, 1)
    volume = np.where(np.isnan(bars.volume), assumed_volume * minutes, bars.volume)
    return Bars(bars.time, bars.end, opens, high, low, close, volume)
