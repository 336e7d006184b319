"""Intraday bars of the synthetic world: minutes inside days, ten seconds inside minutes, seconds inside those."""

from __future__ import annotations

from datetime import date

import numpy as np

from brokerkit.plugins.sim.feeds import paths
from brokerkit.plugins.sim.feeds.bars import MINUTE, Bars, Times, joined, no_bars, resampled, to_datetime
from brokerkit.plugins.sim.feeds.hours import MarketHours
from brokerkit.plugins.sim.feeds.paths import TickBars
from brokerkit.plugins.sim.feeds.synthetic_days import Daily, World, ordinal, priced, to_ticks
from brokerkit.spec.prices import Frequency

INTRADAY_SESSIONS = 260
SECONDS_SESSIONS = 3
_SECONDS = (Frequency.SECOND, Frequency.SECONDS_10)


class InsideDays:
    """Generates intraday bars. They add up to the days exactly, and are the same each time.

    Args:
        seed: The seed of all random numbers.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def bars(self, world: World, daily: Daily, frequency: Frequency, start: int, end: int) -> Bars:
        """Return intraday bars around a stretch of time, as far back as they reach."""
        sessions = SECONDS_SESSIONS if frequency in _SECONDS else INTRADAY_SESSIONS
        earliest = world.hours.step(to_datetime(end).date(), -sessions)
        begin = max(start, world.hours.segments_of(earliest)[0][0])
        if frequency is Frequency.SECOND:
            return self._seconds(world, daily, begin, end)
        if frequency is Frequency.SECONDS_10:
            return self.tens(world, daily, begin, end)
        return resampled(self._minutes(world, daily, begin, end), frequency)

    def _days_between(self, world: World, daily: Daily, start: int, end: int) -> range:
        """Return the indices of the days that may trade in a stretch of time."""
        first, last = (ordinal(to_datetime(moment).date()) for moment in (start, end))
        low, high = np.searchsorted(world.ordinals, [first - 1, last + 2])
        return range(max(int(low), daily.places.start), min(int(high), daily.places.stop))

    def _minutes(self, world: World, daily: Daily, start: int, end: int) -> Bars:
        return self._minutes_of(world, daily, self._days_between(world, daily, start, end))

    def _minutes_of(self, world: World, daily: Daily, days: range) -> Bars:
        if not len(days):
            return no_bars()
        pieces = world.hours.market.minutes
        inside = paths.stacked([self._noise(world, place, pieces) for place in days])
        shift = daily.places.start
        chosen = slice(days.start - shift, days.stop - shift)
        ticks = TickBars(*(getattr(daily.ticks, name)[chosen] for name in ("open", "high", "low", "close", "volume")))
        times = np.concatenate([_minute_starts(world.hours, world.days[place]) for place in days])
        return priced(paths.refined(ticks, inside, paths.u_shape(pieces)), times, MINUTE, world.walk.tick)

    def _split(self, world: World, place: int, bars: Bars, pieces: int) -> Bars:
        """Return the bars of a day, each split into so many pieces."""
        length = int(bars.end[0] - bars.time[0]) // pieces
        random = paths.generator(self._seed, world.walk.label, int(world.ordinals[place]), pieces)
        inside = paths.noise(random, (len(bars), pieces))
        times = (bars.time[:, None] + np.arange(pieces) * length).ravel()
        ticks = paths.refined(to_ticks(bars, world.walk.tick), inside, np.ones(pieces))
        return priced(ticks, times, length, world.walk.tick)

    def tens(self, world: World, daily: Daily, start: int, end: int) -> Bars:
        """Return the ten-second bars of the days that trade in a stretch of time."""
        parts = []
        for place in self._days_between(world, daily, start, end):
            opening, closing = world.hours.span_of(world.days[place])
            if closing > start and opening < end:
                parts.append(self._split(world, place, self._minutes_of(world, daily, range(place, place + 1)), 6))
        return joined(parts)

    def _seconds(self, world: World, daily: Daily, start: int, end: int) -> Bars:
        parts = []
        for place in self._days_between(world, daily, start, end):
            tens = self._split(world, place, self._minutes_of(world, daily, range(place, place + 1)), 6)
            parts.append(self._split(world, place, tens, 10))
        return joined(parts)

    def _noise(self, world: World, place: int, pieces: int) -> paths.Noise:
        return paths.noise(paths.generator(self._seed, world.walk.label, int(world.ordinals[place])), (pieces,))


def _minute_starts(hours: MarketHours, day: date) -> Times:
    return np.concatenate(
        [np.arange(opening, closing, MINUTE, dtype=np.int64) for opening, closing in hours.segments_of(day)]
    )
