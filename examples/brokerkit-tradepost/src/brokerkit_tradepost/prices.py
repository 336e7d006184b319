"""The prices domain of Tradepost: daily bars, and quotes that are asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import pandas as pd

from brokerkit import ContractPrices, Frequency, FuturesContract, Prices, Quote, QuoteStatus, hookimpl, unsupported
from brokerkit.errors import BrokerkitError, InvalidArgument, MissingData
from brokerkit.spec.prices import BAR_COLUMNS
from brokerkit_tradepost.client import Client
from brokerkit_tradepost.contracts import TradepostContracts
from brokerkit_tradepost.instruments import TradepostInstruments


class TradepostTicker:
    """Quotes of one contract: each look is a request, until the market data is cancelled."""

    def __init__(self, client: Client, contract: FuturesContract, contract_id: str) -> None:
        self._client = client
        self._contract = contract
        self._path = f"/v1/quote?contract={contract_id}"
        self._last: Quote | None = None
        self._ended = False

    @property
    def contract(self) -> FuturesContract:
        """The contract that is quoted."""
        return self._contract

    def quote(self) -> Quote:
        """Return the quote of now, or the last one once the market data was cancelled."""
        if not self._ended or self._last is None:
            self._last = self._asked()
        return self._last

    def wait_for_quote(self, timeout: float = 10.0) -> Quote:
        """Return a quote with both sides."""
        deadline = time.monotonic() + timeout
        while True:
            quote = self.quote()
            if quote.bid is not None and quote.ask is not None:
                return quote
            if time.monotonic() >= deadline:
                raise MissingData(f"Tradepost has no quote of {self._contract} with two sides.")
            time.sleep(0.2)

    def end(self) -> None:
        """Keep the last quote, and ask no more."""
        self._ended = True

    def _asked(self) -> Quote:
        row = self._client.get(self._path)
        return Quote(
            contract=self._contract,
            time=datetime.fromisoformat(row["time"]),
            status=QuoteStatus.LIVE,
            bid=Decimal(row["bid"]),
            ask=Decimal(row["ask"]),
            bid_size=row["size"],
            ask_size=row["size"],
            last=Decimal(row["last"]),
        )


class TradepostPrices(Prices):
    """Daily bars and quotes."""

    get_recent_bid_ask_tick_data_for_contract_object = unsupported("Tradepost keeps no ticks")

    def __init__(self, client: Client, instruments: TradepostInstruments, contracts: TradepostContracts) -> None:
        self._client = client
        self._instruments = instruments
        self._contracts = contracts
        self._tickers: dict[FuturesContract, TradepostTicker] = {}

    @hookimpl
    def get_instruments_with_price_data(self) -> list[str]:
        """Return every instrument: each has bars."""
        return self._instruments.get_list_of_instruments()

    @hookimpl
    def contract_dates_with_price_data_for_instrument_code(self, instrument_code: str) -> list[str]:
        """Return every month: each has bars."""
        return self._contracts.get_list_of_contract_dates_for_instrument_code(instrument_code, allow_expired=True)

    @hookimpl
    def get_prices_for_contract_object(
        self,
        contract: FuturesContract,
        frequency: Frequency = Frequency.DAY,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> pd.DataFrame:
        """Return daily bars."""
        _check_range(start, end)
        contract_id = self._contracts.row(contract)["id"]
        if frequency is not Frequency.DAY:
            raise MissingData(f"Tradepost has daily bars only, not {frequency.value}.")
        rows = self._client.get(f"/v1/candles?contract={contract_id}")
        index = pd.DatetimeIndex([row[0] for row in rows], tz="UTC", name="time")
        bars = pd.DataFrame([row[1:] for row in rows], index=index, columns=list(BAR_COLUMNS), dtype="float64")
        wanted: pd.DataFrame = bars[[(not start or start <= time) and (not end or time < end) for time in index]]
        if wanted.empty:
            raise MissingData(f"Tradepost has no bars of {contract} in that range.")
        return wanted

    @hookimpl
    def get_prices_for_contract_objects(
        self,
        contracts: Sequence[FuturesContract],
        frequency: Frequency = Frequency.DAY,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> ContractPrices:
        """Return the daily bars of many contracts, one request after another."""
        _check_range(start, end)
        answers = ContractPrices({}, {})
        for contract in contracts:
            try:
                answers.frames[contract] = self.get_prices_for_contract_object(contract, frequency, start, end)
            except BrokerkitError as error:
                answers.errors[contract] = error
        return answers

    @hookimpl
    def get_ticker_object_for_contract(self, contract: FuturesContract) -> TradepostTicker:
        """Return a ticker, the same one while it runs."""
        if contract not in self._tickers:
            contract_id = self._contracts.row(contract, allow_expired=False)["id"]
            self._tickers[contract] = TradepostTicker(self._client, contract, contract_id)
        return self._tickers[contract]

    @hookimpl
    def cancel_market_data_for_contract(self, contract: FuturesContract) -> FuturesContract:
        """End a ticker."""
        self._contracts.row(contract)
        ticker = self._tickers.pop(contract, None)
        if ticker is not None:
            ticker.end()
        return contract


def _check_range(start: datetime | None, end: datetime | None) -> None:
    for moment in (start, end):
        if moment is not None and moment.tzinfo is None:
            raise InvalidArgument(f"{moment} has no time zone.", remedy="Give an aware datetime, best in UTC.")
    if start is not None and end is not None and start >= end:
        raise InvalidArgument(f"start {start} is not before end {end}.")
