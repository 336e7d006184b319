"""Prices on the simulated broker: as they were known at its clock."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pandas as pd
import pytest

from brokerkit import Frequency, FuturesContract, QuoteStatus
from brokerkit.broker import Broker
from brokerkit.errors import (
    ContractExpired,
    InvalidArgument,
    MissingContract,
    MissingData,
    MissingInstrument,
    WrongArgumentType,
)

GOLD = FuturesContract("GOLD", "202304")
CORN = FuturesContract("CORN", "202303")
OpenSim = Callable[..., Broker]
NOW = datetime(2023, 3, 8, 15, tzinfo=timezone.utc)


def _ends(frame: pd.DataFrame, frequency: Frequency) -> datetime:
    last: datetime = (frame.index[-1] + frequency.length).to_pydatetime()
    return last


@pytest.mark.parametrize("frequency", list(Frequency))
def test_bars_have_the_shape_of_the_contract(broker: Broker, frequency: Frequency) -> None:
    bars = broker.prices.get_prices_for_contract_object(GOLD, frequency)
    assert list(bars.columns) == ["open", "high", "low", "close", "volume"]
    assert {str(kind) for kind in bars.dtypes} == {"float64"}
    assert (bars.index.name, str(bars.index.tz)) == ("time", "UTC")
    assert bars.index.is_monotonic_increasing
    assert bars.index.is_unique
    assert not bars.isna().any().any()
    assert _ends(bars, frequency) <= NOW
    assert _ends(bars, frequency) > NOW - timedelta(days=2)


def test_no_bar_is_of_the_future_and_each_comes_when_it_has_ended(broker: Broker) -> None:
    before = broker.prices.get_prices_for_contract_object(GOLD, Frequency.MINUTE)
    broker.native.advance(seconds=59)
    assert len(broker.prices.get_prices_for_contract_object(GOLD, Frequency.MINUTE)) == len(before)
    broker.native.advance(seconds=1)
    after = broker.prices.get_prices_for_contract_object(GOLD, Frequency.MINUTE)
    assert after.index[-1] == pd.Timestamp(NOW)


def test_todays_bar_comes_at_the_close(broker: Broker) -> None:
    assert broker.prices.get_prices_for_contract_object(GOLD).index[-1] == pd.Timestamp("2023-03-07", tz="UTC")
    broker.native.advance_to(datetime(2023, 3, 8, 22, tzinfo=timezone.utc))
    assert broker.prices.get_prices_for_contract_object(GOLD).index[-1] == pd.Timestamp("2023-03-08", tz="UTC")


@pytest.mark.parametrize("frequency", [Frequency.DAY, Frequency.HOUR, Frequency.MINUTE])
def test_a_range_is_half_open(broker: Broker, frequency: Frequency) -> None:
    whole = broker.prices.get_prices_for_contract_object(GOLD, frequency)
    start, end = whole.index[-9].to_pydatetime(), whole.index[-3].to_pydatetime()
    part = broker.prices.get_prices_for_contract_object(GOLD, frequency, start, end)
    pd.testing.assert_frame_equal(part, whole.iloc[-9:-3])


@pytest.mark.parametrize(
    ("start", "end", "error"),
    [
        (datetime(2023, 3, 1), None, InvalidArgument),  # noqa: DTZ001 because it shall have no zone
        (None, datetime(2023, 3, 1), InvalidArgument),  # noqa: DTZ001 because it shall have no zone
        (NOW, NOW, InvalidArgument),
        (NOW, NOW - timedelta(days=1), InvalidArgument),
        (NOW + timedelta(days=1), None, MissingData),
        (None, datetime(1999, 1, 1, tzinfo=timezone.utc), MissingData),
    ],
)
def test_bad_and_empty_ranges_are_named(
    broker: Broker, start: datetime | None, end: datetime | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        broker.prices.get_prices_for_contract_object(GOLD, Frequency.DAY, start, end)


def test_an_expired_contract_keeps_its_prices(broker: Broker) -> None:
    old = FuturesContract("GOLD", "202212")
    bars = broker.prices.get_prices_for_contract_object(old)
    assert bars.index[-1] == pd.Timestamp("2022-12-28", tz="UTC")


def test_a_frame_is_the_callers_own(broker: Broker) -> None:
    first = broker.prices.get_prices_for_contract_object(GOLD)
    first.loc[:, :] = 0.0
    assert (broker.prices.get_prices_for_contract_object(GOLD)["close"] > 0).all()


def test_many_contracts_at_once_with_the_error_of_each(broker: Broker) -> None:
    unknown, not_yet = FuturesContract("GOLD", "202303"), FuturesContract("GOLD", "202712")
    spread = FuturesContract("GOLD", ["202304", "202306"])
    found = broker.prices.get_prices_for_contract_objects([GOLD, unknown, CORN, not_yet, spread])
    assert repr(found) == "<ContractPrices: 2 with bars, 3 with an error>"
    assert found != copy.copy(found)  # which by comparing their frames would raise
    assert list(found.frames) == [GOLD, CORN]
    assert {one: type(error) for one, error in found.errors.items()} == {
        unknown: MissingContract,
        not_yet: MissingContract,
        spread: InvalidArgument,
    }


def test_contracts_with_prices(broker: Broker) -> None:
    dates = broker.prices.contract_dates_with_price_data_for_instrument_code("CORN")
    assert dates == sorted(set(dates))
    assert {"201003", "202303", "202312"} <= set(dates)
    assert "202707" not in dates, "it does not trade yet"
    with pytest.raises(MissingInstrument, match="Did you mean 'CORN'"):
        broker.prices.contract_dates_with_price_data_for_instrument_code("CORNN")


def test_ticks_are_one_step_apart_and_end_with_the_newest_price(broker: Broker) -> None:
    broker.native.advance(minutes=7)
    ticks = broker.prices.get_recent_bid_ask_tick_data_for_contract_object(GOLD)
    assert list(ticks.columns) == ["bid", "ask", "bid_size", "ask_size"]
    assert ((ticks["ask"] - ticks["bid"]).round(6) == 0.1).all()
    assert (ticks[["bid_size", "ask_size"]] >= 1).all().all()
    assert ticks.index[-1] == pd.Timestamp(broker.native.now)
    last = broker.prices.get_prices_for_contract_object(GOLD, Frequency.SECONDS_10)["close"].iloc[-1]
    assert last in (ticks["bid"].iloc[-1], ticks["ask"].iloc[-1])


def test_a_ticker_follows_the_clock_until_it_is_cancelled(broker: Broker) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    assert broker.prices.get_ticker_object_for_contract(GOLD) is ticker
    assert repr(ticker) == "<SimTicker of GOLD/202304>"
    first = ticker.wait_for_quote()
    broker.native.advance(hours=2)
    second = ticker.quote()
    assert (first.status, second.status) == (QuoteStatus.LIVE, QuoteStatus.LIVE)
    assert second.time > first.time
    assert broker.prices.cancel_market_data_for_contract(GOLD) == GOLD
    assert ticker.quote().status is QuoteStatus.NONE
    with pytest.raises(MissingData, match="cancelled"):
        ticker.wait_for_quote()
    broker.prices.cancel_market_data_for_contract(GOLD)
    assert broker.prices.get_ticker_object_for_contract(GOLD).quote().status is QuoteStatus.LIVE


@pytest.mark.parametrize("timeout", [float("nan"), float("inf"), -1, "5"])
def test_a_time_that_cannot_be_waited_for_a_quote_is_refused(broker: Broker, timeout: float) -> None:
    ticker = broker.prices.get_ticker_object_for_contract(GOLD)
    with pytest.raises((InvalidArgument, WrongArgumentType), match=r"wait_for_quote\(\) was given timeout"):
        ticker.wait_for_quote(timeout)
    assert broker.native.now == NOW


def test_a_quote_is_frozen_at_the_weekend_and_gone_at_the_end(open_sim: OpenSim) -> None:
    broker = open_sim(start=datetime(2023, 3, 11, 12, tzinfo=timezone.utc))
    ticker = broker.prices.get_ticker_object_for_contract(CORN)
    quote = ticker.quote()
    assert (quote.status, quote.reason) == (QuoteStatus.FROZEN, "the market is closed")
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid < quote.ask
    broker.native.advance(days=5)
    assert ticker.quote().status is QuoteStatus.NONE
    for gone in (CORN, FuturesContract("CORN", "202212")):  # whether it was asked for before or not
        with pytest.raises(ContractExpired):
            broker.prices.get_ticker_object_for_contract(gone)


def test_the_seed_makes_the_prices(open_sim: OpenSim) -> None:
    one, same, other = (open_sim(seed=seed).prices.get_prices_for_contract_object(GOLD) for seed in (5, 5, 6))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)
