"""Bars as numpy columns: what every feed returns, and operations on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from brokerkit.plugins.sim.exchange.units import duration, time_of
from brokerkit.spec.prices import Frequency

Times = NDArray[np.int64]
Floats = NDArray[np.float64]

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND


def length_of(frequency: Frequency) -> int:
    """Return the length of a bar of that frequency, in nanoseconds.

    Example:
        >>> length_of(Frequency.MINUTE)
        60000000000
    """
    return duration(frequency.length)


def to_datetime(nanoseconds: int) -> datetime:
    """Return nanoseconds since 1970 UTC, an int or numpy's, as an aware datetime, truncated to whole microseconds."""
    return time_of(int(nanoseconds))


@attrs.frozen(eq=False)
class Bars:
    """Bars of one contract or pair, in order of time. The arrays have equal length and must not be changed.

    Attributes:
        time: The start of each bar, int64 nanoseconds UTC; a daily bar carries its session's date.
        end: When each bar is complete, and may be known. It never decreases.
        open: float64, in quoted units, like the other prices.
        high: The high of each bar.
        low: The low of each bar.
        close: The close of each bar.
        volume: Lots; NaN if the source does not say.
    """

    time: Times
    end: Times
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.time)

    def part(self, which: slice | NDArray[np.bool_]) -> Bars:
        """Return some of the bars; a slice gives views of the same arrays."""
        return Bars(*(column[which] for column in self.columns()))

    def columns(self) -> tuple[NDArray[Any], ...]:
        """Return the arrays, in the order of the attributes."""
        return (self.time, self.end, self.open, self.high, self.low, self.close, self.volume)

    def known_by(self, moment: int) -> Bars:
        """Return the bars that are complete at a given moment."""
        return self.part(slice(0, int(np.searchsorted(self.end, moment, side="right"))))

    def between(self, start: int, end: int) -> Bars:
        """Return the bars whose time is at or after `start` and before `end`."""
        first, last = np.searchsorted(self.time, [start, end], side="left")
        return self.part(slice(int(first), int(last)))


def no_bars() -> Bars:
    """Return an empty set of bars."""
    times, prices = np.empty(0, np.int64), np.empty(0, np.float64)
    return Bars(times, times, prices, prices, prices, prices, prices)


def flat_bars(time: Times, end: Times, price: Floats, volume: float = np.nan) -> Bars:
    """Return bars whose four prices are equal, with one volume; NaN means unknown."""
    return Bars(time, end, price, price, price, price, np.full(len(time), volume))


def joined(parts: Iterable[Bars]) -> Bars:
    """Return consecutive parts as one."""
    found = [part for part in parts if len(part)]
    if not found:
        return no_bars()
    return (
        found[0]
        if len(found) == 1
        else Bars(*(np.concatenate(columns) for columns in zip(*(one.columns() for one in found), strict=True)))
    )


def resampled(bars: Bars, frequency: Frequency) -> Bars:
    """Return longer bars, aligned to multiples of the frequency since midnight UTC.

    Each has the first open, the last close and the total volume of the bars that start in it.
    """
    if not len(bars):
        return bars
    length = length_of(frequency)

    def times(slots: Times) -> tuple[Times, Times]:
        return slots * length, (slots + 1) * length

    return grouped(bars, bars.time // length, times)


def grouped(bars: Bars, group: Times, times: Callable[[Times], tuple[Times, Times]]) -> Bars:
    """Return one bar for each group of consecutive bars; there must be at least one bar.

    Args:
        bars: The bars to group.
        group: The number of each bar's group, never decreasing.
        times: From group numbers to the time of each new bar and the earliest moment at which it is complete.
    """
    firsts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    lasts = np.concatenate((firsts[1:], [len(group)])) - 1
    time, end = times(group[firsts])
    return Bars(
        time,
        np.maximum(end, bars.end[lasts]),
        bars.open[firsts],
        np.maximum.reduceat(bars.high, firsts),
        np.minimum.reduceat(bars.low, firsts),
        bars.close[lasts],
        np.add.reduceat(bars.volume, firsts),
    )
