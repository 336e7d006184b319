"""Bars of a currency pair that a feed does not have, derived from two that it has."""

from __future__ import annotations

import numpy as np

from brokerkit.plugins.sim.feeds.bars import Bars, no_bars
from brokerkit.plugins.sim.feeds.feed import Feed
from brokerkit.plugins.sim.feeds.rates import RateSeries, derived_rates, pairs_between
from brokerkit.spec.contract import FxPair


def cross_bars(feed: Feed, pair: FxPair, start: int, end: int) -> Bars:
    """Return the cross rate at the end of each bar that two quoted pairs have in common; there may be none."""
    codes = pairs_between(pair.base, pair.quote, feed.fx_codes())
    legs = {code: feed.fx_execution_bars(code, start, end) for code in codes}
    found = derived_rates(pair.code, codes, lambda code: RateSeries(legs[code].time, legs[code].close))
    if found is None:
        return no_bars()
    known, rate = legs[codes[0]], found.rate
    ends = known.end[np.searchsorted(known.time, found.time)]
    return Bars(found.time, ends, rate, rate, rate, rate, np.full(len(rate), np.nan))
