"""The prices domain of the simulated broker: the data's bars up to the clock, and quotes made from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from brokerkit.errors import BrokerkitError, InvalidArgument, MissingData
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds.bars import DAY, length_of
from brokerkit.plugins.sim.frames import bar_frame, tick_frame
from brokerkit.plugins.sim.quotes import SimTicker, newest_ticks
from brokerkit.plugins.sim.simulation import Simulation
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.prices import ContractPrices, Frequency, Prices, Ticker

if TYPE_CHECKING:
    import pandas as pd

_BEGINNING = -(1 << 62)
LONGEST_SESSION = 2 * DAY
"""No session ends later than this after 00:00 UTC of its date, in whatever time zone."""


class SimPrices(Prices):
    """Prices as known at the simulation's clock, with nothing from its future."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._tickers: dict[FuturesContract, SimTicker] = {}

    @hookimpl
    def get_instruments_with_price_data(self) -> list[str]:
        """Return the instruments in the data."""
        return list(self._simulation.feed.instruments())

    @hookimpl
    def contract_dates_with_price_data_for_instrument_code(self, instrument_code: str) -> list[str]:
        """Return the contracts that had a price by the simulation's clock."""
        simulation = self._simulation.reached()
        now, today, feed = simulation.exchange.now_ns, simulation.now.date(), simulation.feed
        dates = [
            one.contract.date
            for one in feed.contracts(instrument_code)
            if one.first_day <= today and feed.has_bars(one.contract, now)
        ]
        if not dates:
            raise MissingData(f"No prices of {instrument_code} before {today}.", place=feed.describe())
        return dates

    @hookimpl
    def get_prices_for_contract_object(
        self,
        contract: FuturesContract,
        frequency: Frequency = Frequency.DAY,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> pd.DataFrame:
        """Return the bars of a contract that have ended by the simulation's clock."""
        first, last = _range(start, end)
        return self._frame(contract, frequency, first, last)

    @hookimpl
    def get_prices_for_contract_objects(
        self,
        contracts: Sequence[FuturesContract],
        frequency: Frequency = Frequency.DAY,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> ContractPrices:
        """Return the bars of several contracts, and the error of each contract without any."""
        first, last = _range(start, end)
        found = ContractPrices({}, {})
        for contract in contracts:
            try:
                found.frames[contract] = self._frame(contract, frequency, first, last)
            except BrokerkitError as error:
                found.errors[contract] = error
        return found

    @hookimpl
    def get_recent_bid_ask_tick_data_for_contract_object(self, contract: FuturesContract) -> pd.DataFrame:
        """Return a bid and an ask at the end of each of the latest minutes."""
        listed = self._simulation.known(contract)
        ticks = newest_ticks(self._simulation, listed)
        if not len(ticks):
            raise MissingData(
                f"No ticks of {contract} in the seven days before {self._simulation.now:%Y-%m-%d %H:%M} UTC.",
                place=self._simulation.feed.describe(),
            )
        return tick_frame(ticks)

    @hookimpl
    def get_ticker_object_for_contract(self, contract: FuturesContract) -> Ticker:
        """Return the contract's stream of quotes."""
        listed = self._simulation.tradable(contract)
        return self._tickers.setdefault(contract, SimTicker(self._simulation, contract, listed))

    @hookimpl
    def cancel_market_data_for_contract(self, contract: FuturesContract) -> FuturesContract:
        """Stop the contract's stream of quotes."""
        self._simulation.known(contract)
        running = self._tickers.pop(contract, None)
        if running is not None:
            running.cancel()
        return contract

    def _frame(self, contract: FuturesContract, frequency: Frequency, start: int, end: int | None) -> pd.DataFrame:
        simulation = self._simulation
        listed = simulation.known(contract)
        now = simulation.exchange.now_ns
        complete_by = now if end is None else min(now, end + max(length_of(frequency), LONGEST_SESSION))
        bars = simulation.feed.bars(listed.contract, frequency, start, complete_by)
        wanted = bars if end is None else bars.between(_BEGINNING, end)
        if not len(wanted):
            raise MissingData(
                f"No {frequency.value} bars of {contract} that start in that range and ended by "
                f"{simulation.now:%Y-%m-%d %H:%M} UTC.",
                place=simulation.feed.describe(),
                remedy="Ask for another range or frequency.",
            )
        return bar_frame(wanted)


def _range(start: datetime | None, end: datetime | None) -> tuple[int, int | None]:
    for moment in (start, end):
        if moment is not None and moment.tzinfo is None:
            raise InvalidArgument(f"{moment} has no time zone.", remedy="Give an aware datetime, preferably in UTC.")
    if start is not None and end is not None and start >= end:
        raise InvalidArgument(f"The start {start} is not before the end {end}.", remedy="Give an earlier start.")
    return _BEGINNING if start is None else nanoseconds(start), None if end is None else nanoseconds(end)
