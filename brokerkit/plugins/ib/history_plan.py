"""Splits a range of bars into requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

import attrs

from brokerkit.plugins.ib.times import ib_moment
from brokerkit.spec.prices import Frequency


@attrs.frozen
class BarRequest:
    """One request for bars.

    Attributes:
        end: IB's text for the end; empty for now.
        duration: IB's text for how far back from there.
        bar_size: IB's text for a bar's length.
    """

    end: str
    duration: str
    bar_size: str


@attrs.frozen
class _Window:
    bar_size: str
    length: timedelta


# The longest range that IB answers in one request, by bar length.
_WINDOWS = {
    Frequency.DAY: _Window("1 day", timedelta(days=365)),
    Frequency.HOUR: _Window("1 hour", timedelta(days=30)),
    Frequency.MINUTES_15: _Window("15 mins", timedelta(days=7)),
    Frequency.MINUTES_5: _Window("5 mins", timedelta(days=7)),
    Frequency.MINUTE: _Window("1 min", timedelta(days=2)),
    Frequency.SECONDS_10: _Window("10 secs", timedelta(seconds=14400)),
    Frequency.SECOND: _Window("1 secs", timedelta(seconds=1800)),
}
_DAY = timedelta(days=1)
_MOST_DAYS = 365
"""The most days in one request; IB requires longer durations in years."""


def is_small(frequency: Frequency) -> bool:
    """Return whether IB's pacing rules for small bars apply."""
    return frequency.length <= timedelta(seconds=30)


def window_of(frequency: Frequency) -> timedelta:
    """Return how much of a range one request covers."""
    return _WINDOWS[frequency].length


def plan(frequency: Frequency, start: datetime, end: datetime) -> Iterator[BarRequest]:
    """Yield the requests whose answers together cover a range, newest first.

    Each overlaps the newer one by a bar, so that the bar at their boundary is complete in one of them.

    Args:
        frequency: The length of a bar.
        start: The start of the range, aware.
        end: The end of the range, exclusive, aware.

    Example:
        >>> from datetime import timezone
        >>> day = datetime(2024, 1, 1, tzinfo=timezone.utc)
        >>> [request.duration for request in plan(Frequency.DAY, day, day + timedelta(days=400))]
        ['1 Y', '37 D']
    """
    window = _WINDOWS[frequency]
    covered = end
    while covered > start:
        length = min(end - start, window.length)
        yield BarRequest(ib_moment(end), _duration(frequency, length), window.bar_size)
        covered = end - window.length
        end = covered + frequency.length


def _duration(frequency: Frequency, length: timedelta) -> str:
    """Return IB's duration text that covers at least a length of time, whatever the market's hours.

    IB's seconds are seconds of trading, which go back at least as far. Its days are trading days, of which the
    last may have only just begun, so one more than the length is requested.
    """
    if length <= _DAY and frequency.length <= timedelta(minutes=1):
        return f"{max(ceil(length.total_seconds()), 60)} S"
    days = ceil(length / _DAY) + 1
    return f"{days} D" if days <= _MOST_DAYS else "1 Y"
