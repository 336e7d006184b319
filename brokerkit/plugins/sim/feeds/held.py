"""Prices known at single moments, and the minutes between them that orders trade on."""

from __future__ import annotations

from decimal import Decimal

import attrs
import numpy as np

from brokerkit.plugins.sim.feeds.bars import DAY, MINUTE, SECOND, Bars, Floats, Times, flat_bars, no_bars, resampled
from brokerkit.plugins.sim.feeds.hours import MarketHours
from brokerkit.plugins.sim.feeds.tick_size import on_grid
from brokerkit.spec.prices import Frequency

HELD_FOR = 7 * DAY
"""How long a price can be traded on if no newer one arrives."""


@attrs.frozen(eq=False)
class Moments:
    """Prices, and when each was known: nanoseconds UTC, increasing."""

    known: Times
    price: Floats

    def __len__(self) -> int:
        """Return the number of prices."""
        return len(self.known)

    def bars(self, frequency: Frequency) -> Bars:
        """Return bars shorter than a day built from these prices alone, without volume.

        A price belongs to the bar that ends when it is known, or that contains that moment.
        """
        if not len(self):
            return no_bars()
        return resampled(flat_bars(self.known - SECOND, self.known, self.price), frequency)

    def with_others(self, others: Moments) -> Moments:
        """Return these and others in order of time; at the same moment, the others take precedence."""
        known = np.concatenate((self.known, others.known))
        order = np.argsort(known, kind="stable")
        known, price = known[order], np.concatenate((self.price, others.price))[order]
        last = np.ones(len(known), np.bool_)
        last[:-1] = known[1:] != known[:-1]
        return Moments(known[last], price[last])

    def held(self, hours: MarketHours, start: int, end: int, tick: Decimal, volume: float) -> Bars:
        """Return a bar for each minute of trading that starts in a stretch of time and has a known price.

        A minute's price is the last one known at its start, at most seven days old, rounded to the tick.

        Args:
            hours: The market's hours.
            start: The earliest start of a bar, nanoseconds UTC.
            end: The end of the stretch, exclusive.
            tick: The tick size that prices are rounded to.
            volume: Lots in each minute; NaN if unknown.
        """
        minutes = minutes_of(hours, start, end)
        at = np.searchsorted(self.known, minutes, side="right") - 1
        fresh = at >= 0
        fresh[fresh] = minutes[fresh] - self.known[at[fresh]] <= HELD_FOR
        minutes = minutes[fresh]
        price = on_grid(self.price[at[fresh]], tick)
        return flat_bars(minutes, minutes + MINUTE, price, volume)


def minutes_of(hours: MarketHours, start: int, end: int) -> Times:
    """Return the start of each minute of trading in a stretch of time, `end` excluded."""
    first, last = -(-start // MINUTE) * MINUTE, -(-end // MINUTE) * MINUTE
    parts = [
        np.arange(max(opening, first), min(closing, last), MINUTE, dtype=np.int64)
        for opening, closing in hours.sessions_between(start, end)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
