"""The small parts: ticks found from prices, columns packed, the moment to begin at."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds.bars import DAY
from brokerkit.plugins.sim.feeds.default_moment import sensible_start
from brokerkit.plugins.sim.feeds.hours import GLOBEX, GRAINS, OSAKA, market_hours
from brokerkit.plugins.sim.feeds.packed import PackedNumbers, PackedTimes
from brokerkit.plugins.sim.feeds.tick_size import CANDIDATES, inferred_tick, on_grid


def utc(year: int, month: int, day: int, hour: int = 0) -> int:
    return nanoseconds(datetime(year, month, day, hour, tzinfo=timezone.utc))


@given(tick=st.sampled_from(CANDIDATES), start=st.integers(-1000, 10**6), seed=st.integers(0, 999))
def test_the_tick_is_found_from_prices_on_it(tick: Decimal, start: int, seed: int) -> None:
    steps = np.concatenate(([start, start + 1], start + np.random.default_rng(seed).integers(0, 300, 200)))
    prices = on_grid(steps * float(tick), tick)
    found = inferred_tick(prices)
    assert found >= tick
    assert np.isclose(prices, on_grid(prices, found), rtol=1e-12, atol=0).mean() >= 0.98


@pytest.mark.parametrize("tick", ["0.25", "0.01", "0.005", "0.1", "0.015625", "0.00005", "0.0000005", "5"])
def test_the_ticks_of_real_instruments_are_found(tick: str) -> None:
    steps = np.random.default_rng(1).integers(15_000, 25_000, 5000)
    assert inferred_tick(on_grid(steps * float(tick), Decimal(tick))) == Decimal(tick)


def test_one_slip_in_a_hundred_prices_does_not_change_the_tick() -> None:
    prices = 400 + np.arange(1000) % 77 * 0.25
    prices[::100] += 0.1153846153846
    assert inferred_tick(prices) == Decimal("0.25")


NUMBERS = st.one_of(st.floats(), st.integers(-(2**40), 2**40).map(float), st.integers(0, 10**8).map(lambda n: n / 400))


@given(values=st.lists(NUMBERS, min_size=1), first=st.integers(0, 5), count=st.integers(0, 60))
def test_packed_numbers_come_out_as_they_went_in(values: list[float], first: int, count: int) -> None:
    column = np.array(values)
    part = slice(first, first + count)
    np.testing.assert_array_equal(PackedNumbers.of(column).part(part), column[part])


@pytest.mark.parametrize("steps", [1, 4, 20, 100, 400, 20_000, 2_000_000])
def test_prices_on_usual_ticks_take_half_the_memory(steps: int) -> None:
    prices = np.random.default_rng(2).integers(0, 10**6, 1000) / steps
    assert PackedNumbers.of(prices).kept.nbytes == prices.nbytes / 2
    assert not PackedNumbers.of(np.full(1000, np.nan)).kept.strides[0]


@given(
    steps=st.lists(st.integers(1, 10**12), min_size=1), unit=st.sampled_from((1, 1000, 10**9, 60 * 10**9)),
    moment=st.integers(-(10**20), 10**20),
)  # fmt: skip
def test_packed_times_come_out_as_they_went_in(steps: list[int], unit: int, moment: int) -> None:
    time = np.cumsum(np.array(steps) % 10**6 + 1) * unit
    packed = PackedTimes.of(time)
    np.testing.assert_array_equal(packed.part(slice(None)), time)
    for wanted in (moment, int(time[0]), int(time[-1]), int(time[len(time) // 2]) + 1):
        assert packed.place(wanted) == sum(1 for one in time.tolist() if one < wanted)


def test_a_simulation_begins_two_months_before_the_first_series_ends() -> None:
    spans = [
        (utc(2000, 1, 1), utc(2022, 9, 30)),
        (utc(1990, 1, 1), utc(2023, 8, 31)),
        (utc(1980, 1, 1), utc(2001, 1, 1)),
    ]
    found = sensible_start(spans, [market_hours(GRAINS), market_hours(GLOBEX), market_hours(GLOBEX)])
    # all three run side by side up to 2001
    assert utc(2000, 11, 2) <= found <= utc(2000, 11, 9)
    assert sensible_start(spans[:2], [market_hours(GRAINS), market_hours(GLOBEX)]) == utc(2022, 8, 1, 15)


def test_a_short_history_begins_in_its_middle_and_while_its_market_is_open() -> None:
    span = (utc(2023, 3, 1), utc(2023, 3, 31))
    found = sensible_start([span], [market_hours(OSAKA)])
    assert market_hours(OSAKA).is_open(found)
    assert abs(found - utc(2023, 3, 16)) < 5 * DAY


def test_a_single_moment_is_a_start_as_well() -> None:
    moment = utc(2023, 3, 1, 15)
    assert moment <= sensible_start([(moment, moment)], [market_hours(GLOBEX)]) <= moment + 7 * DAY
