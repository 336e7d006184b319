"""Bars in columns, and merging into longer bars."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import attrs
import numpy as np
from numpy.typing import NDArray

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange.units import DAY, SECOND, time_of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_HOUR = 3600 * SECOND
WEEK_SECONDS, MONTH_SECONDS, DAY_SECONDS = 604800, 2592000, 86400


@attrs.frozen(eq=False)
class Bars:
    """Bars of one contract, in order of time.

    Attributes:
        start: When each starts, nanoseconds since 1970 UTC.
        end: When each ends.
        open: First prices; then high, low and close.
        volume: Lots traded.
    """

    start: Ints
    end: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @classmethod
    def of(
        cls,
        start: Any,
        open: Any,  # noqa: A002 because bars have an open
        high: Any,
        low: Any,
        close: Any,
        volume: Any = None,
        *,
        length: int | Any,
    ) -> Bars:
        """Return bars from any columns that numpy accepts.

        Args:
            start: Nanoseconds since 1970 UTC, increasing.
            open: First prices.
            high: Highest prices.
            low: Lowest prices.
            close: Last prices.
            volume: Lots; None means 0.
            length: The length of a bar in nanoseconds, or an array of lengths.

        Raises:
            InvalidArgument: The columns differ in length, or the times do not increase.
        """
        begin = np.ascontiguousarray(start, dtype=np.int64)
        columns = [np.ascontiguousarray(column, dtype=np.float64) for column in (open, high, low, close)]
        lots = np.zeros(len(begin)) if volume is None else np.nan_to_num(np.asarray(volume, dtype=np.float64))
        if {len(column) for column in (*columns, lots)} != {len(begin)}:
            raise InvalidArgument("The columns of the bars have different lengths.")
        if len(begin) > 1 and not bool((np.diff(begin) > 0).all()):
            raise InvalidArgument("The bars are not in order of time.")
        first, highest, lowest, last = columns
        return cls(begin, begin + length, first, highest, lowest, last, lots)

    @classmethod
    def none(cls) -> Bars:
        """Return no bars."""
        return cls.of([], [], [], [], [], length=0)

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.start)

    def slice(self, first: int, last: int) -> Bars:
        """Return the bars from one index up to, not including, another."""
        return Bars(*(getattr(self, field.name)[first:last] for field in attrs.fields(Bars)))

    def ended_between(self, start: int, end: int) -> Bars:
        """Return the bars that start at or after a time and have ended by another."""
        first = int(np.searchsorted(self.start, start, side="left"))
        last = int(np.searchsorted(self.end, end, side="right"))
        return self.slice(first, max(first, last))

    def starting_from(self, start: int) -> Bars:
        """Return the bars that start at or after a time."""
        return self.slice(int(np.searchsorted(self.start, start, side="left")), len(self))

    def followed_by(self, later: Bars) -> Bars:
        """Return these bars followed by later ones."""
        if not len(later):
            return self
        names = [field.name for field in attrs.fields(Bars)]
        return Bars(*(np.concatenate((getattr(self, name), getattr(later, name))) for name in names))

    def as_one(self, start: int) -> Bars:
        """Return all of these bars, at least one, merged into one that starts at the given time."""
        return Bars(
            np.array([start], dtype=np.int64),
            self.end[-1:],
            self.open[:1],
            np.array([self.high.max()]),
            np.array([self.low.min()]),
            self.close[-1:],
            np.array([self.volume.sum()]),
        )

    @property
    def typical_seconds(self) -> int:
        """The median length of the bars."""
        return int(np.median(self.end - self.start)) // SECOND if len(self) else 0


def bar_keys(bars: Bars, seconds: int, zone: str) -> Ints:
    """Return, for each bar, the start of the longer bar that contains it, in nanoseconds UTC.

    Bars of a day or longer are keyed by the local day (Monday, first of the month) on which the bar ends, as
    midnight UTC; shorter ones by whole multiples of their length since local midnight.
    """
    if seconds < DAY_SECONDS:
        size = seconds * SECOND
        shift = _offsets(bars.start, zone) if seconds > 900 else np.zeros(len(bars), dtype=np.int64)
        return (bars.start + shift) // size * size - shift
    last = bars.end - 1
    days = (last + _offsets(last, zone)) // DAY
    if seconds == WEEK_SECONDS:
        days = (days + 3) // 7 * 7 - 3
    elif seconds == MONTH_SECONDS:
        months = days.astype("datetime64[D]").astype("datetime64[M]")
        days = months.astype("datetime64[D]").astype(np.int64)
    return np.asarray(days * DAY, dtype=np.int64)


def _offsets(moments: Ints, zone: str) -> Ints:
    """Return a zone's offset from UTC at each time, in nanoseconds."""
    if zone == "UTC" or not len(moments):
        return np.zeros(len(moments), dtype=np.int64)
    tz = ZoneInfo(zone)
    hours, place = np.unique(moments // _HOUR, return_inverse=True)
    offsets = [_offset(int(hour) * _HOUR, tz) for hour in hours]
    return np.asarray(offsets, dtype=np.int64)[place]


def _offset(moment: int, zone: ZoneInfo) -> int:
    found = time_of(moment).astimezone(zone).utcoffset()
    return 0 if found is None else int(found.total_seconds()) * SECOND


def merged(bars: Bars, seconds: int, zone: str) -> Bars:
    """Return longer bars merged from shorter ones; bars already of the right length are returned unchanged.

    Weekly and monthly bars start, as real ones do, on the last day in them.

    Args:
        bars: The bars to merge.
        seconds: The length of the longer bars.
        zone: IANA name of the zone of local days.
    """
    if not len(bars) or (seconds < DAY_SECONDS and bars.typical_seconds == seconds):
        return bars
    keys = bar_keys(bars, seconds, zone)
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    last = np.append(first[1:], len(bars)) - 1
    return Bars(
        keys[first] if seconds <= DAY_SECONDS else bar_keys(bars, DAY_SECONDS, zone)[last],
        bars.end[last],
        bars.open[first],
        np.maximum.reduceat(bars.high, first),
        np.minimum.reduceat(bars.low, first),
        bars.close[last],
        np.add.reduceat(bars.volume, first),
    )


def merged_from(bars: Bars, seconds: int, zone: str, start: int) -> Bars:
    """Return complete longer bars: those that contain or follow a time, and always the last one.

    Args:
        bars: The bars to merge, starting at least one longer bar before the time.
        seconds: The length of the longer bars.
        zone: IANA name of the zone of local days.
        start: The time, in nanoseconds UTC.
    """
    if not len(bars):
        return bars
    if seconds < DAY_SECONDS and bars.typical_seconds == seconds:
        return bars.starting_from(min(start, int(bars.start[-1])))
    keys = bar_keys(bars, seconds, zone)
    at = min(int(np.searchsorted(bars.start, start)), len(bars) - 1)
    return merged(bars.slice(int(np.searchsorted(keys, keys[at])), len(bars)), seconds, zone)
