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

_DAY_OF_A_CLOCK_CHANGE = DAY - length_of(Frequency.HOUR)

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
        ends = closes_of(hours, time // DAY) if is_daily else time + length_of(self.frequency)
        columns = (self.open, self.high, self.low, self.close, self.volume)
        opens, high, low, close, volume = (column.part(part) for column in columns)
        return Bars(time, ends, opens, high, low, close, volume)


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
    """Return the frequency that the times fit: daily at midnight UTC, otherwise the longest not above any step."""
    if not (time % DAY).any():
        return Frequency.DAY
    step = int(np.diff(time).min()) if len(time) > 1 else length_of(Frequency.MINUTE)
    if step >= _DAY_OF_A_CLOCK_CHANGE:  # taken for hours, days would be known when they begin
        name = f"{file.contract.instrument_code}_{file.contract.date}"
        raise DataFileError(
            "The times are a day apart, and not at 00:00 UTC: these may be days, or hours with gaps.",
            place=str(file.path),
            remedy=f"Give days as dates, without a time; or name the length, such as {name}.1h{file.path.suffix}.",
        )
    inside = [one for one in Frequency if one is not Frequency.DAY]
    return max((one for one in inside if length_of(one) <= step), key=length_of, default=Frequency.SECOND)


def _check_frequency(path: Path, time: Times, frequency: Frequency, place: Place) -> None:
    if frequency is Frequency.DAY:
        wrong, fact = time % DAY != 0, "A daily bar needs a date, or 00:00 UTC on it."
    else:
        wrong = np.append(False, np.diff(time) < length_of(frequency))
        fact = f"The time is less than {frequency.value} after the previous one, and the bars are that long."
    _refuse(path, wrong, place, lambda _: fact)
