"""A feed whose currency pairs are quoted as IB quotes them: USD.JPY, never JPY.USD."""

from __future__ import annotations

from brokerkit.plugins.sim.feeds import Bars, Feed, InstrumentFacts, ListedContract
from brokerkit.plugins.sim.feeds.hours import MarketHours
from brokerkit.plugins.sim.feeds.rates import fx_tick
from brokerkit.plugins.sim.feeds.tick_size import on_grid
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

_FIRST = ("EUR", "GBP", "AUD", "NZD", "USD", "CAD", "CHF")
"""Currencies by priority as the base of a pair; any others come after these."""


def as_quoted(code: str) -> str:
    """Return the code of a pair as IB quotes it; a pair of two other currencies is unchanged.

    Example:
        >>> as_quoted("JPYUSD"), as_quoted("EURUSD"), as_quoted("USDGBP")
        ('USDJPY', 'EURUSD', 'GBPUSD')
    """
    first, second = code[:3], code[3:]
    return second + first if _rank(second) < _rank(first) else code


def _rank(currency: str) -> int:
    return _FIRST.index(currency) if currency in _FIRST else len(_FIRST)


class QuotedPairs(Feed):
    """A feed with its currency pairs inverted where IB quotes them the other way."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        codes = feed.fx_codes()
        self._fed = {quoted: code for code in codes if (quoted := as_quoted(code)) == code or quoted not in codes}

    def fx_codes(self) -> tuple[str, ...]:
        """Return the currency pairs that have rates, in alphabetical order."""
        return tuple(sorted(self._fed))

    def fx_rates(self, fx_code: str, end: int) -> Bars:
        """Return the daily bars of a pair that are complete by `end`."""
        fed = self._fed.get(fx_code, fx_code)
        bars = self.feed.fx_rates(fed, end)
        return bars if fed == fx_code else _inverted(bars)

    def fx_execution_bars(self, fx_code: str, start: int, end: int) -> Bars:
        """Return the bars that orders for a pair trade on."""
        fed = self._fed.get(fx_code, fx_code)
        bars = self.feed.fx_execution_bars(fed, start, end)
        return bars if fed == fx_code else _inverted(bars)

    # Everything else comes from the feed

    @property
    def default_start(self) -> int:
        """A sensible initial time for a simulation on the feed."""
        return self.feed.default_start

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last initial time of a simulation."""
        return self.feed.span

    def describe(self) -> str:
        """Return a description of the data."""
        return self.feed.describe()

    def instruments(self) -> tuple[str, ...]:
        """Return the codes of all instruments."""
        return self.feed.instruments()

    def facts(self, instrument_code: str) -> InstrumentFacts:
        """Return an instrument's facts."""
        return self.feed.facts(instrument_code)

    def hours(self, instrument_code: str) -> MarketHours:
        """Return an instrument's trading hours."""
        return self.feed.hours(instrument_code)

    def contracts(self, instrument_code: str) -> tuple[ListedContract, ...]:
        """Return every contract of an instrument."""
        return self.feed.contracts(instrument_code)

    def bars(self, contract: FuturesContract, frequency: Frequency, start: int, end: int) -> Bars:
        """Return the bars of a contract."""
        return self.feed.bars(contract, frequency, start, end)

    def has_bars(self, contract: FuturesContract, end: int) -> bool:
        """Return whether a contract has any bar that is complete by `end`."""
        return self.feed.has_bars(contract, end)

    def execution_bars(self, contract: FuturesContract, start: int, end: int) -> Bars:
        """Return the bars that orders trade on."""
        return self.feed.execution_bars(contract, start, end)


def _inverted(bars: Bars) -> Bars:
    if not len(bars):
        return bars
    tick = fx_tick(float(1.0 / bars.close[-1]))
    first, highest, lowest, last = (
        on_grid(1.0 / column, tick) for column in (bars.open, bars.low, bars.high, bars.close)
    )
    return Bars(bars.time, bars.end, first, highest, lowest, last, bars.volume)
