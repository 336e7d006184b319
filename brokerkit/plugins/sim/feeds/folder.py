"""A folder with a CSV or Parquet file of bars for each contract, as a feed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np

from brokerkit.errors import DataFileError, MissingContract
from brokerkit.plugins.sim.feeds.bars import (
    DAY,
    Bars,
    Floats,
    grouped,
    joined,
    length_of,
    no_bars,
    resampled,
    to_datetime,
)
from brokerkit.plugins.sim.feeds.chain import missing_instrument
from brokerkit.plugins.sim.feeds.default_moment import Span, sensible_start
from brokerkit.plugins.sim.feeds.edges import edge_times
from brokerkit.plugins.sim.feeds.feed import InstrumentFacts, ListedContract
from brokerkit.plugins.sim.feeds.folder_bars import StoredBars, read_bars
from brokerkit.plugins.sim.feeds.folder_execution import minutes_of_days, tradable, within_sessions
from brokerkit.plugins.sim.feeds.folder_files import BarFile, bar_files
from brokerkit.plugins.sim.feeds.folder_instruments import InstrumentTable
from brokerkit.plugins.sim.feeds.folder_parquet import parquet_edges
from brokerkit.plugins.sim.feeds.fx_files import FxFiles
from brokerkit.plugins.sim.feeds.hours import MarketHours, market_hours
from brokerkit.plugins.sim.feeds.local_time import closes_of
from brokerkit.plugins.sim.feeds.tick_size import inferred_tick
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

FX_FOLDER = "fx"

_EPOCH = date(1970, 1, 1)
_ALWAYS = (-(1 << 62), 1 << 62)
_TICK_SAMPLE = 5000

Stored = Mapping[Frequency, StoredBars]


class FolderFeed:
    """Bars from files, one or more per contract, that are read on first use of their contract.

    `docs/data.md` describes the file names, the columns, and the file of facts.

    Args:
        folder: The folder with the files; it may also have `instruments.csv` and a folder `fx`.
        assumed_volume: Lots traded per minute, if a file has no volume.

    Raises:
        DataFileError: The table of instruments is damaged, or two files have the same bars.
    """

    def __init__(self, folder: Path, assumed_volume: int) -> None:
        self._folder = folder
        self._volume = float(assumed_volume)
        self._files = bar_files(folder)
        self._table = InstrumentTable(folder)
        self._fx = FxFiles(folder / FX_FOLDER, "time", "rate", dates_only=True)
        self._bars: dict[FuturesContract, Stored] = {}
        self._edges: dict[FuturesContract, Span] = {}
        self._facts: dict[str, InstrumentFacts] = {}
        self._chains: dict[str, tuple[ListedContract, ...]] = {}

    # -- the feed ------------------------------------------------------------------------

    @property
    def default_start(self) -> int:
        """Two months before the first contract ends, in the time that most contracts cover, with markets open."""
        contracts = [contract for chain in self._files.values() for contract in chain]
        spans = [self._edges_of(contract) for contract in contracts]
        return sensible_start(spans, [self.hours(contract.instrument_code) for contract in contracts])

    @property
    def span(self) -> Span:
        """The times of the very first and the very last bar."""
        edges = [self._edges_of(contract) for chain in self._files.values() for contract in chain]
        return min(first for first, _ in edges), max(last for _, last in edges)

    def describe(self) -> str:
        """Return the folder."""
        return str(self._folder)

    def instruments(self) -> tuple[str, ...]:
        """Return the instruments with a file of bars, in alphabetical order."""
        return tuple(self._files)

    # -- an instrument -------------------------------------------------------------------

    def facts(self, instrument_code: str) -> InstrumentFacts:
        """Return an instrument's facts from `instruments.csv`, or the usual ones."""
        found = self._facts.get(instrument_code)
        if found is None:
            self._files_of(instrument_code)
            found = self._table.facts(instrument_code, lambda: self._inferred_tick(instrument_code))
            self._facts[instrument_code] = found
        return found

    def hours(self, instrument_code: str) -> MarketHours:
        """Return the hours in `instruments.csv`, or those of the instrument's exchange."""
        self._files_of(instrument_code)
        return market_hours(self._table.market(instrument_code))

    def contracts(self, instrument_code: str) -> tuple[ListedContract, ...]:
        """Return every contract that has a file, by date."""
        chain = self._chains.get(instrument_code)
        if chain is None:
            listed = [self._listed(contract) for contract in self._files_of(instrument_code)]
            chain = self._chains[instrument_code] = tuple(listed)
        return chain

    def _files_of(self, instrument_code: str) -> dict[FuturesContract, tuple[BarFile, ...]]:
        found = self._files.get(instrument_code)
        if found is None:
            raise missing_instrument(instrument_code, self.describe(), self._files)
        return found

    def _listed(self, contract: FuturesContract) -> ListedContract:
        """Return a contract with its dates; if it has bars after its expiry, it expires with the last of them."""
        hours = self.hours(contract.instrument_code)
        first, last = (_EPOCH + timedelta(days=edge // DAY) for edge in self._edges_of(contract))
        year, month, day = int(contract.date[:4]), int(contract.date[4:6]), int(contract.date[6:] or 0)
        rule = self._table.expiry_rule(contract.instrument_code)
        named = date(year, month, day) if day else rule(year, month, hours)
        expiry = hours.on_or_before(max(named, last))
        return ListedContract(contract, first, expiry, hours.close_of(expiry))

    def _inferred_tick(self, instrument_code: str) -> Decimal:
        closes: list[Floats] = []
        for contract in reversed(self._files_of(instrument_code)):
            closes += [stored.close.part(slice(-_TICK_SAMPLE, None)) for stored in self._stored(contract).values()]
            if sum(map(len, closes)) >= _TICK_SAMPLE:
                break
        return inferred_tick(np.concatenate(closes))

    # -- a contract ----------------------------------------------------------------------

    def bars(self, contract: FuturesContract, frequency: Frequency, start: int, end: int) -> Bars:
        """Return bars as they are in the contract's files, or built from shorter ones, but not from longer ones."""
        stored, hours = self._stored(contract), self.hours(contract.instrument_code)
        if frequency in stored:
            found = stored[frequency].between(start, end, hours)
        else:
            found = _made_of_shorter(stored, frequency, start, end, hours)
        return found.known_by(end)

    def has_bars(self, contract: FuturesContract, end: int) -> bool:
        """Return whether a contract has a bar that is complete by `end`."""
        first, last = self._edges_of(contract)
        if first > end or last + 2 * DAY <= end:
            return first <= end
        hours = self.hours(contract.instrument_code)
        return any(len(one.between(*_ALWAYS, hours).known_by(end)) for one in self._stored(contract).values())

    def execution_bars(self, contract: FuturesContract, start: int, end: int) -> Bars:
        """Return the shortest bars available; if there are only daily bars, minutes built from them."""
        stored, hours = self._stored(contract), self.hours(contract.instrument_code)
        inside = [one for frequency, one in stored.items() if frequency is not Frequency.DAY]
        finest = min(inside, key=lambda one: length_of(one.frequency), default=None)
        begins = end if finest is None else min(max(finest.time.first, start), end)
        found = no_bars()
        if Frequency.DAY in stored and begins > start:
            found = minutes_of_days(stored[Frequency.DAY], hours, start, begins, self._volume)
        if finest is not None and begins < end:
            found = _joined_after(found, within_sessions(finest, hours, begins, end))
        return tradable(found, self.facts(contract.instrument_code).tick_size, self._volume)

    def _stored(self, contract: FuturesContract) -> Stored:
        found = self._bars.get(contract)
        if found is None:
            found = self._bars[contract] = _read_all(self._files_of_contract(contract))
        return found

    def _files_of_contract(self, contract: FuturesContract) -> tuple[BarFile, ...]:
        files = self._files_of(contract.instrument_code).get(contract)
        if files is None:
            raise MissingContract(f"No contract {contract}.", place=self.describe())
        return files

    def _edges_of(self, contract: FuturesContract) -> Span:
        found = self._edges.get(contract)
        if found is None:
            edges = [_edges_of_file(file) for file in self._files_of_contract(contract)]
            found = self._edges[contract] = min(one[0] for one in edges), max(one[1] for one in edges)
        return found

    # -- currencies ----------------------------------------------------------------------

    def fx_codes(self) -> tuple[str, ...]:
        """Return the pairs that have a file in the folder `fx`, in alphabetical order."""
        return self._fx.codes

    def fx_rates(self, fx_code: str, end: int) -> Bars:
        """Return the daily rates of a pair that are known by `end`."""
        return self._fx.rates(fx_code, end)

    def fx_execution_bars(self, fx_code: str, start: int, end: int) -> Bars:
        """Return the last known rate, held from minute to minute for at most seven days."""
        return self._fx.execution_bars(fx_code, start, end)


def _edges_of_file(file: BarFile) -> Span:
    return parquet_edges(file.path) if file.is_parquet else edge_times(file.path, "time")


def _read_all(files: tuple[BarFile, ...]) -> Stored:
    found: dict[Frequency, StoredBars] = {}
    for file in files:
        bars = read_bars(file)
        if bars.frequency in found:
            raise DataFileError(
                f"Its bars are {bars.frequency.value} bars, like those of another file of {file.contract}.",
                place=str(file.path),
                remedy="Remove one of them.",
            )
        found[bars.frequency] = bars
    return found


def _made_of_shorter(stored: Stored, frequency: Frequency, start: int, end: int, hours: MarketHours) -> Bars:
    length = length_of(frequency)
    shorter = [one for one in stored.values() if length_of(one.frequency) < length]
    if not shorter:
        return no_bars()
    longest = max(shorter, key=lambda one: length_of(one.frequency))
    if frequency is Frequency.DAY:
        return _daily(longest.between(_close_before(start, hours), end, hours), hours).between(start, end)
    return resampled(longest.between(start // length * length, end, hours), frequency).between(start, end)


def _close_before(moment: int, hours: MarketHours) -> int:
    """Return the close after which everything belongs to the trading date of a moment, or to later ones."""
    return hours.close_of(hours.step(to_datetime(moment).date(), -1))


def _daily(bars: Bars, hours: MarketHours) -> Bars:
    """Return one bar for each trading date that has any bars, by the hours of the market."""
    if not len(bars):
        return bars
    first, last = (_EPOCH + timedelta(days=int(time) // DAY) for time in (bars.time[0], bars.time[-1]))
    dates = hours.trading_dates(first - timedelta(days=1), last + timedelta(days=7))  # in the west it may be yesterday
    days = np.array(dates, "datetime64[D]").astype(np.int64)
    closes = closes_of(hours, days)
    at = np.searchsorted(closes, bars.time, side="right")
    return grouped(bars, at, lambda groups: (days[groups] * DAY, closes[groups]))


def _joined_after(before: Bars, after: Bars) -> Bars:
    """Return two stretches of bars as one; where they overlap, those of the second are kept."""
    if len(after):
        before = before.part(before.end <= after.time[0])
    return joined([before, after])
