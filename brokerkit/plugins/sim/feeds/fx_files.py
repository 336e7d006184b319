"""Exchange rates from a folder of CSV files, one per currency pair."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import numpy as np

from brokerkit.errors import DataFileError
from brokerkit.plugins.sim.feeds.bars import DAY, Bars, Floats, Times, flat_bars
from brokerkit.plugins.sim.feeds.chain import missing_fx_code
from brokerkit.plugins.sim.feeds.csv_columns import Kind, check_rising, place_of, read_columns
from brokerkit.plugins.sim.feeds.held import Moments
from brokerkit.plugins.sim.feeds.hours import CURRENCIES, market_hours
from brokerkit.plugins.sim.feeds.local_time import closes_of
from brokerkit.plugins.sim.feeds.rates import fx_tick

_PAIR = re.compile(r"[A-Z]{6}")


@attrs.frozen(eq=False)
class _Rates:
    """Daily rates: dates as days since 1970-01-01, when each is known, and a rate for each."""

    days: Times
    known: Times
    rate: Floats


class FxFiles:
    """The currency pairs of a folder; a file is read on first use of its pair.

    Args:
        folder: The folder with files such as `GBPUSD.csv`; a missing folder has no pairs.
        time_column: The column of dates or times; the last rate of a date counts.
        rate_column: The column of rates.
        dates_only: Whether times are refused: one with an offset may be of another date in UTC.
    """

    def __init__(self, folder: Path, time_column: str, rate_column: str, *, dates_only: bool = False) -> None:
        self._folder = folder
        self._time, self._rate, self._dates_only = time_column, rate_column, dates_only
        found = folder.glob("*.csv") if folder.is_dir() else ()
        self.codes = tuple(sorted(path.stem for path in found if _PAIR.fullmatch(path.stem)))
        self._read: dict[str, _Rates] = {}

    def rates(self, fx_code: str, end: int) -> Bars:
        """Return the daily bars of a pair that are complete by `end`.

        Raises:
            MissingFxCode: The folder has no such pair.
            DataFileError: Its file is damaged.
        """
        found = self._rates_of(fx_code)
        return flat_bars(found.days * DAY, found.known, found.rate).known_by(end)

    def execution_bars(self, fx_code: str, start: int, end: int) -> Bars:
        """Return the last known rate, held from minute to minute, in a stretch of time.

        Raises:
            MissingFxCode: The folder has no such pair.
            DataFileError: Its file is damaged.
        """
        found = self._rates_of(fx_code)
        before = np.searchsorted(found.known, start, side="right")
        tick = fx_tick(float(found.rate[max(int(before) - 1, 0)]))
        return Moments(found.known, found.rate).held(market_hours(CURRENCIES), start, end, tick, np.nan)

    def _rates_of(self, fx_code: str) -> _Rates:
        found = self._read.get(fx_code)
        if found is None:
            if fx_code not in self.codes:
                raise missing_fx_code(fx_code, str(self._folder), self.codes)
            found = self._read[fx_code] = self._load(self._folder / f"{fx_code}.csv")
        return found

    def _load(self, path: Path) -> _Rates:
        columns = read_columns(path, {self._time: Kind.TIME, self._rate: Kind.NUMBER})
        check_rising(path, columns[self._time])
        self._check_positive(path, columns[self._rate])
        if self._dates_only:
            self._check_dates(path, columns[self._time])
        days = columns[self._time] // DAY
        last = np.append(days[1:] != days[:-1], True)
        return _Rates(days[last], closes_of(market_hours(CURRENCIES), days[last]), columns[self._rate][last])

    def _check_positive(self, path: Path, rates: Floats) -> None:
        wrong = np.flatnonzero(rates <= 0)
        if len(wrong):
            fact = f"{self._rate} is {rates[wrong[0]]}, but must be above 0."
            raise DataFileError(fact, place=place_of(path, int(wrong[0])))

    def _check_dates(self, path: Path, times: Times) -> None:
        wrong = np.flatnonzero(times % DAY)
        if len(wrong):
            raise DataFileError("A rate carries a date, or 00:00 UTC on it.", place=place_of(path, int(wrong[0])))
