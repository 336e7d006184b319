"""The `Feed` Protocol: where the simulation's instruments, contracts, hours, bars and rates come from."""

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
    """What is known of an instrument; its contracts share it.

    Attributes:
        code: Our code, such as `CORN`.
        broker_code: The broker's symbol, such as `ZC`.
        exchange: Where it trades, as the broker spells it.
        currency: ISO 4217 code that profit is paid in.
        multiplier: The broker's contract multiplier.
        price_magnifier: By how much the quoted price is larger than the price in currency.
        tick_size: The smallest price step, in quoted units.
        description: In words.
        asset_class: Such as `Ags`, `Bond`, `Equity`, `Metals`, `OilGas`, `FX`.
        commission: Money a lot costs to trade, one way, in `currency`.
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
        """Money gained by one lot when the quoted price rises by 1."""
        return self.multiplier / self.price_magnifier


@attrs.frozen
class ListedContract:
    """A contract that the feed has, and when it ends.

    Attributes:
        contract: By the date that the feed names it by.
        first_day: The first day on which it trades.
        expiry: The last day on which it trades.
        last_trade: When trading ends for good, nanoseconds UTC.
    """

    contract: FuturesContract
    first_day: date
    expiry: date
    last_trade: int


class Feed(Protocol):
    """A source of everything the simulation knows of the world. Times are nanoseconds since 1970 UTC.

    A feed knows the future; whoever asks it says up to when the answer may be known.
    """

    @property
    def default_start(self) -> int:
        """A moment at which a simulation on this feed can sensibly begin."""
        ...

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last moment at which a simulation on this feed can begin."""
        ...

    def describe(self) -> str:
        """Return what the data is, in a few words: `synthetic`, or a folder."""
        ...

    def instruments(self) -> tuple[str, ...]:
        """Return the codes of all instruments, in alphabetical order."""
        ...

    def facts(self, instrument_code: str) -> InstrumentFacts:
        """Return what is known of an instrument.

        Raises:
            MissingInstrument: No such code.
        """
        ...

    def hours(self, instrument_code: str) -> MarketHours:
        """Return when an instrument trades.

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
        """Return the bars that start at or after `start` and are complete by `end`; none is an empty answer.

        Raises:
            MissingContract: No such contract, by the date that the feed names it by.
            DataFileError: A file is damaged.
        """
        ...

    def has_bars(self, contract: FuturesContract, end: int) -> bool:
        """Return whether a contract has any bar that is complete by `end`."""
        ...

    def execution_bars(self, contract: FuturesContract, start: int, end: int) -> Bars:
        """Return the bars that orders trade on, those that start in a stretch of time.

        Where the data are prices at single moments, the last known one is held from minute to
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
        """Return the bars that orders for a pair in `fx_codes` trade on; their volume is NaN, not known."""
        ...
