"""Group E: bars, quotes and ticks."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from brokerkit import Broker, Frequency, Quote, QuoteStatus, Ticker, TradingHours
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, read
from brokerkit.conformance.market import Market
from brokerkit.conformance.outcomes import blocked
from brokerkit.conformance.suite.connection import cut
from brokerkit.errors import BrokerkitError, InvalidArgument, MissingContract, MissingData, NotFound, NotSupported
from brokerkit.spec.prices import BAR_COLUMNS, TICK_COLUMNS

_BARS = "get_prices_for_contract_object"
_TICKER = "get_ticker_object_for_contract"
_TICKS = "get_recent_bid_ask_tick_data_for_contract_object"
_OLDEST = pd.Timestamp("1900-01-01", tz="UTC")
_SOME = 50
_WHILE, _DAYS = 3600.0, 3 * 86_400.0
_CLOCKS_APART = pd.Timedelta(minutes=10)


@read(_TICKER)
def test_054_quotes_have_two_sides(market: Market) -> None:
    """Case 54: a running quote has a bid not above its ask, both on the tick grid, and sizes that are positive."""
    quote = market.quote()
    assert quote.contract == market.contract
    assert quote.bid is not None
    assert quote.ask is not None
    assert quote.bid <= quote.ask, f"bid {quote.bid} above ask {quote.ask}"
    for side, price, size in (("bid", quote.bid, quote.bid_size), ("ask", quote.ask, quote.ask_size)):
        assert type(price) is Decimal, f"the {side} is a {type(price).__name__}, not a Decimal"
        assert price % market.tick == 0, f"{side} {price} is off the tick {market.tick}"
        assert size is None or (type(size) is int and size > 0), (
            f"{side} size {size!r}: a whole number above 0, or None"
        )


@read(_TICKS)
def test_055_ticks_are_in_order(broker: Broker, market: Market) -> None:
    """Case 55: recent ticks have the declared columns as float64, times in UTC in order, and no bid above its ask."""
    ticks = broker.prices.get_recent_bid_ask_tick_data_for_contract_object(market.contract)
    assert tuple(ticks.columns) == TICK_COLUMNS
    assert set(ticks.dtypes.astype(str)) == {"float64"}
    _check_index(ticks.index, strictly=False)
    assert len(ticks), "an empty frame instead of MissingData"
    now = pd.Timestamp(market.now) + _CLOCKS_APART
    assert ticks.index[-1] <= now, f"a tick of {ticks.index[-1]}, the clock is at {market.now}"
    with pytest.raises(NotFound):
        broker.prices.get_recent_bid_ask_tick_data_for_contract_object(market.missing_contract)
    both = ticks.dropna(subset=["bid", "ask"])
    assert (both["bid"] <= both["ask"]).all(), "a bid above its ask"
    apart = (both["ask"] - both["bid"]).max()
    far = max(both["ask"].abs().max() / 2, 100 * float(market.tick))
    assert not apart > far, f"bid and ask are {apart} apart: a side without a quote is NaN, never 0 or -1"


@read(_TICKER)
def test_056_last_trade_is_whole(market: Market) -> None:
    """Case 56: the last trade, where a quote has one, has a price on the tick grid and a positive size."""
    quote = market.quote()
    if quote.last is not None:
        assert quote.last % market.tick == 0, f"last {quote.last} is off the tick {market.tick}"
        assert quote.bid is not None
        far = max(abs(quote.bid) / 2, 100 * market.tick)
        assert abs(quote.last - quote.bid) <= far, (
            f"last {quote.last}, bid {quote.bid}: where there is no last, give None"
        )
    assert quote.last_size is None or quote.last_size > 0


@read(_BARS)
def test_058_bars_are_possible(market: Market) -> None:
    """Case 58: of every bar the high is the highest, the low the lowest, and the volume is not negative."""
    bars = market.daily_bars()
    assert (bars["high"] >= bars[["open", "close"]].max(axis=1)).all(), "a high below open or close"
    assert (bars["low"] <= bars[["open", "close"]].min(axis=1)).all(), "a low above open or close"
    assert (bars["volume"].fillna(0) >= 0).all(), "a negative volume"
    assert not bars[["open", "high", "low", "close"]].isna().any(axis=None), "a bar without a price"


@read(_BARS)
def test_059_bars_are_in_order_and_of_the_declared_shape(market: Market) -> None:
    """Case 59: bars have the declared columns as float64, strictly rising UTC times, daily ones at 00:00."""
    bars = market.daily_bars()
    assert tuple(bars.columns) == BAR_COLUMNS
    assert set(bars.dtypes.astype(str)) == {"float64"}
    _check_index(bars.index, strictly=True)
    assert (_times(bars) == _times(bars).normalize()).all(), "a daily bar that is not at 00:00"


@read(_BARS)
def test_059_intraday_bars_start_on_a_round_time(broker: Broker, market: Market) -> None:
    """Case 59: an intraday bar carries its start, and that is a multiple of its length."""
    bars = _intraday(broker, market)
    assert tuple(bars.columns) == BAR_COLUMNS
    assert set(bars.dtypes.astype(str)) == {"float64"}
    assert (bars["high"] >= bars["low"]).all(), "an hourly bar whose high is below its low"
    assert len(set(_times(bars).hour)) > 1 or len(bars) < _SOME, "asked for hourly bars, and there is one a day"
    length = pd.Timedelta(Frequency.HOUR.length)
    assert (_times(bars) == _times(bars).floor(length)).all(), "an hourly bar that does not start on the hour"
    _check_index(bars.index, strictly=True)


@read(_BARS)
def test_060_bars_between_two_times_are_exact(broker: Broker, market: Market) -> None:
    """Case 60: the first time asked for is included, the last excluded, and one bar can be asked for alone."""
    bars = market.daily_bars()
    start, end = _moment(bars.index[-min(5, len(bars))]), _moment(bars.index[-1])
    if start == end:
        blocked("there is one bar only")
    part = broker.prices.get_prices_for_contract_object(market.contract, start=start, end=end)
    pd.testing.assert_frame_equal(part, bars[(bars.index >= start) & (bars.index < end)], check_freq=False)
    alone = broker.prices.get_prices_for_contract_object(market.contract, start=start, end=start + timedelta(days=1))
    assert list(alone.index) == [start]
    hours = _bars_or_none(broker, market, Frequency.HOUR, start, end)
    outside = [] if hours is None else [time for time in hours.index if not start <= time < end]
    assert not outside, f"hourly bars from {start} to before {end} were asked for, and these came too: {outside[:3]}"


@read(_BARS)
def test_061_long_ranges_are_joined_without_a_seam(broker: Broker, market: Market) -> None:
    """Case 61: a long range is the same as its two halves joined: no gap, nothing twice."""
    bars = market.daily_bars()
    middle = _moment(bars.index[len(bars) // 2])
    if len(bars) < 2:
        blocked("there is one bar only")
    halves = [
        broker.prices.get_prices_for_contract_object(market.contract, end=middle),
        broker.prices.get_prices_for_contract_object(market.contract, start=middle),
    ]
    joined = pd.concat(halves)
    joined = joined[joined.index <= bars.index[-1]]  # a bar may have ended since the whole was asked for
    pd.testing.assert_frame_equal(joined, bars, check_freq=False)


@read(_BARS)
def test_062_zones_convert_exactly(broker: Broker, market: Market) -> None:
    """Case 62: the same moment in another zone gives the same bars, in UTC; a time without a zone is refused."""
    bars = market.daily_bars()
    start = _moment(bars.index[-min(3, len(bars))])
    there = start.astimezone(ZoneInfo("Asia/Tokyo"))
    pd.testing.assert_frame_equal(
        broker.prices.get_prices_for_contract_object(market.contract, start=there),
        broker.prices.get_prices_for_contract_object(market.contract, start=start),
    )
    with pytest.raises(InvalidArgument):
        broker.prices.get_prices_for_contract_object(market.contract, start=start.replace(tzinfo=None))


@read(_BARS)
def test_062_a_range_turned_round_is_refused(broker: Broker, market: Market) -> None:
    """Case 62: a range whose start is not before its end is an InvalidArgument."""
    moment = _moment(market.daily_bars().index[-1])
    with pytest.raises(InvalidArgument):
        broker.prices.get_prices_for_contract_object(market.contract, start=moment, end=moment - timedelta(days=3))


@read(_BARS, "get_list_of_contract_dates_for_instrument_code")
def test_063_history_of_an_expired_contract(broker: Broker, market: Market) -> None:
    """Case 63: the bars of an expired contract come, or MissingData; never an empty frame, never a crash."""
    try:
        bars = broker.prices.get_prices_for_contract_object(market.expired_contract)
    except (MissingData, MissingContract):
        return
    assert len(bars), "an empty frame instead of MissingData"
    assert bars.index[-1].date() <= market.expiry(market.expired_contract), "bars after the contract's end"


@read(_BARS)
def test_063_no_data_is_no_empty_frame(broker: Broker, market: Market) -> None:
    """Case 63: a range without bars raises MissingData, and a contract that never was raises MissingContract."""
    with pytest.raises(MissingData):
        broker.prices.get_prices_for_contract_object(
            market.contract,
            start=datetime(1950, 1, 1, tzinfo=timezone.utc),
            end=datetime(1950, 2, 1, tzinfo=timezone.utc),
        )
    with pytest.raises(NotFound):
        broker.prices.get_prices_for_contract_object(market.missing_contract)


@read(_TICKER, _BARS)
def test_065_quote_and_bars_are_of_one_market(market: Market) -> None:
    """Case 65: the middle of the quote lies near the last close: within a tenth of it."""
    bid, ask = market.bid_ask()
    close = Decimal(str(market.daily_bars()["close"].iloc[-1]))
    assert abs((bid + ask) / 2 - close) <= abs(close) / 10, f"quote {bid}/{ask}, last close {close}"


@read(_BARS, "get_prices_for_contract_objects")
def test_066_one_and_many_agree(broker: Broker, market: Market) -> None:
    """Case 66: many contracts asked at once give what each gives alone, and one bad one does not spoil the rest."""
    wanted = [market.contract, market.missing_contract]
    many = broker.prices.get_prices_for_contract_objects(wanted)
    pd.testing.assert_frame_equal(many.frames[market.contract], market.daily_bars())
    assert list(many.frames) + list(many.errors) == wanted
    assert isinstance(many.errors[market.missing_contract], NotFound)
    start = _moment(market.daily_bars().index[-min(3, len(market.daily_bars()))])
    for frequency in (Frequency.DAY, Frequency.HOUR):
        part = broker.prices.get_prices_for_contract_objects([market.contract], frequency, start=start)
        alone = _bars_or_none(broker, market, frequency, start)
        if alone is None:
            assert not part.frames, f"{frequency.value}: one has no bars, and many have some"
        else:
            ended = part.frames[market.contract].index.intersection(alone.index)  # a bar may have ended since
            assert len(ended) == len(alone), (
                f"{frequency.value} since {start}: one has {len(alone)} bars, many {len(ended)}"
            )
            assert part.frames[market.contract].index[0] >= start, f"many: a bar before the start {start}"
    with pytest.raises(InvalidArgument):
        broker.prices.get_prices_for_contract_objects([market.contract], start=start.replace(tzinfo=None))


@read(_TICKER, "cancel_market_data_for_contract")
def test_069_cancelled_market_data_ends(broker: Broker, market: Market) -> None:
    """Case 69: market data that was cancelled gives no newer quote; cancelling twice does nothing, of nothing fails."""
    ticker = broker.prices.get_ticker_object_for_contract(market.contract)
    ticker.wait_for_quote(market.patience)
    assert broker.prices.cancel_market_data_for_contract(market.contract) == market.contract
    before = ticker.quote()
    broker.prices.cancel_market_data_for_contract(market.contract)
    threading.Event().wait(0.05)
    _check_silence(before, ticker.quote())
    with pytest.raises(NotFound):
        broker.prices.cancel_market_data_for_contract(market.missing_contract)
    assert market.quote().bid is not None, "it does not start again"


@fault("advance", hooks=(_TICKER, "cancel_market_data_for_contract"))
def test_069_cancelled_market_data_stays_silent(broker: Broker, market: Market, harness: Harness) -> None:
    """Case 69: market data that was cancelled gives no newer quote, however much time passes."""
    ticker = broker.prices.get_ticker_object_for_contract(market.contract)
    ticker.wait_for_quote(market.patience)
    broker.prices.cancel_market_data_for_contract(market.contract)
    before = ticker.quote()
    harness.advance(_WHILE)
    _check_silence(before, ticker.quote())


@read(_TICKER, "cancel_market_data_for_contract")
def test_070_many_streams_at_once(broker: Broker, market: Market) -> None:
    """Case 70: streams of many contracts run at once, or a typed error says where the limit is."""
    contracts = [market.dated(day) for day in market.dates[:_SOME]]
    started: list[Ticker] = []
    try:
        started.extend(map(broker.prices.get_ticker_object_for_contract, contracts))
    except BrokerkitError as limit:
        assert str(limit)
    finally:
        for ticker in started:
            broker.prices.cancel_market_data_for_contract(ticker.contract)
    assert started
    assert [ticker.contract for ticker in started] == contracts[: len(started)]


@fault("disconnect", hooks=(_TICKER,))
def test_071_streams_go_on_after_a_reconnect(broker: Broker, market: Market, harness: Harness) -> None:
    """Case 71: a stream goes on by itself after the line was mended."""
    ticker = broker.prices.get_ticker_object_for_contract(market.contract)
    ticker.wait_for_quote(market.patience)
    with cut(harness):
        pass
    quote = ticker.wait_for_quote(market.patience)
    assert quote.bid is not None


@read(_BARS, _TICKER)
def test_072_times_are_aware_and_past(market: Market) -> None:
    """Case 72: every time is aware, in UTC, not in the future by the broker's clock, and not absurdly old."""
    now = market.quote().time
    assert now.utcoffset() == timedelta(0), f"{now} is not in UTC"
    index = _times(market.daily_bars())
    assert str(index.tz) == "UTC"
    assert index[0] > _OLDEST
    assert index[-1] <= pd.Timestamp(now), f"a bar of {index[-1]} at {now}"


@read(_TICKER)
def test_073_quotes_say_what_they_are_worth(market: Market) -> None:
    """Case 73: a quote says whether it is live, delayed, frozen or not there, and why it is not live."""
    quote = market.quote()
    assert isinstance(quote.status, QuoteStatus)
    assert quote.status is not QuoteStatus.NONE
    assert quote.status is QuoteStatus.LIVE or quote.reason, f"{quote.status.value} without a reason"


@read(_TICKER)
def test_073_quote_of_a_missing_contract(broker: Broker, market: Market) -> None:
    """Case 73: a quote of a contract that is not there is a typed error, not a stream of nothing."""
    with pytest.raises(NotFound):
        broker.prices.get_ticker_object_for_contract(market.missing_contract)


@read("contract_dates_with_price_data_for_instrument_code", _BARS)
def test_063_every_date_with_prices_has_prices(broker: Broker, market: Market) -> None:
    """Case 63: the contract dates said to have prices have them, are in order, and are named once."""
    dates = broker.prices.contract_dates_with_price_data_for_instrument_code(market.instrument)
    assert dates == sorted(set(dates))
    for day in (dates[0], dates[-1]):
        assert len(broker.prices.get_prices_for_contract_object(market.dated(day)))


@read(_BARS)
def test_060_no_bar_is_unfinished(broker: Broker, market: Market) -> None:
    """Case 60: no bar that is still being made is given, of an hour or of a day; asked twice, the last is the same."""
    first, second = (_intraday(broker, market) for _ in range(2))
    overlap = first.index.intersection(second.index)
    pd.testing.assert_frame_equal(first.loc[overlap], second.loc[overlap], check_freq=False)
    if not broker.supports(_TICKER):
        return  # the broker's clock is that of its quotes
    now, last = pd.Timestamp(market.now) + _CLOCKS_APART, second.index[-1]
    assert last + Frequency.HOUR.length <= now, f"the hourly bar of {last} has not ended: the clock is at {market.now}"
    if broker.supports("get_trading_hours_for_contract"):
        days = {session.closing_time.date() for session in _sessions(broker, market) if market.now in session}
        unfinished = days & {market.daily_bars().index[-1].date()}
        assert not unfinished, f"a daily bar of {unfinished}, and that session is still open"


@fault("advance", hooks=(_BARS,))
def test_060_bars_that_have_ended_never_change(broker: Broker, market: Market, harness: Harness) -> None:
    """Case 60: a bar that was given is final: days later it is the same, so none was made of later prices."""
    ask = broker.prices.get_prices_for_contract_object
    before = ask(market.contract)
    harness.advance(_DAYS)
    after = ask(market.contract)
    pd.testing.assert_frame_equal(after.loc[: before.index[-1]], before.loc[after.index[0] :], check_freq=False)


def _check_silence(before: Quote, after: Quote) -> None:
    is_none = after.status is QuoteStatus.NONE and after.bid is None and after.ask is None
    assert is_none or after.time == before.time, f"a quote came after the end: {after}"


def _sessions(broker: Broker, market: Market) -> list[TradingHours]:
    try:
        return broker.contracts.get_trading_hours_for_contract(market.contract)
    except MissingData:
        return []


def _intraday(broker: Broker, market: Market) -> pd.DataFrame:
    try:
        return broker.prices.get_prices_for_contract_object(market.contract, Frequency.HOUR)
    except (MissingData, NotSupported) as nothing:
        blocked(f"no hourly bars: {nothing}")


def _bars_or_none(
    broker: Broker, market: Market, frequency: Frequency, start: datetime, end: datetime | None = None
) -> pd.DataFrame | None:
    try:
        return broker.prices.get_prices_for_contract_object(market.contract, frequency, start, end)
    except (MissingData, NotSupported):
        return None


def _check_index(index: pd.Index, *, strictly: bool) -> None:
    assert isinstance(index, pd.DatetimeIndex), f"the index is a {type(index).__name__}"
    assert index.name == "time", f"the index is called {index.name!r}"
    assert str(index.tz) == "UTC", f"the index is in {index.tz}"
    assert index.is_monotonic_increasing, "times are not in order"
    assert not strictly or index.is_unique, "a time comes twice"


def _times(frame: pd.DataFrame) -> pd.DatetimeIndex:
    assert isinstance(frame.index, pd.DatetimeIndex), f"the index is a {type(frame.index).__name__}"
    return frame.index


def _moment(stamp: Any) -> datetime:
    moment: datetime = pd.Timestamp(stamp).to_pydatetime()
    return moment
