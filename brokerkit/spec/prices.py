"""The prices domain: bars, quotes and ticks of futures contracts."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

import attrs

from brokerkit.errors import BrokerkitError
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.hooks import hook

if TYPE_CHECKING:
    import pandas as pd

BAR_COLUMNS = ("open", "high", "low", "close", "volume")
"""The columns of every bar frame, in order, each float64."""

TICK_COLUMNS = ("bid", "ask", "bid_size", "ask_size")
"""The columns of every tick frame, in order, each float64; NaN where that side has no quote."""


class Frequency(enum.Enum):
    """The length of a bar.

    Attributes:
        DAY: A session.
        HOUR: One hour.
        MINUTES_15: 15 minutes.
        MINUTES_5: 5 minutes.
        MINUTE: One minute.
        SECONDS_10: 10 seconds.
        SECOND: One second.
    """

    DAY = "1d"
    HOUR = "1h"
    MINUTES_15 = "15min"
    MINUTES_5 = "5min"
    MINUTE = "1min"
    SECONDS_10 = "10s"
    SECOND = "1s"

    @property
    def length(self) -> timedelta:
        """The time that one bar covers; a daily bar covers its session date."""
        return _LENGTHS[self]


_LENGTHS = {
    Frequency.DAY: timedelta(days=1),
    Frequency.HOUR: timedelta(hours=1),
    Frequency.MINUTES_15: timedelta(minutes=15),
    Frequency.MINUTES_5: timedelta(minutes=5),
    Frequency.MINUTE: timedelta(minutes=1),
    Frequency.SECONDS_10: timedelta(seconds=10),
    Frequency.SECOND: timedelta(seconds=1),
}


class QuoteStatus(enum.Enum):
    """How current a quote is.

    Attributes:
        LIVE: As it is now.
        DELAYED: As it was some minutes ago, by the broker's rules.
        FROZEN: The last one of a market that is closed.
        DELAYED_FROZEN: The last delayed one of a market that is closed.
        NONE: There is none.
    """

    LIVE = "live"
    DELAYED = "delayed"
    FROZEN = "frozen"
    DELAYED_FROZEN = "delayed-frozen"
    NONE = "none"


@attrs.frozen
class Quote:
    """The best prices of a contract at one moment. A side without a quote is None, never NaN or -1.

    Attributes:
        contract: What is quoted.
        time: When the broker sent it, aware UTC.
        status: Whether it is live, delayed, frozen or unavailable.
        bid: The best price at which one can sell.
        ask: The best price at which one can buy.
        bid_size: Lots bid for at that price.
        ask_size: Lots offered at that price.
        last: The last trade's price.
        last_size: The last trade's size in lots.
        reason: Why the status is not `LIVE`.
    """

    contract: FuturesContract
    time: datetime
    status: QuoteStatus
    bid: Decimal | None = None
    ask: Decimal | None = None
    bid_size: int | None = None
    ask_size: int | None = None
    last: Decimal | None = None
    last_size: int | None = None
    reason: str = ""


class Ticker(Protocol):
    """A running stream of quotes of one contract, until its market data is cancelled."""

    @property
    def contract(self) -> FuturesContract:
        """The contract that is quoted."""
        ...

    def quote(self) -> Quote:
        """Return the newest quote; its status is `NONE` if there has been none."""
        ...

    def wait_for_quote(self, timeout: float = 10.0) -> Quote:
        """Return the newest quote once it has both a bid and an ask.

        Args:
            timeout: The most seconds to wait, by the broker's clock.

        Raises:
            MissingData: There was none in time; the message gives the broker's reason if it has one.
            DataPermissionDenied: The account has no subscription for it.
            WrongArgumentType: The timeout is not an int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
        """
        ...


@attrs.frozen(eq=False, repr=False)  # frames can be compared only one by one, and fill a screen each
class ContractPrices:
    """The bars of many contracts, and an error for each contract that has none.

    Attributes:
        frames: Bars by contract, in the order asked for.
        errors: The typed error for every contract without a frame.
    """

    frames: dict[FuturesContract, pd.DataFrame]
    errors: dict[FuturesContract, BrokerkitError]

    def __repr__(self) -> str:
        """Return how many contracts have bars, and how many an error."""
        return f"<ContractPrices: {len(self.frames)} with bars, {len(self.errors)} with an error>"


class Prices(Protocol):
    """Bars, quotes and ticks of futures contracts, in the instrument's quoted units."""

    @hook()
    def get_instruments_with_price_data(self) -> list[str]:
        """Return the codes of the instruments that have prices, in alphabetical order.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     "CORN" in broker.prices.get_instruments_with_price_data()
            True
        """
        ...

    @hook(paced=True)
    def contract_dates_with_price_data_for_instrument_code(self, instrument_code: str) -> list[str]:
        """Return the contract dates of an instrument that have prices, including expired ones, ascending.

        Raises:
            MissingInstrument: No such code.
            MissingData: The instrument has no prices at all.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     dates = broker.prices.contract_dates_with_price_data_for_instrument_code("CORN")
            >>> dates == sorted(set(dates))
            True
        """
        ...

    @hook(paced=True)
    def get_prices_for_contract_object(
        self,
        contract: FuturesContract,
        frequency: Frequency = Frequency.DAY,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> pd.DataFrame:
        """Return the bars of a single contract, expired or not.

        Args:
            contract: A single contract.
            frequency: The length of a bar.
            start: Only bars at or after this aware time; None for as far back as there are any.
            end: Only bars before this aware time; None for up to now. Only bars that have ended by
                the broker's clock are returned.

        Returns:
            A DataFrame with the float64 columns `open high low close volume`. Its `DatetimeIndex`,
            named `time`, is in UTC and strictly increasing: an intraday bar is stamped with its start, a
            daily bar with its session date at 00:00.

        Raises:
            MissingContract: No such contract.
            MissingData: No bars in that range at that frequency.
            InvalidArgument: A time has no zone, or `start` is not before `end`.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     bars = broker.prices.get_prices_for_contract_object(FuturesContract("CORN", front))
            >>> list(bars.columns), bars.index.name, str(bars.index.tz)
            (['open', 'high', 'low', 'close', 'volume'], 'time', 'UTC')
        """
        ...

    @hook(paced=True)
    def get_prices_for_contract_objects(
        self,
        contracts: Sequence[FuturesContract],
        frequency: Frequency = Frequency.DAY,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> ContractPrices:
        """Return the bars of many contracts at once, as fast as the broker's pacing allows.

        Args:
            contracts: Single contracts.
            frequency: The length of a bar.
            start: As for one contract.
            end: As for one contract.

        Returns:
            Each contract's frame, or its error: one without data does not affect the others.

        Raises:
            InvalidArgument: A time has no zone, or `start` is not before `end`.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     wanted = [FuturesContract("CORN", front), FuturesContract("CORN", "190001")]
            ...     prices = broker.prices.get_prices_for_contract_objects(wanted)
            >>> len(prices.frames), [type(error).__name__ for error in prices.errors.values()]
            (1, ['MissingContract'])
        """
        ...

    @hook(paced=True)
    def get_recent_bid_ask_tick_data_for_contract_object(self, contract: FuturesContract) -> pd.DataFrame:
        """Return the newest bid and ask ticks of a single contract.

        Returns:
            A DataFrame with the float64 columns `bid ask bid_size ask_size` (NaN: that side has no
            quote) and a `DatetimeIndex` in UTC named `time`, in order; times may repeat.

        Raises:
            MissingContract: No such contract.
            MissingData: No ticks.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     ticks = broker.prices.get_recent_bid_ask_tick_data_for_contract_object(
            ...         FuturesContract("CORN", front)
            ...     )
            >>> bool((ticks["bid"] < ticks["ask"]).all())
            True
        """
        ...

    @hook(paced=True)
    def get_ticker_object_for_contract(self, contract: FuturesContract) -> Ticker:
        """Return the stream of a contract's quotes, and start it if it is not running.

        Raises:
            MissingContract: No such contract.
            ContractExpired: It no longer trades.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     ticker = broker.prices.get_ticker_object_for_contract(FuturesContract("CORN", front))
            ...     quote = ticker.wait_for_quote()
            >>> quote.bid < quote.ask
            True
        """
        ...

    @hook(paced=True)
    def cancel_market_data_for_contract(self, contract: FuturesContract) -> FuturesContract:
        """Stop the contract's stream of quotes and return the contract. Stopping twice does nothing.

        Raises:
            MissingContract: No such contract.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     str(broker.prices.cancel_market_data_for_contract(FuturesContract("CORN", front)))[:5]
            'CORN/'
        """
        ...
