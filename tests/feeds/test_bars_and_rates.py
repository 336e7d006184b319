"""Columns of bars, and rates derived from rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit.plugins.sim.feeds.bars import MINUTE, Bars, joined, no_bars, resampled
from brokerkit.plugins.sim.feeds.rates import RateSeries, derived_rates, pairs_between
from brokerkit.spec.prices import Frequency


def _minutes(closes: list[float], first: int = 0) -> Bars:
    time = np.arange(first, first + len(closes), dtype=np.int64) * MINUTE
    close = np.array(closes)
    opened = np.concatenate((close[:1], close[:-1]))
    return Bars(time, time + MINUTE, opened, np.maximum(opened, close), np.minimum(opened, close), close, close * 0 + 2)


@given(closes=st.lists(st.floats(1, 1000), min_size=1, max_size=200), first=st.integers(0, 100))
def test_resampled_bars_hold_all_that_was_in_them(closes: list[float], first: int) -> None:
    minutes = _minutes(closes, first)
    hours = resampled(minutes, Frequency.HOUR)
    assert hours.volume.sum() == minutes.volume.sum()
    assert (hours.high.max(), hours.low.min()) == (minutes.high.max(), minutes.low.min())
    assert (hours.open[0], hours.close[-1]) == (minutes.open[0], minutes.close[-1])
    assert (hours.time % (60 * MINUTE) == 0).all()
    assert (np.diff(hours.time) > 0).all()
    assert (hours.end >= hours.time + 60 * MINUTE).all()


def test_parts_are_cut_by_start_and_by_end() -> None:
    bars = _minutes([1.0, 2.0, 3.0, 4.0])
    assert bars.known_by(2 * MINUTE).close.tolist() == [1.0, 2.0]
    assert bars.between(MINUTE, 3 * MINUTE).close.tolist() == [2.0, 3.0]
    assert len(bars.known_by(0)) == 0
    assert np.shares_memory(bars.between(0, MINUTE).close, bars.close)


def test_joining_and_nothing() -> None:
    first, second = _minutes([1.0]), _minutes([2.0, 3.0], 1)
    assert joined([first, no_bars(), second]).close.tolist() == [1.0, 2.0, 3.0]
    assert len(joined([])) == len(resampled(no_bars(), Frequency.HOUR)) == 0


RATES = {
    "GBPUSD": RateSeries(np.array([1, 2, 3], np.int64), np.array([1.25, 1.30, 1.35])),
    "EURUSD": RateSeries(np.array([2, 3, 4], np.int64), np.array([1.00, 1.10, 1.20])),
    "USDJPY": RateSeries(np.array([1, 3], np.int64), np.array([150.0, 160.0])),
}


def _derived(code: str) -> tuple[list[int], list[float]]:
    found = derived_rates(code, RATES, RATES.__getitem__)
    assert found is not None
    return found.time.tolist(), [round(rate, 9) for rate in found.rate.tolist()]


@pytest.mark.parametrize(
    ("code", "days", "rates"),
    [
        ("GBPUSD", [1, 2, 3], [1.25, 1.30, 1.35]),
        ("USDGBP", [1, 2, 3], [0.8, 1 / 1.3, 1 / 1.35]),
        ("GBPEUR", [2, 3], [1.3, 1.35 / 1.1]),
        ("GBPJPY", [1, 3], [187.5, 216.0]),
        ("JPYGBP", [1, 3], [1 / 187.5, 1 / 216.0]),
        ("EURJPY", [3], [176.0]),
        ("USDUSD", [1, 2, 3, 4], [1.0] * 4),
    ],
)
def test_inverses_and_crosses(code: str, days: list[int], rates: list[float]) -> None:
    found_days, found_rates = _derived(code)
    assert found_days == days
    assert found_rates == pytest.approx(rates)


@pytest.mark.parametrize("code", ["GBPCHF", "CHFCHF", "XXXUSD"])
def test_nothing_leads_to_an_unknown_currency(code: str) -> None:
    assert derived_rates(code, RATES, RATES.__getitem__) is None


def test_the_direct_pair_is_preferred_to_a_cross() -> None:
    assert pairs_between("USD", "EUR", ["GBPUSD", "EURGBP", "EURUSD"]) == ["EURUSD"]
    assert pairs_between("USD", "USD", ["GBPUSD"]) == []
