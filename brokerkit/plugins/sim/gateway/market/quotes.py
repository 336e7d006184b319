"""Quotes derived from the bars that have ended by a given time.

The exchange trades on bars and has no order book. The last price is the close of the last bar; bid and ask are a
tick below and above it; sizes depend on that bar's volume. Nothing of a bar is shown before it has ended.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np

from brokerkit.plugins.sim.exchange.units import SECOND
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.market.bars import Bars
from brokerkit.plugins.sim.gateway.market.market import Market


@attrs.frozen
class Quote:
    """Prices and sizes at one time.

    Attributes:
        time: The time of the last trade, in seconds since 1970 UTC.
        volume: Lots traded in the trading day, to which `high`, `low` and `open` also refer.
        previous_close: The last price before that day; 0 if there is none.
    """

    time: int
    bid: float
    ask: float
    last: float
    bid_size: float
    ask_size: float
    last_size: float
    volume: float
    high: float
    low: float
    open: float
    previous_close: float

    @property
    def midpoint(self) -> float:
        """The mean of bid and ask."""
        return round((self.bid + self.ask) / 2, 10)

    def without_bid_and_ask(self) -> Quote:
        """Return the quote of a closed market, as IB sends it: bid and ask -1, with size 0."""
        return attrs.evolve(self, bid=-1.0, ask=-1.0, bid_size=0.0, ask_size=0.0)


def half_spread(listed: Listed) -> float:
    """Return the distance of bid and ask from the last price: one tick."""
    return float(listed.terms.tick_size)


def quote_at(market: Market, listed: Listed, now: int) -> Quote | None:
    """Return the quote at a time (nanoseconds UTC), or None before the first bar has ended."""
    bars = market.recent(listed, now)
    stop = len(bars)
    if not stop:
        return None
    began = market.day_began(listed, int(bars.end[stop - 1]))
    first = min(int(np.searchsorted(bars.start, began, side="left")), stop - 1)
    return _quote(bars, first, stop, half_spread(listed))


def quotes_after(bars: Bars, moment: int, half: float) -> Iterator[Quote]:
    """Yield the quote after each bar that ends after a time, with that bar's own figures."""
    for at in range(int(np.searchsorted(bars.end, moment, side="right")), len(bars)):
        yield _quote(bars, at, at + 1, half)


def _quote(bars: Bars, first: int, stop: int, half: float) -> Quote:
    last, volume = float(bars.close[stop - 1]), float(bars.volume[stop - 1])
    size = float(max(1, round(volume / 20)))
    return Quote(
        int(bars.end[stop - 1]) // SECOND,
        round(last - half, 10),
        round(last + half, 10),
        last,
        size,
        size + 1.0,
        float(max(1, round(volume / 50))),
        float(bars.volume[first:stop].sum()),
        float(bars.high[first:stop].max()),
        float(bars.low[first:stop].min()),
        float(bars.open[first]),
        float(bars.close[first - 1]) if first else 0.0,
    )
