"""A folder in pysystemtrade's layout as a feed: contracts and their prices from `multiple_prices`."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import numpy as np

from brokerkit.errors import MissingContract
from brokerkit.plugins.sim.feeds.bars import DAY, Bars, Floats, Times, flat_bars
from brokerkit.plugins.sim.feeds.chain import missing_instrument
from brokerkit.plugins.sim.feeds.default_moment import Span, sensible_start
from brokerkit.plugins.sim.feeds.edges import edge_times
from brokerkit.plugins.sim.feeds.feed import InstrumentFacts, ListedContract
from brokerkit.plugins.sim.feeds.fx_files import FxFiles
from brokerkit.plugins.sim.feeds.held import Moments
from brokerkit.plugins.sim.feeds.hours import MarketHours, market_hours, market_of
from brokerkit.plugins.sim.feeds.local_time import closes_of
from brokerkit.plugins.sim.feeds.pysystemtrade_config import ConfigTables
from brokerkit.plugins.sim.feeds.pysystemtrade_prices import ContractSeries, read_prices
from brokerkit.plugins.sim.feeds.tick_size import inferred_tick
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

PRICES_FOLDER = "multiple_prices"

_EPOCH = date(1970, 1, 1)
_TICK_SAMPLE = 5000


class PysystemtradeFeed:
    """Contracts, prices, rates and facts from files in pysystemtrade's published layout.

    A file is read on first use, and kept in memory as columns. Only instruments with a file of
    multiple prices are available. `docs/data.md` describes what is reconstructed.

    Args:
        folder: The folder with `multiple_prices`, and optionally `fx_prices` and `config`.
        assumed_volume: Lots traded per minute: the files have no volume.

    Raises:
        DataFileError: A table in `config` is damaged.
    """

    def __init__(self, folder: Path, assumed_volume: int) -> None:
        self._folder = folder
        self._volume = float(assumed_volume)
        self._files = {path.stem: path for path in sorted((folder / PRICES_FOLDER).glob("*.csv"))}
        self._tables = ConfigTables(folder / "config")
        self._fx = FxFiles(folder / "fx_prices", "DATETIME", "PRICE")
        self._prices: dict[str, dict[str, ContractSeries]] = {}
        self._facts: dict[str, InstrumentFacts] = {}
        self._chains: dict[str, tuple[ListedContract, ...]] = {}
        self._moments: dict[FuturesContract, Moments] = {}

    # -- the feed ------------------------------------------------------------------------

    @property
    def default_start(self) -> int:
        """Two months before the first file ends, in the time that most files cover, with markets open."""
        return sensible_start(list(self._spans.values()), [self.hours(code) for code in self._spans])

    @property
    def span(self) -> Span:
        """The start of the first file, and the end of the last one."""
        return min(first for first, _ in self._spans.values()), max(last for _, last in self._spans.values())

    @cached_property
    def _spans(self) -> dict[str, Span]:
        return {code: edge_times(path, "DATETIME") for code, path in self._files.items()}

    def describe(self) -> str:
        """Return the folder."""
        return str(self._folder)

    def instruments(self) -> tuple[str, ...]:
        """Return the instruments with a file of multiple prices, in alphabetical order."""
        return tuple(self._files)

    # -- an instrument -------------------------------------------------------------------

    def facts(self, instrument_code: str) -> InstrumentFacts:
        """Return an instrument's facts from the tables in `config`."""
        found = self._facts.get(instrument_code)
        if found is None:
            self._file(instrument_code)
            found = self._tables.facts(instrument_code, lambda: self._inferred_tick(instrument_code))
            self._facts[instrument_code] = found
        return found

    def hours(self, instrument_code: str) -> MarketHours:
        """Return the hours of the instrument's exchange."""
        self._file(instrument_code)
        return market_hours(market_of(*self._tables.market(instrument_code)))

    def contracts(self, instrument_code: str) -> tuple[ListedContract, ...]:
        """Return every contract that has a price in the instrument's file, by date."""
        chain = self._chains.get(instrument_code)
        if chain is None:
            listed = [self._listed(instrument_code, name) for name in self._prices_of(instrument_code)]
            chain = self._chains[instrument_code] = tuple(listed)
        return chain

    def _file(self, instrument_code: str) -> Path:
        path = self._files.get(instrument_code)
        if path is None:
            raise missing_instrument(instrument_code, self.describe(), self._files)
        return path

    def _prices_of(self, instrument_code: str) -> dict[str, ContractSeries]:
        found = self._prices.get(instrument_code)
        if found is None:
            found = self._prices[instrument_code] = read_prices(
                self._file(instrument_code), self.hours(instrument_code)
            )
        return found

    def _listed(self, instrument_code: str, name: str) -> ListedContract:
        """Return a contract with its dates; if it has prices after its expiry, it expires with the last of them."""
        hours, series = self.hours(instrument_code), self._prices_of(instrument_code)[name]
        first, last = _first_and_last_day(series)
        rule = self._tables.expiry_rule(instrument_code)
        expiry = hours.on_or_before(max(rule(int(name[:4]), int(name[4:6]), hours), last))
        return ListedContract(FuturesContract(instrument_code, name), first, expiry, hours.close_of(expiry))

    def _inferred_tick(self, instrument_code: str) -> Decimal:
        newest = list(self._prices_of(instrument_code).values())[::-1]
        prices: list[Floats] = []
        while newest and sum(map(len, prices)) < _TICK_SAMPLE:
            series = newest.pop(0)
            prices += [series.closes, series.intraday.price]
        return inferred_tick(np.concatenate(prices))

    # -- a contract ----------------------------------------------------------------------

    def bars(self, contract: FuturesContract, frequency: Frequency, start: int, end: int) -> Bars:
        """Return bars whose four prices are equal: daily closes, or the last intraday prices."""
        series = self._series(contract)
        if frequency is Frequency.DAY:
            found = _daily_bars(series, self.hours(contract.instrument_code))
        else:
            found = series.intraday.bars(frequency)
        return found.known_by(end).between(start, end)

    def has_bars(self, contract: FuturesContract, end: int) -> bool:
        """Return whether a contract has a price that is known by `end`."""
        known = self._all_moments(contract).known
        return bool(known[0] <= end)

    def execution_bars(self, contract: FuturesContract, start: int, end: int) -> Bars:
        """Return the last known price, on the tick, held from minute to minute for at most seven days."""
        code = contract.instrument_code
        moments = self._all_moments(contract)
        return moments.held(self.hours(code), start, end, self.facts(code).tick_size, self._volume)

    def _series(self, contract: FuturesContract) -> ContractSeries:
        found = self._prices_of(contract.instrument_code).get(contract.date)
        if found is None:
            raise MissingContract(f"No contract {contract}.", place=self.describe())
        return found

    def _all_moments(self, contract: FuturesContract) -> Moments:
        """Return the intraday prices and the daily closes, in order of time."""
        found = self._moments.get(contract)
        if found is None:
            series = self._series(contract)
            known = closes_of(self.hours(contract.instrument_code), series.days)
            found = self._moments[contract] = series.intraday.with_others(Moments(known, series.closes))
        return found

    # -- currencies ----------------------------------------------------------------------

    def fx_codes(self) -> tuple[str, ...]:
        """Return the pairs with a file in `fx_prices`, in alphabetical order."""
        return self._fx.codes

    def fx_rates(self, fx_code: str, end: int) -> Bars:
        """Return the daily rates of a pair that are known by `end`."""
        return self._fx.rates(fx_code, end)

    def fx_execution_bars(self, fx_code: str, start: int, end: int) -> Bars:
        """Return the last known rate, held from minute to minute for at most seven days."""
        return self._fx.execution_bars(fx_code, start, end)


def _first_and_last_day(series: ContractSeries) -> tuple[date, date]:
    """Return the first and the last UTC date with a price."""
    days: Times = np.concatenate((series.days, series.intraday.known // DAY))
    return _EPOCH + timedelta(days=int(days.min())), _EPOCH + timedelta(days=int(days.max()))


def _daily_bars(series: ContractSeries, hours: MarketHours) -> Bars:
    return flat_bars(series.days * DAY, closes_of(hours, series.days), series.closes)
