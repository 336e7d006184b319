"""The `Feed` Protocol: the source of the simulation's instruments, contracts, hours, bars and rates."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.plugins.sim.feeds.bars import Bars
from brokerkit.plugins.sim.feeds.hours import MarketHours
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency


@attrs.frozen
class InstrumentFacts:
    """The facts of an instrument, shared by its contracts.

    Attributes:
        code: brokerkit's code, such as `CORN`.
        broker_code: The broker's symbol, such as `ZC`.
        exchange: Its exchange, as the broker spells it.
        currency: ISO 4217 code of the currency of profit.
        multiplier: The broker's contract multiplier.
        price_magnifier: By how much the quoted price is larger than the price in currency.
        tick_size: The smallest price step, in quoted units.
        description: In words.
        asset_class: For example `Ags`, `Bond`, `Equity`, `Metals`, `OilGas` or `FX`.
        commission: Commission per lot, one way, in `currency`.
    """

    code: str
    broker_code: str
    exchange: str
    currency: str
    multiplier: Decimal
    price_magnifier: Decimal
    tick_size: Decimal
    description: str
    asset_class: str
    commission: Decimal

    @property
    def point_size(self) -> Decimal:
        """Money that one lot gains when the quoted price rises by 1."""
        return self.multiplier / self.price_magnifier


@attrs.frozen
class ListedContract:
    """A contract in the feed, and its dates.

    Attributes:
        contract: The contract, by the feed's date for it.
        first_day: The first day on which it trades.
        expiry: The last day on which it trades.
        last_trade: When it stops trading for good, nanoseconds UTC.
    """

    contract: FuturesContract
    first_day: date
    expiry: date
    last_trade: int


class Feed(Protocol):
    """A source of all market data of the simulation. Times are nanoseconds since 1970 UTC.

    A feed knows the future; the caller says up to when the answer may be known.
    """

    @property
    def default_start(self) -> int:
        """A sensible moment for a simulation on this feed to start."""
        ...

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last moment at which a simulation on this feed can start."""
        ...

    def describe(self) -> str:
        """Return what the data is, in a few words: `synthetic`, or a folder."""
        ...

    def instruments(self) -> tuple[str, ...]:
        """Return the codes of all instruments, in alphabetical order."""
        ...

    def facts(self, instrument_code: str) -> InstrumentFacts:
        """Return an instrument's facts.

        Raises:
            MissingInstrument: No such code.
        """
        ...

    def hours(self, instrument_code: str) -> MarketHours:
        """Return an instrument's trading hours.

        Raises:
            MissingInstrument: No such code.
        """
        ...

    def contracts(self, instrument_code: str) -> tuple[ListedContract, ...]:
        """Return every contract of an instrument, past, present and future, by date.

        Raises:
            MissingInstrument: No such code.
        """
        ...

    def bars(self, contract: FuturesContract, frequency: Frequency, start: int, end: int) -> Bars:
        """Return the bars that start at or after `start` and are complete by `end`; there may be none.

        Raises:
            MissingContract: The feed has no contract by that date.
            DataFileError: A file is damaged.
        """
        ...

    def has_bars(self, contract: FuturesContract, end: int) -> bool:
        """Return whether a contract has a bar that is complete by `end`."""
        ...

    def execution_bars(self, contract: FuturesContract, start: int, end: int) -> Bars:
        """Return the bars, starting in a stretch of time, that orders trade on.

        If the data are prices at single moments, the last known price is held from minute to
        minute while the market is open.
        """
        ...

    def fx_codes(self) -> tuple[str, ...]:
        """Return the currency pairs that have rates, in alphabetical order."""
        ...

    def fx_rates(self, fx_code: str, end: int) -> Bars:
        """Return the daily bars of a pair in `fx_codes` that are complete by `end`; the close is the rate."""
        ...

    def fx_execution_bars(self, fx_code: str, start: int, end: int) -> Bars:
        """Return the bars that orders for a pair in `fx_codes` trade on; their volume is NaN, unknown."""
        ...
