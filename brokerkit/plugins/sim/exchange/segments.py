"""Bars as the caller gives them: arrays of equal length, validated once and read in place."""

from __future__ import annotations

import math
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange.units import PRICE_SCALE, time_of

FARTHEST = 10_000_000_000
"""Quoted prices stay this close to 0, so that in units they, and spreads' prices too, fit into 64 bits."""

Floats = NDArray[np.float64]


@attrs.define
class Segment:
    """Bars as given: arrays of equal length, in order of time."""

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: NDArray[Any] | None
    at: int = 0

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.start)

    def rest(self) -> Segment:
        """Return the bars from index `at` on, as views."""
        part = slice(self.at, None)
        sizes = None if self.volume is None else self.volume[part]
        prices = (self.open[part], self.high[part], self.low[part], self.close[part])
        return Segment(self.start[part], self.end[part], *prices, sizes)


def segment(
    time: Any, columns: tuple[Any, Any, Any, Any], volume: Any, length: int | NDArray[np.int64], where: str
) -> Segment:
    """Validate bars and return them as a segment.

    Raises:
        InvalidArgument: Lengths differ, times do not increase, a bar's high and low do not enclose its prices, or its
            volume is negative.
    """
    start = np.ascontiguousarray(time, dtype=np.int64)
    prices = [np.ascontiguousarray(values, dtype=np.float64) for values in columns]
    sizes = None if volume is None else _volumes(volume)
    counted = [*prices, start] if sizes is None else [*prices, sizes, start]
    if len({len(column) for column in counted}) != 1:
        raise InvalidArgument(f"The columns of the bars of {where} differ in length.")
    end: NDArray[np.int64] = start + length
    _check_order(start, end, where)
    _check_prices(prices, start, where)
    if sizes is not None:
        _check_volumes(sizes, start, where)
    first, highest, lowest, last = prices
    return Segment(start, end, first, highest, lowest, last, sizes)


def check_bar(start: int, end: int, prices: tuple[int, int, int, int], volume: float | None, where: str) -> None:
    """Refuse a single bar, its prices in units, that `segment` would refuse.

    Raises:
        InvalidArgument: It is inconsistent.
    """
    first, high, low, last = prices
    far = FARTHEST * PRICE_SCALE
    if start >= end or not -far < low <= min(first, last) <= max(first, last) <= high < far:
        raise InvalidArgument(f"The bar of {where} from {time_of(start)} is inconsistent.")
    if volume is not None and not 0 <= volume < math.inf:
        raise InvalidArgument(f"The bar of {where} from {time_of(start)} has volume {volume}.")


def joined(parts: list[Segment]) -> Segment:
    """Return several segments as one; an unknown volume is NaN."""
    starts, ends = (np.concatenate([getattr(part, name) for part in parts]) for name in ("start", "end"))
    first, highest, lowest, last = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("open", "high", "low", "close")
    )
    sizes = [np.full(len(part), np.nan) if part.volume is None else part.volume for part in parts]
    return Segment(starts, ends, first, highest, lowest, last, np.concatenate(sizes))


def _check_order(start: NDArray[np.int64], end: NDArray[np.int64], where: str) -> None:
    if len(start) > 1 and not bool((end[:-1] <= start[1:]).all()):
        row = int(np.argmin(end[:-1] <= start[1:])) + 1
        raise InvalidArgument(
            f"Bar {row} of {where}, {time_of(int(start[row]))}, starts before the previous bar ends.",
            remedy="Give bars in order of time, without overlap.",
        )
    if len(start) and not bool((start < end).all()):
        raise InvalidArgument(f"A bar of {where} ends before it starts.")


def _check_prices(prices: list[Floats], start: NDArray[np.int64], where: str) -> None:
    first, high, low, last = prices
    sound = (high >= first) & (high >= last) & (low <= first) & (low <= last) & (high < FARTHEST) & (low > -FARTHEST)
    if not bool(sound.all()):
        row = int(np.argmin(sound))
        raise InvalidArgument(
            f"Bar {row} of {where}, {time_of(int(start[row]))}, has open {first[row]}, high {high[row]}, "
            f"low {low[row]}, close {last[row]}.",
            remedy=f"High must be the highest and low the lowest, all numbers nearer to 0 than {FARTHEST:,}.",
        )


def _volumes(given: Any) -> NDArray[Any]:
    """Return volumes as numbers, with NaN for an unknown volume."""
    volumes: NDArray[Any] = np.ascontiguousarray(given)
    return volumes.astype(np.float64) if volumes.dtype == object else volumes


def _check_volumes(volumes: NDArray[Any], start: NDArray[np.int64], where: str) -> None:
    sound = ((volumes >= 0) & (volumes < np.inf)) | np.isnan(volumes)
    if not bool(sound.all()):
        row = int(np.argmin(sound))
        raise InvalidArgument(
            f"Bar {row} of {where}, {time_of(int(start[row]))}, has volume {volumes[row]}.",
            remedy="Give the lots traded, or NaN if unknown.",
        )
