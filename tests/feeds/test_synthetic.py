"""The synthetic world: realistic, consistent with itself, and the same for a seed in any process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import datetime, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerkit.errors import MissingContract, MissingFxCode, MissingInstrument
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds import Bars, SyntheticFeed
from brokerkit.plugins.sim.feeds.bars import DAY, length_of, to_datetime
from brokerkit.plugins.sim.feeds.catalogue import CURRENCY_RECIPES, RECIPES
from brokerkit.plugins.sim.feeds.feed import ListedContract
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

FEED = SyntheticFeed()
NOW = FEED.default_start
INTRADAY = [one for one in Frequency if one is not Frequency.DAY]


def _front(code: str, place: int = 0, now: int = NOW) -> ListedContract:
    return [one for one in FEED.contracts(code) if one.last_trade > now][place]


def _is_sound(bars: Bars) -> None:
    assert (np.diff(bars.time) > 0).all(), "times do not rise"
    assert (np.diff(bars.end) >= 0).all(), "ends fall"
    assert (bars.high >= np.maximum(bars.open, bars.close)).all()
    assert (bars.low <= np.minimum(bars.open, bars.close)).all()
    assert (bars.low > 0).all()
    assert (bars.volume >= 0).all()


def _on_grid(prices: np.ndarray, tick: float) -> bool:
    return bool(np.allclose(prices / tick, np.rint(prices / tick), atol=1e-6))


@pytest.mark.parametrize("code", FEED.instruments())
def test_every_instrument_has_sound_bars_on_its_tick(code: str) -> None:
    contract = _front(code, 1).contract
    tick = float(FEED.facts(code).tick_size)
    for frequency in (Frequency.DAY, Frequency.HOUR, Frequency.MINUTE):
        bars = FEED.bars(contract, frequency, NOW - 20 * DAY, NOW)
        assert len(bars) > 5
        _is_sound(bars)
        assert _on_grid(bars.close, tick)
        assert bars.end[-1] <= NOW


@settings(max_examples=25, deadline=None)
@given(
    code=st.sampled_from(FEED.instruments()),
    place=st.integers(0, 4),
    days=st.integers(-2000, 1000),
    seconds=st.integers(0, 86_399),
    frequency=st.sampled_from(
        [Frequency.DAY, Frequency.HOUR, Frequency.MINUTES_15, Frequency.MINUTE, Frequency.SECONDS_10]
    ),
)
def test_bars_are_sound_wherever_one_looks(
    code: str, place: int, days: int, seconds: int, frequency: Frequency
) -> None:
    now = NOW + days * DAY + seconds * 1_000_000_000
    contract = _front(code, place, now).contract
    bars = FEED.bars(contract, frequency, now - 4 * DAY, now)
    _is_sound(bars)
    assert (bars.time >= now - 4 * DAY).all()
    assert (bars.end <= now).all(), "a bar from the future"
    if frequency is not Frequency.DAY:
        assert (bars.time % length_of(frequency) == 0).all(), "a bar does not start on a round time"
        hours = FEED.hours(code)
        assert all(
            _overlaps(hours.current_or_next(int(start)), int(start), length_of(frequency)) for start in bars.time
        )


def _overlaps(session: tuple[int, int] | None, start: int, length: int) -> bool:
    return session is not None and session[0] < start + length


@pytest.mark.parametrize("code", ["CORN", "GOLD", "BUND", "EDOLLAR", "JPY"])
def test_shorter_bars_add_up_to_the_day(code: str) -> None:
    contract = _front(code).contract
    daily = FEED.bars(contract, Frequency.DAY, NOW - 10 * DAY, NOW)
    for at in range(len(daily)):
        opening, closing = FEED.hours(code).span_of(to_datetime(int(daily.time[at])).date())
        for frequency in (Frequency.MINUTE, Frequency.SECONDS_10):
            inside = FEED.bars(contract, frequency, opening, NOW).between(opening, closing)
            if not len(inside):
                continue  # bars of seconds do not reach back as far
            assert (inside.open[0], inside.close[-1]) == (daily.open[at], daily.close[at])
            assert (inside.high.max(), inside.low.min()) == (daily.high[at], daily.low[at])
            assert inside.volume.sum() == daily.volume[at]


def test_seconds_add_up_to_ten_seconds() -> None:
    contract = _front("GOLD").contract
    start = NOW - 3600 * 1_000_000_000
    tens = FEED.bars(contract, Frequency.SECONDS_10, start, NOW)
    seconds = FEED.bars(contract, Frequency.SECOND, start, NOW)
    assert len(seconds) == 10 * len(tens) == 3600
    assert (seconds.close[9::10] == tens.close).all()
    assert seconds.volume.reshape(-1, 10).sum(axis=1).tolist() == tens.volume.tolist()


def test_orders_trade_on_the_prices_that_history_shows() -> None:
    contract = _front("GOLD").contract
    traded = FEED.execution_bars(contract, NOW, NOW + DAY)
    shown = FEED.bars(contract, Frequency.SECONDS_10, NOW, NOW + DAY)
    assert traded.known_by(NOW + DAY).close.tolist() == shown.close.tolist()


def test_contracts_of_one_instrument_lie_apart_by_their_carry() -> None:
    gold = [FEED.bars(_front("GOLD", n).contract, Frequency.DAY, 0, NOW).close[-1] for n in range(5)]
    assert gold == sorted(gold), "gold is in contango"
    rates = [FEED.bars(_front("EDOLLAR", n).contract, Frequency.DAY, 0, NOW).close[-1] for n in range(5)]
    assert rates == sorted(rates, reverse=True), "further rates are higher, so their prices are lower"


def test_volume_rises_toward_the_front_and_falls_before_expiry() -> None:
    contract = _front("GOLD", 0, NOW - 60 * DAY)
    volume = FEED.bars(contract.contract, Frequency.DAY, 0, contract.last_trade).volume
    assert volume[-60:-20].mean() > 5 * volume[:100].mean()
    assert volume[-2:].mean() < 0.3 * volume[-60:-20].mean()


def test_a_micro_contract_goes_by_its_big_brother() -> None:
    big, micro = _front("SP500"), _front("SP500_micro")
    assert (
        FEED.bars(big.contract, Frequency.MINUTE, NOW - DAY, NOW).close.tolist()
        == FEED.bars(micro.contract, Frequency.MINUTE, NOW - DAY, NOW).close.tolist()
    )


@pytest.mark.parametrize("code", FEED.instruments())
def test_chains_follow_the_cycle_and_expire_in_order(code: str) -> None:
    chain = FEED.contracts(code)
    dates = [one.contract.date for one in chain]
    assert dates == sorted(set(dates))
    assert [one.expiry for one in chain] == sorted(one.expiry for one in chain)
    assert all(one.first_day < one.expiry for one in chain if one.expiry.year > 2010)
    assert all(FEED.hours(code).is_trading_date(one.expiry) for one in chain)
    letters = {"FGHJKMNQUVXZ"[int(date[4:]) - 1] for date in dates}
    assert letters == set(RECIPES[code].cycle)


def test_bars_end_with_the_contract() -> None:
    contract = _front("CORN")
    after = contract.last_trade + 30 * DAY
    assert FEED.bars(contract.contract, Frequency.DAY, 0, after).end[-1] == contract.last_trade
    assert FEED.execution_bars(contract.contract, contract.last_trade - DAY, after).end[-1] == contract.last_trade
    assert len(FEED.execution_bars(contract.contract, contract.last_trade, after)) == 0


@pytest.mark.parametrize("code", sorted(CURRENCY_RECIPES))
def test_rates_have_a_positive_close_for_each_weekday(code: str) -> None:
    rates = FEED.fx_rates(code, NOW)
    assert (rates.close > 0).all()
    assert (np.diff(rates.time) > 0).all()
    assert rates.end[-1] <= NOW
    assert set(((rates.time // DAY + 3) % 7).tolist()) == {0, 1, 2, 3, 4}
    assert len(FEED.fx_execution_bars(code, NOW, NOW + 60 * 1_000_000_000)) == 6


def test_another_seed_is_another_history() -> None:
    contract = _front("CORN").contract
    other = SyntheticFeed(1).bars(contract, Frequency.DAY, 0, NOW)
    assert other.close.tolist() != FEED.bars(contract, Frequency.DAY, 0, NOW).close.tolist()
    assert SyntheticFeed(1).describe() == "synthetic, seed 1"


_FINGERPRINT = """
import hashlib
from brokerkit.plugins.sim.feeds import SyntheticFeed
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency
feed = SyntheticFeed({seed})
digest = hashlib.sha256()
for code in ("GOLD", "CORN", "EDOLLAR"):
    for frequency in (Frequency.DAY, Frequency.MINUTE):
        bars = feed.bars(FuturesContract(code, "202306" if code != "CORN" else "202307"), frequency, {start}, {now})
        for column in bars.columns():
            digest.update(column.tobytes())
digest.update(feed.fx_rates("GBPUSD", {now}).close.tobytes())
print(digest.hexdigest())
"""


def test_the_world_is_the_same_in_another_process() -> None:
    program = _FINGERPRINT.format(seed=3, start=NOW - 5 * DAY, now=NOW)
    here = hashlib.sha256()
    feed = SyntheticFeed(3)
    for code in ("GOLD", "CORN", "EDOLLAR"):
        for frequency in (Frequency.DAY, Frequency.MINUTE):
            contract = FuturesContract(code, "202306" if code != "CORN" else "202307")
            for column in feed.bars(contract, frequency, NOW - 5 * DAY, NOW).columns():
                here.update(column.tobytes())
    here.update(feed.fx_rates("GBPUSD", NOW).close.tobytes())
    environment = {**os.environ, "PYTHONHASHSEED": "4711"}
    there = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here.hexdigest()


def test_what_is_not_there_is_named() -> None:
    with pytest.raises(MissingInstrument, match="Did you mean 'EDOLLAR'"):
        FEED.facts("EDOLAR")
    with pytest.raises(MissingFxCode, match="Did you mean 'GBPUSD'"):
        FEED.fx_rates("GBPUSX", NOW)
    with pytest.raises(MissingContract):
        FEED.bars(FuturesContract("CORN", "202304"), Frequency.DAY, 0, NOW)


def test_it_starts_when_chicago_new_york_london_and_frankfurt_are_open() -> None:
    assert nanoseconds(datetime(2023, 3, 8, 15, tzinfo=timezone.utc)) == NOW
    assert all(FEED.hours(code).is_open(NOW) for code in ("CORN", "GOLD", "FTSE100", "BUND", "EDOLLAR", "CRUDE_W"))


def test_opening_computes_nothing() -> None:
    assert not any(vars(SyntheticFeed())[name] for name in ("_worlds", "_chains", "_listed", "_dailies"))
