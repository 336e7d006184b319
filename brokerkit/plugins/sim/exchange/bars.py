"""A contract's bars, converted to whole numbers one window at a time, and a position in them that follows the clock."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brokerkit.errors import InvalidArgument, MissingData
from brokerkit.plugins.sim.exchange.segments import Floats, Segment, joined
from brokerkit.plugins.sim.exchange.units import PRICE_SCALE, time_of

WINDOW = 512
"""How many bars are converted at once."""

_KEEP = 4096
"""How many bars that have ended the window keeps when bars are appended to it one by one."""

_BLOCK = 16384
"""How many bars after the window one look ahead scans."""

_NO_PRICE = 1 << 62
"""Higher than any price."""


def _row_of(bars: Segment, at: int) -> tuple[int, int, int, int]:
    low, high, close = _units(np.array([bars.low[at], bars.high[at], bars.close[at]]))
    return int(bars.start[at]), low, high, close


def _known(volumes: NDArray[Any]) -> list[Any]:
    """Return volumes as a list, with None for each unknown one."""
    unknown = np.isnan(volumes)
    if unknown.any():
        volumes = volumes.astype(object)
        volumes[unknown] = None
    listed: list[Any] = volumes.tolist()
    return listed


def _units(prices: Floats) -> list[int]:
    units: list[int] = np.rint(prices * PRICE_SCALE).astype(np.int64).tolist()
    return units


class BarSeries:
    """The bars of one contract and a position in them, which `sync` moves to the clock.

    The lists `starts` to `volumes` are the window: whole numbers, one entry per bar. `at` is the index
    of its first bar that has not ended, and `until` is when that bar ends, -1 if there is none. The bar
    before it is kept; earlier ones are dropped. No bar of the window is lower than `lowest`,
    or higher than `highest`.
    """

    __slots__ = (
        "_segments", "at", "closes", "ends", "highest", "highs", "last", "last_end", "lowest", "lows", "opens",
        "starts", "until", "volumes", "where",
    )  # fmt: skip

    def __init__(self, where: str) -> None:
        self.where = where
        self._segments: deque[Segment] = deque()
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.opens: list[int] = []
        self.highs: list[int] = []
        self.lows: list[int] = []
        self.closes: list[int] = []
        self.volumes: list[Any] = []
        self.lowest, self.highest = _NO_PRICE, -_NO_PRICE
        self.at = 0
        self.until = -1
        self.last: int | None = None
        self.last_end = -1

    def append(self, bars: Segment, now: int) -> None:
        """Append bars; those that ended before the clock are history."""
        if len(bars) == 0:
            return
        tail = self.final_end()
        if tail is not None and int(bars.start[0]) < tail:
            raise InvalidArgument(
                f"Bars of {self.where} from {time_of(int(bars.start[0]))} overlap those already there.",
                remedy="Add bars in order of time.",
            )
        self._segments.append(bars)
        self.sync(now)

    def append_one(self, start: int, end: int, prices: tuple[int, int, int, int], volume: float | None) -> None:
        """Append one bar, already in units, directly to the window."""
        if self._segments:
            raise InvalidArgument(f"Later bars of {self.where} are loaded already.")
        if self.ends and start < self.ends[-1]:
            raise InvalidArgument(f"A bar of {self.where} from {time_of(start)} overlaps the previous bar.")
        if self.at > _KEEP:
            self._forget()
        self.lowest, self.highest = min(self.lowest, prices[2]), max(self.highest, prices[1])
        if self.at == len(self.ends):
            self.until = end
        self.starts.append(start)
        self.ends.append(end)
        self.opens.append(prices[0])
        self.highs.append(prices[1])
        self.lows.append(prices[2])
        self.closes.append(prices[3])
        self.volumes.append(volume)

    def final_end(self) -> int | None:
        """Return when the last known bar ends, or None without bars."""
        if self._segments:
            return int(self._segments[-1].end[-1])
        return self.ends[-1] if self.ends else None

    def sync(self, now: int) -> bool:
        """Move to the first bar that ends after `now`, never back; return whether there is one."""
        if self.until > now:
            return True
        ends, at = self.ends, self.at + 1
        try:
            if ends[at] <= now:
                at = bisect_right(ends, now, at)
            self.until = ends[at]
        except IndexError:
            return self._next_window(now)
        self.at = at
        return True

    def close_at(self, now: int) -> int | None:
        """Return the close of the last bar that ended by `now`, or None before the first; nothing moves."""
        ends, at = self.ends, self.at
        if at < len(ends) and ends[at] > now:
            return self.closes[at - 1] if at else self.last
        if ends and ends[-1] > now:
            return self.closes[bisect_right(ends, now, at) - 1]
        for bars in reversed(self._segments):
            passed = int(np.searchsorted(bars.end, now, side="right"))
            if passed:
                return round(float(bars.close[passed - 1]) * PRICE_SCALE)
        return int(self.closes[-1]) if ends else self.last

    def first_open(self, now: int) -> int | None:
        """Return the open of the first bar if none has ended and the clock has passed its start; otherwise None."""
        return self.opens[0] if self.starts and self.starts[0] < now else None

    def ended_by(self, now: int) -> int:
        """Return the end of the last bar that ended by `now`; -1 before the first."""
        ends, at = self.ends, self.at
        if ends and ends[-1] > now:
            passed = at if ends[at] > now else bisect_right(ends, now, at)
            return ends[passed - 1] if passed else self.last_end
        for bars in reversed(self._segments):
            passed = int(np.searchsorted(bars.end, now, side="right"))
            if passed:
                return int(bars.end[passed - 1])
        return ends[-1] if ends else self.last_end

    def _next_window(self, now: int) -> bool:
        if self.at < len(self.ends):
            self.at, self.last, self.last_end = len(self.ends), self.closes[-1], self.ends[-1]
            self.until = -1
        while self._segments:
            bars = self._segments[0]
            at = int(np.searchsorted(bars.end, now, side="right")) if int(bars.end[bars.at]) <= now else bars.at
            if at > 0:
                self.last, self.last_end = round(float(bars.close[at - 1]) * PRICE_SCALE), int(bars.end[at - 1])
            self._load(bars, at)
            if self.at < len(self.ends):
                return True
        return False

    def _load(self, bars: Segment, at: int) -> None:
        """Load a window of bars from an index on, and keep the last bar that has ended: it may still be queried."""
        stop, first = min(at + WINDOW, len(bars)), max(at - 1, 0)
        part = slice(first, stop)
        volumes = [None] * (stop - first) if bars.volume is None else _known(bars.volume[part])
        times = bars.start[part].tolist(), bars.end[part].tolist()
        prices = (_units(column[part]) for column in (bars.open, bars.high, bars.low, bars.close))
        kept = 1 if at == 0 and self.ends else 0
        for column, fresh in zip(self._columns(), (*times, *prices, volumes), strict=True):
            del column[: len(column) - kept]
            column += fresh
        self.at = at - first + kept
        self.until = self.ends[self.at] if self.at < len(self.ends) else -1
        self.lowest, self.highest = min(self.lows), max(self.highs)
        if stop == len(bars):
            self._segments.popleft()
        else:
            bars.at = stop

    def _columns(self) -> tuple[list[Any], ...]:
        return self.starts, self.ends, self.opens, self.highs, self.lows, self.closes, self.volumes

    def _forget(self) -> None:
        for column in self._columns():
            del column[: self.at - 1]
        self.at = 1
        self.lowest, self.highest = min(self.lows), max(self.highs)

    def ends_after(self, now: int, count: int) -> list[int]:
        """Return the ends of the next bars, at most `count`, without moving: a bar may still have to be traded."""
        at = bisect_right(self.ends, now, self.at)
        found = self.ends[at : at + count]
        for bars in self._segments:
            if len(found) >= count:
                break
            at = max(bars.at, int(np.searchsorted(bars.end, now, side="right")))
            found = found + bars.end[at : at + count - len(found)].tolist()
        return found

    def current(self) -> int:
        """Return the index of the first bar that has not ended.

        Raises:
            MissingData: There is none.
        """
        if self.at < len(self.ends):
            return self.at
        raise MissingData(f"No bars of {self.where} are left.")

    def place_of(self, start: int) -> int:
        """Return the index of the bar near the current one that starts at an instant.

        Raises:
            MissingData: No such bar.
        """
        self.sync(start)
        at = bisect_left(self.starts, start)
        if at == len(self.starts) or self.starts[at] != start:
            raise MissingData(f"{self.where} has no bar from {time_of(start)}.")
        return at

    def range_of_bar(self, start: int) -> tuple[int, int]:
        """Return the low and the high, in units, of the bar near the current one that starts at an instant.

        Raises:
            MissingData: No such bar.
        """
        at = self.place_of(start)
        return self.lows[at], self.highs[at]

    def last_bar(self, now: int) -> tuple[int, int, int, int] | None:
        """Return start, low, high and close, in units, of the last bar that ended by `now`; None before the first."""
        if not self.ends or self.ends[-1] <= now:
            for bars in reversed(self._segments):
                at = int(np.searchsorted(bars.end, now, side="right")) - 1
                if at >= 0:
                    return _row_of(bars, at)
        at = bisect_right(self.ends, now) - 1
        return (self.starts[at], self.lows[at], self.highs[at], self.closes[at]) if at >= 0 else None

    def to_come(self, now: int) -> Segment:
        """Return the bars that end after `now` as one segment; an unknown volume is NaN.

        This can be one bar more than the series' own position would give: see `sync`.
        """
        self.sync(now)
        window = slice(bisect_right(self.ends, now, max(self.at - 1, 0)), None)
        first, highest, lowest, last = (
            np.array(column[window], dtype=np.float64) / PRICE_SCALE
            for column in (self.opens, self.highs, self.lows, self.closes)
        )
        starts, ends = np.array(self.starts[window], dtype=np.int64), np.array(self.ends[window], dtype=np.int64)
        sizes = np.array([np.nan if volume is None else volume for volume in self.volumes[window]], dtype=np.float64)
        here = Segment(starts, ends, first, highest, lowest, last, sizes)
        return joined([here, *(bars.rest() for bars in self._segments)])

    def look_again(self, low: int, high: int) -> int:
        """Return an instant up to which no bar after the window falls to `low` or rises to `high`.

        This scans the arrays directly, so that bars in which nothing can happen are skipped
        without converting them to whole numbers.
        """
        below, above = (low + 1) / PRICE_SCALE, (high - 1) / PRICE_SCALE
        instant = self.ends[-1]
        if self._segments:
            bars = self._segments[0]
            part = slice(bars.at, min(bars.at + _BLOCK, len(bars)))
            reached = (bars.low[part] <= below) | (bars.high[part] >= above)
            if reached.any():
                first = bars.at + int(reached.argmax())
                return int(bars.end[first - 1]) if first > bars.at else instant
            return int(bars.end[part.stop - 1])
        return instant
