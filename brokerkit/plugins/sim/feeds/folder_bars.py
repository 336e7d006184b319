"""Bars of one contract read from a file: validated, and stored compactly in columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import numpy as np
from numpy.typing import NDArray

from brokerkit.errors import DataFileError
from brokerkit.plugins.sim.feeds.bars import DAY, Bars, Times, length_of
from brokerkit.plugins.sim.feeds.csv_columns import Columns, Kind, check_rising, place_of, read_columns
from brokerkit.plugins.sim.feeds.folder_files import BarFile
from brokerkit.plugins.sim.feeds.hours import MarketHours
from brokerkit.plugins.sim.feeds.local_time import closes_of
from brokerkit.plugins.sim.feeds.packed import PackedNumbers, PackedTimes
from brokerkit.spec.prices import Frequency

PRICES = ("open", "high", "low", "close")
COLUMNS = {"time": Kind.TIME, **dict.fromkeys(PRICES, Kind.NUMBER), "volume": Kind.OPTIONAL_NUMBER}

Place = Callable[[Path, int], str]


@attrs.frozen(eq=False)
class StoredBars:
    """Bars as stored in a file. When each is complete is computed on request.

    Attributes:
        frequency: Their length.
        time: The start of each bar, increasing.
        open: In quoted units, like the other prices.
        high: The high of each bar.
        low: The low of each bar.
        close: The close of each bar.
        volume: Lots; NaN if the file does not say.
    """

    frequency: Frequency
    time: PackedTimes
    open: PackedNumbers
    high: PackedNumbers
    low: PackedNumbers
    close: PackedNumbers
    volume: PackedNumbers

    def between(self, start: int, end: int, hours: MarketHours) -> Bars:
        """Return the bars whose time is at or after `start` and before `end`."""
        part = slice(self.time.place(start), self.time.place(end))
        time = self.time.part(part)
        is_daily = self.frequency is Frequency.DAY
        ends = closes_of(hours, time // DAY) if is_daily else self._ends_inside_days(part)
        columns = (self.open, self.high, self.low, self.close, self.volume)
        opens, high, low, close, volume = (column.part(part) for column in columns)
        return Bars(time, ends, opens, high, low, close, volume)

    def _ends_inside_days(self, part: slice) -> Times:
        """Return when bars end; one that the opening of the market has cut short ends where the next one begins."""
        time = self.time.part(slice(part.start, part.stop + 1))
        ends: Times = time + length_of(self.frequency)
        ends[:-1] = np.minimum(ends[:-1], time[1:])
        return ends[: part.stop - part.start]


def read_bars(file: BarFile) -> StoredBars:
    """Return the bars of a file.

    Raises:
        MissingDependency: It is a Parquet file, and pyarrow is not installed.
        DataFileError: The file is damaged, or its bars are inconsistent.
    """
    if file.is_parquet:
        from brokerkit.plugins.sim.feeds import folder_parquet

        found = folder_parquet.read_parquet(file.path, PRICES, ("volume",))
        place: Place = folder_parquet.place_of
    else:
        found, place = read_columns(file.path, COLUMNS), place_of
    check_rising(file.path, found["time"], place)
    _check_prices(file.path, found, place)
    frequency = file.frequency or _frequency_of(file, found["time"])
    _check_frequency(file.path, found["time"], frequency, place)
    numbers = [PackedNumbers.of(found[name]) for name in (*PRICES, "volume")]
    return StoredBars(frequency, PackedTimes.of(found["time"]), *numbers)


def _check_prices(path: Path, found: Columns, place: Place) -> None:
    high, low, volume = found["high"], found["low"], found["volume"]
    _refuse(path, high < low, place, lambda at: f"high {high[at]} is below low {low[at]}.")
    for name in ("open", "close"):
        _check_inside(path, name, found, place)
    _refuse(path, volume < 0, place, lambda at: f"volume {volume[at]} is below 0.")


def _check_inside(path: Path, name: str, found: Columns, place: Place) -> None:
    price, high, low = found[name], found["high"], found["low"]
    outside = (price > high) | (price < low)
    _refuse(path, outside, place, lambda at: f"{name} {price[at]} is not between low {low[at]} and high {high[at]}.")


def _refuse(path: Path, wrong: NDArray[np.bool_], place: Place, fact: Callable[[int], str]) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataFileError(fact(at), place=place(path, at), remedy="Correct or remove the row.")


def _frequency_of(file: BarFile, time: Times) -> Frequency:
    """Return the frequency that the times fit: daily at midnight UTC, otherwise the longest of a step between two."""
    if not (time % DAY).any():
        return Frequency.DAY
    if len(time) == 1:
        return Frequency.MINUTE
    inside = sorted(set(Frequency) - {Frequency.DAY}, key=length_of, reverse=True)
    longest = next((one for one in inside if not _is_too_close(time, one).any()), Frequency.SECOND)
    if not (np.diff(time) == length_of(longest)).any():  # taken for shorter ones, they would be known too early
        name = f"{file.contract.instrument_code}_{file.contract.date}"
        raise DataFileError(
            f"How long its bars are is not certain: no two times are 1d apart at 00:00 UTC, or {longest.value} apart.",
            place=str(file.path),
            remedy=f"Give days as dates, without a time; or name the length, such as {name}.1h{file.path.suffix}.",
        )
    return longest


def _is_too_close(time: Times, frequency: Frequency) -> NDArray[np.bool_]:
    """Return which times come too soon after the one before them.

    Of a market that opens at half past, the first hour has thirty minutes.
    """
    length = length_of(frequency)
    found: NDArray[np.bool_] = np.append(False, (np.diff(time) < length) & (time[1:] % length != 0))
    return found


def _check_frequency(path: Path, time: Times, frequency: Frequency, place: Place) -> None:
    if frequency is Frequency.DAY:
        wrong, fact = time % DAY != 0, "A daily bar needs a date, or 00:00 UTC on it."
    else:
        wrong = _is_too_close(time, frequency)
        fact = f"The time is less than {frequency.value} after the previous one, and the bars are that long."
    _refuse(path, wrong, place, lambda _: fact)
