"""The simulation's bid and ask: one tick apart, from the minutes that orders trade on."""

from __future__ import annotations

import threading
from datetime import timedelta
from decimal import Decimal

import attrs
import numpy as np

from brokerkit.errors import MissingData
from brokerkit.plugins.sim.feeds.bars import DAY, Bars, Floats, Times, to_datetime
from brokerkit.plugins.sim.feeds.feed import ListedContract
from brokerkit.plugins.sim.simulation import Simulation
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Quote, QuoteStatus
from brokerkit.spec.timeout import seconds_of

LOOK_BACK = 7 * DAY
TICK_COUNT = 500
_PART_OF_VOLUME = 20


@attrs.frozen(eq=False)
class Ticks:
    """Bid and ask at the end of each of the latest minutes, as arrays of equal length.

    The last trade was at the bid if the price had fallen, otherwise at the ask.
    """

    time: Times
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    last: Floats

    def __len__(self) -> int:
        """Return the number of ticks."""
        return len(self.time)


def newest_ticks(simulation: Simulation, listed: ListedContract) -> Ticks:
    """Return the latest ticks of a contract, at most 500, from the last seven days; there may be none."""
    now = simulation.exchange.now_ns
    minutes = simulation.feed.execution_bars(listed.contract, now - LOOK_BACK, now).known_by(now)
    return _ticks_of(
        minutes.part(slice(-TICK_COUNT, None)), simulation.facts(listed.contract.instrument_code).tick_size
    )


def _ticks_of(minutes: Bars, tick: Decimal) -> Ticks:
    step = float(tick)
    last = minutes.close
    fell = last < minutes.open
    below: Floats = np.where(fell, last, last - step).astype(np.float64)
    decimals = len(f"{tick:f}".partition(".")[2])
    sizes = np.maximum(np.nan_to_num(minutes.volume, nan=0.0) // _PART_OF_VOLUME, 1.0)
    return Ticks(
        minutes.end, np.round(below, decimals), np.round(below + step, decimals), sizes, sizes[::-1].copy(), last
    )


class SimTicker:
    """A contract's stream of quotes, each at the simulation's current time."""

    def __init__(self, simulation: Simulation, contract: FuturesContract, listed: ListedContract) -> None:
        self._simulation = simulation
        self._contract = contract
        self._listed = listed
        self._cancelled = threading.Event()

    def __repr__(self) -> str:
        """Return the contract that is quoted."""
        return f"<SimTicker of {self._contract}>"

    @property
    def contract(self) -> FuturesContract:
        """The quoted contract."""
        return self._contract

    def cancel(self) -> None:
        """Stop the stream."""
        self._cancelled.set()

    def quote(self) -> Quote:
        """Return the quote at the simulation's clock; it is frozen while the market is closed."""
        simulation = self._simulation
        if self._cancelled.is_set():
            return self._nothing("its market data was cancelled")
        if simulation.is_expired(self._listed):
            return self._nothing(f"it stopped trading on {self._listed.expiry}")
        ticks = newest_ticks(simulation, self._listed)
        if not len(ticks):
            return self._nothing("the data has no price of the last seven days")
        is_open = simulation.feed.hours(self._contract.instrument_code).is_open(simulation.exchange.now_ns)
        return Quote(
            self._contract,
            to_datetime(int(ticks.time[-1])),
            QuoteStatus.LIVE if is_open else QuoteStatus.FROZEN,
            bid=_exact(ticks.bid),
            ask=_exact(ticks.ask),
            bid_size=int(ticks.bid_size[-1]),
            ask_size=int(ticks.ask_size[-1]),
            last=_exact(ticks.last),
            reason="" if is_open else "the market is closed",
        )

    def wait_for_quote(self, timeout: float = 10.0) -> Quote:
        """Return a quote; if there is none yet, first move a clock that the caller drives, by up to `timeout` seconds.

        Raises:
            MissingData: There is no quote; the error says why.
            WrongArgumentType: The timeout is not an int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
        """
        timeout = seconds_of(timeout, "Ticker.wait_for_quote")
        found = self.quote()
        if found.status is QuoteStatus.NONE and not self._cancelled.is_set():
            self._simulation.exchange.let_pass(timedelta(seconds=timeout))
            found = self.quote()
        if found.status is QuoteStatus.NONE:
            raise MissingData(f"No quote of {self._contract}: {found.reason}.", place=self._simulation.feed.describe())
        return found

    def _nothing(self, reason: str) -> Quote:
        return Quote(self._contract, self._simulation.now, QuoteStatus.NONE, reason=reason)


def _exact(prices: Floats) -> Decimal:
    return Decimal(repr(float(prices[-1])))
