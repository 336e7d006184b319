"""A folder of bars: what goes into the files comes out, and orders trade on it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokerkit import FuturesContract, Order
from brokerkit.broker import Broker
from brokerkit.cli.price_folder import PriceFolder, Request
from brokerkit.errors import DataFileError, InvalidSetting, MissingContract, MissingInstrument
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds import open_feed
from brokerkit.plugins.sim.feeds.bars import Bars, to_datetime
from brokerkit.plugins.sim.feeds.folder import FolderFeed
from brokerkit.plugins.sim.settings import SimSettings
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.prices import Frequency

COLUMNS = ["open", "high", "low", "close", "volume"]
CORN = FuturesContract("CORN", "202312")
ALWAYS = (-(1 << 62), 1 << 62)
HOUR = timedelta(hours=1)


def write(path: Path, times: list[str], rows: list[tuple[float, ...]]) -> None:
    """Write bars as a CSV file: rows of open, high, low, close, volume."""
    lines = [",".join((time, *map(repr, row))) for time, row in zip(times, rows, strict=True)]
    path.write_text("\n".join([",".join(["time", *COLUMNS]), *lines, ""]))


def days(first: str, count: int) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.bdate_range(first, periods=count)]


def utc(text: str) -> int:
    return nanoseconds(datetime.fromisoformat(text).replace(tzinfo=timezone.utc))


def starts(bars: Bars) -> list[str]:
    return [f"{to_datetime(time):%Y-%m-%d %H:%M}" for time in bars.time]


# -- what goes in comes out --------------------------------------------------------------

PRICE = st.one_of(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.integers(-4_000_000, 4_000_000).map(lambda ticks: ticks / 4),
    st.integers(0, 10**9).map(lambda ticks: ticks / 100_000),
)
BAR = st.tuples(PRICE, PRICE, PRICE, PRICE, st.one_of(st.just(float("nan")), st.integers(0, 10**7).map(float)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(BAR, min_size=1, max_size=30), file_format=st.sampled_from(("csv", "parquet")), step=st.data())
def test_downloaded_bars_come_out_to_the_last_bit(
    tmp_path: Path, rows: list[tuple[float, ...]], file_format: str, step: st.DataObject
) -> None:
    steps = step.draw(st.lists(st.integers(1, 10**6), min_size=len(rows), max_size=len(rows)))
    minutes = pd.to_datetime(np.cumsum(steps) * 60, unit="s", utc=True)
    frame = pd.DataFrame(rows, columns=COLUMNS, index=pd.DatetimeIndex(minutes, name="time"))
    prices = frame[["open", "high", "low", "close"]]
    frame["high"], frame["low"] = prices.max(axis=1), prices.min(axis=1)
    folder = PriceFolder(tmp_path, Request("sim", "synthetic", "1min", "", "", file_format))
    for old in tmp_path.iterdir():
        old.unlink()
    folder.save(CORN, frame)

    bars = FolderFeed(tmp_path, 20).bars(CORN, Frequency.MINUTE, *ALWAYS)

    assert bars.time.tolist() == frame.index.as_unit("ns").asi8.tolist()
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(bars, name), frame[name].to_numpy())


@pytest.mark.parametrize("written", ["2023-03-01T15:00:00Z", "2023-03-01 15:00:00", "2023-03-01T16:00:00+01:00"])
def test_times_are_utc_unless_they_say_otherwise(tmp_path: Path, written: str) -> None:
    write(tmp_path / "CORN_202312.1h.csv", [written], [(1.0, 2.0, 0.5, 1.5, 10.0)])
    bars = FolderFeed(tmp_path, 20).bars(CORN, Frequency.HOUR, *ALWAYS)
    assert starts(bars) == ["2023-03-01 15:00"]


@pytest.mark.parametrize("zone", ["+01:00", "-05:00"])
def test_days_at_the_midnight_of_another_zone_are_not_taken_for_hours(tmp_path: Path, zone: str) -> None:
    write(tmp_path / "CORN_202312.csv", [f"{day}T00:00:00{zone}" for day in days("2023-03-01", 5)], [(1.0,) * 5] * 5)
    with pytest.raises(DataFileError, match="How long its bars are is not certain") as caught:
        FolderFeed(tmp_path, 20).bars(CORN, Frequency.HOUR, *ALWAYS)
    assert "CORN_202312.1h.csv" in caught.value.remedy


@pytest.mark.parametrize("minutes", [2, 30, 240])
def test_bars_of_a_length_that_there_is_not_are_not_taken_for_shorter_ones(tmp_path: Path, minutes: int) -> None:
    first = datetime(2023, 3, 1, 15, tzinfo=timezone.utc)
    times = [f"{first + n * timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}" for n in range(5)]
    write(tmp_path / "CORN_202312.csv", times, [(1.0,) * 5] * 5)
    with pytest.raises(DataFileError, match="How long its bars are is not certain"):
        FolderFeed(tmp_path, 20).bars(CORN, Frequency.MINUTE, *ALWAYS)


def test_an_hour_cut_short_does_not_make_the_others_shorter(tmp_path: Path) -> None:
    times = [f"2023-03-01T{time}:00Z" for time in ("13:00", "14:30", "15:00", "16:00")]
    write(tmp_path / "CORN_202312.csv", times, [(1.0,) * 5] * 4)
    bars = FolderFeed(tmp_path, 20).bars(CORN, Frequency.HOUR, *ALWAYS)
    assert f"{to_datetime(bars.end[-1]):%H:%M}" == "17:00"


def test_windows_line_ends_quotes_marks_and_more_columns_do_no_harm(tmp_path: Path) -> None:
    text = '\ufeff"time","x","open","high","low","close","volume"\r\n2023-03-01,"a,b",1,2,0.5,1.5,\r\n'
    (tmp_path / "CORN_202312.csv").write_bytes(text.encode())
    bars = FolderFeed(tmp_path, 20).bars(CORN, Frequency.DAY, *ALWAYS)
    assert bars.close.tolist() == [1.5]
    assert np.isnan(bars.volume).all()


def test_columns_come_in_any_order(tmp_path: Path) -> None:
    rows = [f"1.5,2,0.5,1,{day},7" for day in days("2023-03-01", 5)]
    (tmp_path / "CORN_202312.csv").write_text("\n".join(["close,high,low,open,time,volume", *rows, ""]))
    feed = FolderFeed(tmp_path, 20)
    assert feed.bars(CORN, Frequency.DAY, *ALWAYS).open.tolist() == [1.0] * 5
    assert feed.span == (utc("2023-03-01 00:00"), utc("2023-03-07 00:00"))


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("time,x\n2023-03-01,1\nlater,1\n", "time is 'later', which is not a date or time."),
        ("time,x\n", "The file has a header and no rows."),
        ("date,x\n2023-03-01,1\n", "Column 'time' is missing; the header has 'date', 'x'."),
        ("time;x\n2023-03-01;1\n", "Column 'time' is missing; the header has 'time;x'."),
        ("ti\rme,x\n2023-03-01,1\n", "The file is not valid CSV"),
        ("", "The file is empty."),
        ("time,x\n2023-03-02,1\n2023-03-01,1\n", "The last row is of an earlier time than the first."),
    ],
)
def test_a_folder_does_not_open_on_a_file_without_times(tmp_path: Path, text: str, fact: str) -> None:
    (tmp_path / "CORN_202312.csv").write_text(text)
    with pytest.raises(DataFileError) as caught:
        open_feed(tmp_path).default_start  # noqa: B018  # because asking for it is what must fail
    assert fact in caught.value.fact
    assert "CORN_202312.csv" in caught.value.place


def test_a_start_beyond_the_last_bar_is_refused_with_the_time_of_that(
    tmp_path: Path, open_sim: Callable[..., Broker]
) -> None:
    write(tmp_path / "CORN_202312.csv", days("2023-03-01", 3), [(1.0, 1.0, 1.0, 1.0, 1.0)] * 3)
    with pytest.raises(InvalidSetting, match="from 2023-03-01 00:00 to 2023-03-03 00:00 UTC"):
        open_sim(tmp_path, start=datetime(2023, 3, 3, 15, tzinfo=timezone.utc))


def test_a_damaged_file_does_not_hide_the_symbols_of_others(tmp_path: Path, open_sim: Callable[..., Broker]) -> None:
    for name in ("CORN_202312", "MINE_202312"):
        write(tmp_path / f"{name}.csv", days("2023-03-01", 30), [(1.0, 1.0, 1.0, 1.0, 1.0)] * 30)
    whole = (tmp_path / "MINE_202312.csv").read_text()
    (tmp_path / "MINE_202312.csv").write_text(whole.replace("2023-03-08,1.0", "2023-03-08,one"))
    find = open_sim(tmp_path).instruments.get_instrument_code_from_broker_code
    assert find("ZC") == "CORN"
    with pytest.raises(DataFileError, match="open is 'one'"):
        find("MINE")


def test_files_are_found_when_the_program_goes_to_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prices").mkdir()
    write(tmp_path / "prices" / "CORN_202312.csv", days("2023-03-01", 3), [(1.0, 1.0, 1.0, 1.0, 1.0)] * 3)
    monkeypatch.chdir(tmp_path)
    feed = open_feed("prices")
    monkeypatch.chdir(tmp_path / "prices")
    assert len(feed.bars(CORN, Frequency.DAY, *ALWAYS)) == 3


def test_only_the_file_that_is_asked_for_is_read(tmp_path: Path) -> None:
    write(tmp_path / "CORN_202312.csv", days("2023-03-01", 3), [(1.0, 1.0, 1.0, 1.0, 1.0)] * 3)
    (tmp_path / "WHEAT_202312.csv").write_text("time\n2023-03-01,this is\n2023-03-02,no file of bars\n")
    feed = open_feed(tmp_path)
    assert feed.instruments() == ("CORN", "WHEAT")
    assert len(feed.bars(CORN, Frequency.DAY, *ALWAYS)) == 3
    with pytest.raises(DataFileError):
        feed.bars(FuturesContract("WHEAT", "202312"), Frequency.DAY, *ALWAYS)


def test_a_gateway_assumes_the_volume_that_the_simulated_broker_assumes() -> None:
    """`brokerkit gateway` and `ib-sim` open a folder without saying how many lots a minute trade in it."""
    assert inspect.signature(open_feed).parameters["assumed_volume"].default == SimSettings().assumed_volume


# -- frequencies -------------------------------------------------------------------------


def test_longer_bars_are_made_of_shorter_ones(tmp_path: Path) -> None:
    times = [f"2023-03-01T{hour:02d}:{minute:02d}:00Z" for hour in (15, 16) for minute in range(0, 60, 15)]
    write(tmp_path / "CORN_202312.csv", times, [(float(n), n + 2.0, n - 1.0, n + 1.0, 10.0) for n in range(8)])
    feed = FolderFeed(tmp_path, 20)
    hours = feed.bars(CORN, Frequency.HOUR, *ALWAYS)
    assert starts(hours) == ["2023-03-01 15:00", "2023-03-01 16:00"]
    assert [column.tolist() for column in hours.columns()[2:]] == [[0, 4], [5, 9], [-1, 3], [4, 8], [40, 40]]
    assert starts(feed.bars(CORN, Frequency.HOUR, ALWAYS[0], utc("2023-03-01 16:59"))) == ["2023-03-01 15:00"]
    assert not len(feed.bars(CORN, Frequency.MINUTE, *ALWAYS))  # nothing is made up inside a bar


def test_daily_bars_made_of_shorter_ones_go_by_the_hours_of_the_market(tmp_path: Path) -> None:
    times = ["2023-03-01T17:00:00Z", "2023-03-02T02:00:00Z", "2023-03-02T17:00:00Z", "2023-03-03T17:00:00Z"]
    write(tmp_path / "CORN_202312.1h.csv", times, [(float(n), n + 0.5, n - 0.5, n + 0.25, 10.0) for n in range(4)])
    bars = FolderFeed(tmp_path, 20).bars(CORN, Frequency.DAY, ALWAYS[0], utc("2023-03-03 19:19"))
    assert starts(bars) == ["2023-03-01 00:00", "2023-03-02 00:00"]  # the third is over at 19:20
    assert bars.open.tolist() == [0.0, 1.0]
    assert bars.close.tolist() == [0.25, 2.25]


def test_a_daily_bar_made_of_shorter_ones_is_the_same_wherever_the_range_begins(tmp_path: Path) -> None:
    (tmp_path / "instruments.csv").write_text("instrument,zone,hours\nCORN,America/New_York,09:30-20:00\n")
    friday_evening, saturday, monday = "2023-03-04T00:30:00Z", "2023-03-04T17:00:00Z", "2023-03-06T17:00:00Z"
    write(tmp_path / "CORN_202312.1h.csv", [friday_evening, saturday, monday], [(n, n, n, n, 10.0) for n in (1, 2, 3)])
    feed = FolderFeed(tmp_path, 20)
    whole = feed.bars(CORN, Frequency.DAY, *ALWAYS)
    assert (starts(whole), whole.open.tolist()) == (["2023-03-03 00:00", "2023-03-06 00:00"], [1, 2])
    assert feed.bars(CORN, Frequency.DAY, utc("2023-03-06 00:00"), ALWAYS[1]).open.tolist() == [2]


def test_a_day_that_ends_on_the_next_one_in_utc_is_in_a_range_that_ends_on_its_date(
    tmp_path: Path, open_sim: Callable[..., Broker]
) -> None:
    (tmp_path / "instruments.csv").write_text("instrument,zone,hours\nCORN,America/Los_Angeles,06:30-20:00\n")
    write(tmp_path / "CORN_202312.csv", days("2023-03-01", 10), [(5.0, 6.0, 4.0, 5.5, 100.0)] * 10)
    broker = open_sim(tmp_path, start=datetime(2023, 3, 8, tzinfo=timezone.utc))
    bound = datetime(2023, 3, 7, 1, tzinfo=timezone.utc)
    frame = broker.prices.get_prices_for_contract_object(CORN, end=bound)
    assert f"{frame.index[-1]:%Y-%m-%d}" == "2023-03-06"  # of the 7th, trading goes on until 04:00 on the 8th
    broker.native.advance(hours=5)
    frame = broker.prices.get_prices_for_contract_object(CORN, end=bound)
    assert f"{frame.index[-1]:%Y-%m-%d}" == "2023-03-07"


def test_a_bar_of_a_sunday_is_not_known_before_the_evening_it_may_be_of(tmp_path: Path) -> None:
    (tmp_path / "fx").mkdir()
    (tmp_path / "fx" / "EURUSD.csv").write_text("time,rate\n2023-03-03,1.06\n2023-03-05,1.07\n")
    write(tmp_path / "GOLD_202312.csv", ["2023-03-03", "2023-03-05"], [(5.0, 6.0, 4.0, 5.5, 100.0)] * 2)
    feed, gold = FolderFeed(tmp_path, 20), FuturesContract("GOLD", "202312")
    opening, midnight = utc("2023-03-05 23:00"), utc("2023-03-06 06:00")  # in Chicago
    assert starts(feed.bars(gold, Frequency.DAY, ALWAYS[0], opening)) == ["2023-03-03 00:00"]
    assert starts(feed.fx_rates("EURUSD", opening)) == ["2023-03-03 00:00"]
    assert starts(feed.bars(gold, Frequency.DAY, ALWAYS[0], midnight))[1:] == ["2023-03-05 00:00"]
    assert starts(feed.fx_rates("EURUSD", midnight))[1:] == ["2023-03-05 00:00"]


def test_an_hour_that_the_opening_has_cut_short_ends_where_the_next_one_begins(tmp_path: Path) -> None:
    times = [f"2023-03-01T{time}:00Z" for time in ("13:00", "14:30", "15:00", "16:00")]
    write(tmp_path / "CORN_202312.1h.csv", times, [(1.0, 2.0, 0.5, 1.5, 10.0)] * 4)
    feed = FolderFeed(tmp_path, 20)
    ends = [f"{to_datetime(end):%H:%M}" for end in feed.bars(CORN, Frequency.HOUR, *ALWAYS).end]
    assert ends == ["14:00", "15:00", "16:00", "17:00"]
    part = feed.bars(CORN, Frequency.HOUR, utc("2023-03-01 14:00"), utc("2023-03-01 15:00"))
    assert [f"{to_datetime(end):%H:%M}" for end in part.end] == ["15:00"]
    traded = feed.execution_bars(CORN, utc("2023-03-01 14:00"), utc("2023-03-01 16:00"))
    assert [f"{to_datetime(end):%H:%M}" for end in traded.end] == ["15:00", "16:00"]


def test_daily_and_hourly_files_of_a_contract_live_side_by_side(tmp_path: Path) -> None:
    write(tmp_path / "CORN_202312.csv", days("2023-03-01", 2), [(5.0, 6.0, 4.0, 5.5, 100.0)] * 2)
    write(tmp_path / "CORN_202312.1h.csv", ["2023-03-02T15:00:00Z"], [(5.1, 5.2, 5.0, 5.15, 7.0)])
    feed = FolderFeed(tmp_path, 20)
    assert len(feed.bars(CORN, Frequency.DAY, *ALWAYS)) == 2
    assert feed.bars(CORN, Frequency.HOUR, *ALWAYS).close.tolist() == [5.15]


def test_two_files_with_the_same_bars_are_refused(tmp_path: Path) -> None:
    for name in ("CORN_202312.csv", "CORN_202312.1d.csv"):
        write(tmp_path / name, days("2023-03-01", 2), [(5.0, 6.0, 4.0, 5.5, 100.0)] * 2)
    with pytest.raises(DataFileError, match="another file of CORN/202312"):
        FolderFeed(tmp_path, 20).bars(CORN, Frequency.DAY, *ALWAYS)
    (tmp_path / "CORN_202312.parquet").write_bytes(b"")
    with pytest.raises(DataFileError, match="have the same bars"):
        open_feed(tmp_path)


# -- contracts and facts -----------------------------------------------------------------


def test_contracts_are_named_by_their_files(tmp_path: Path) -> None:
    for name in ("CORN_202403", "CORN_202312", "CRUDE_W_20231120", "notes", "CORN_1"):
        write(tmp_path / f"{name}.csv", days("2023-03-01", 2), [(5.0, 6.0, 4.0, 5.5, 100.0)] * 2)
    feed = FolderFeed(tmp_path, 20)
    assert feed.instruments() == ("CORN", "CRUDE_W")
    assert [one.contract.date for one in feed.contracts("CORN")] == ["202312", "202403"]
    (crude,) = feed.contracts("CRUDE_W")
    assert (crude.first_day, crude.expiry) == (date(2023, 3, 1), date(2023, 11, 20))
    with pytest.raises(MissingInstrument, match="Did you mean 'CORN'"):
        feed.contracts("CRON")
    with pytest.raises(MissingContract):
        feed.bars(FuturesContract("CORN", "202405"), Frequency.DAY, *ALWAYS)


def test_a_name_with_a_month_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CORN_202313.csv").write_text("")
    with pytest.raises(DataFileError, match="202313 is not a contract's date"):
        open_feed(tmp_path)


def test_an_unknown_instrument_has_plain_facts_and_the_tick_of_its_prices(tmp_path: Path) -> None:
    rows = [(n / 20, n / 20, n / 20, n / 20, 1.0) for n in range(1000, 1100)]
    write(tmp_path / "MINE_202312.csv", days("2023-03-01", 100), rows)
    feed = FolderFeed(tmp_path, 20)
    facts = feed.facts("MINE")
    assert (facts.tick_size, facts.currency, facts.point_size, facts.commission) == (Decimal("0.05"), "USD", 1, 0)
    assert feed.contracts("MINE")[0].expiry == date(2023, 12, 29)


def test_instruments_csv_says_what_is_different(tmp_path: Path) -> None:
    write(tmp_path / "MINE_202312.csv", days("2023-03-01", 5), [(5.0, 6.0, 4.0, 5.5, 100.0)] * 5)
    (tmp_path / "instruments.csv").write_text(
        "instrument,exchange,currency,multiplier,price_magnifier,tick_size,commission,zone,hours,expiry_offset\n"
        "MINE,LIFFE,EUR,50,100,0.5,1.25,Europe/Paris,10:45-18:30 19:00-20:00,9\n"
    )
    feed = FolderFeed(tmp_path, 20)
    facts = feed.facts("MINE")
    assert (facts.exchange, facts.currency, facts.tick_size, facts.commission) == (
        "LIFFE", "EUR", Decimal("0.5"), Decimal("1.25"),
    )  # fmt: skip
    assert facts.point_size == Decimal("0.5")
    assert feed.contracts("MINE")[0].expiry == date(2023, 12, 8)  # the 10th is a Sunday
    assert [str(to_datetime(moment)) for moment in feed.hours("MINE").segments_of(date(2023, 3, 1))[0]] == [
        "2023-03-01 09:45:00+00:00", "2023-03-01 17:30:00+00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "cell", "fact"),
    [
        ("tick_size", "0", "tick_size is '0', which is not a number above 0."),
        ("multiplier", "many", "multiplier is 'many', which is not a number above 0."),
        ("commission", "-1", "commission is '-1', which is not a number of at least 0."),
        ("currency", "usd", "currency is 'usd', which is not a currency."),
        ("expiry_offset", "99999999999", "expiry_offset is '99999999999', which is not a whole number of days."),
        ("hours", "9-17", "hours has '9-17'."),
        ("hours", "09:00-12:00 11:00-13:00", "a stretch begins before the last one ends"),
        ("hours", "17:00-16:00 16:30-18:00", "a stretch begins before the last one ends"),
        ("expiry_offset", "1.5", "expiry_offset is '1.5', which is not a whole number of days."),
        ("tick", "0.25", "There is no column 'tick'."),
    ],
)
def test_a_fact_that_is_none_is_named(tmp_path: Path, column: str, cell: str, fact: str) -> None:
    write(tmp_path / "MINE_202312.csv", days("2023-03-01", 5), [(5.0, 6.0, 4.0, 5.5, 100.0)] * 5)
    (tmp_path / "instruments.csv").write_text(f"instrument,{column}\nMINE,{cell}\n")
    with pytest.raises(DataFileError) as caught:
        everything_of(tmp_path)
    assert fact in caught.value.fact
    assert "instruments.csv, row" in caught.value.place


def everything_of(folder: Path) -> object:
    feed = FolderFeed(folder, 20)
    return feed.facts("MINE"), feed.contracts("MINE")


def test_a_time_zone_that_is_none_is_named(tmp_path: Path) -> None:
    write(tmp_path / "MINE_202312.csv", days("2023-03-01", 5), [(5.0, 6.0, 4.0, 5.5, 100.0)] * 5)
    (tmp_path / "instruments.csv").write_text("instrument,zone,hours\nMINE,Mars/Olympus,09:00-17:00\n")
    with pytest.raises(DataFileError, match="There is no time zone 'Mars/Olympus'"):
        FolderFeed(tmp_path, 20).hours("MINE")


def test_rates_come_from_the_folder_fx(tmp_path: Path) -> None:
    write(tmp_path / "CORN_202312.csv", days("2023-03-01", 5), [(5.0, 6.0, 4.0, 5.5, 100.0)] * 5)
    (tmp_path / "fx").mkdir()
    (tmp_path / "fx" / "GBPUSD.csv").write_text("time,rate\n2023-03-01,1.2\n2023-03-02,1.21\n")
    feed = FolderFeed(tmp_path, 20)
    assert feed.fx_codes() == ("GBPUSD",)
    assert feed.fx_rates("GBPUSD", utc("2023-03-02 21:59")).close.tolist() == [1.2]  # New York closes at 22:00 UTC
    minutes = feed.fx_execution_bars("GBPUSD", utc("2023-03-01 23:00"), utc("2023-03-01 23:02"))
    assert minutes.close.tolist() == [1.2, 1.2]
    (tmp_path / "fx" / "EURUSD.csv").write_text("time,rate\n2023-03-01,0\n")
    with pytest.raises(DataFileError, match="must be above 0"):
        FolderFeed(tmp_path, 20).fx_rates("EURUSD", 1 << 62)
    (tmp_path / "fx" / "EURUSD.csv").write_text("time,rate\n2023-03-01T00:00:00+01:00,1.06\n")
    with pytest.raises(DataFileError, match="A rate carries a date"):
        FolderFeed(tmp_path, 20).fx_rates("EURUSD", 1 << 62)


# -- trading -----------------------------------------------------------------------------


def test_a_day_trades_at_its_open_and_shows_its_range_when_it_is_over(tmp_path: Path) -> None:
    write(tmp_path / "CORN_202312.csv", ["2023-03-01"], [(5.0, 6.0, 4.0, 5.5, 100_000.0)])
    bars = FolderFeed(tmp_path, 200).execution_bars(CORN, utc("2023-02-28 12:00"), utc("2023-03-02 12:00"))
    assert starts(bars)[0] == "2023-03-01 01:00"  # the evening before, in Chicago
    assert starts(bars)[-1] == "2023-03-01 19:19"
    assert set(bars.high[:-1]) == set(bars.low[:-1]) == {5.0}
    assert (bars.open[-1], bars.high[-1], bars.low[-1], bars.close[-1]) == (5.0, 6.0, 4.0, 5.5)
    assert bars.volume.sum() == 100_000
    assert set(bars.volume[bars.volume > 0].tolist()) <= {200.0, 400.0}


def test_bars_trade_only_while_the_market_is_open(tmp_path: Path) -> None:
    times = [f"2023-03-01T{hour}:00:00Z" for hour in (13, 14, 15, 19, 20)]
    write(tmp_path / "CORN_202312.csv", times, [(5.0, 6.0, 4.0, 5.5, float("nan"))] * 5)
    bars = FolderFeed(tmp_path, 200).execution_bars(CORN, utc("2023-03-01 00:00"), utc("2023-03-02 00:00"))
    ends = [f"{to_datetime(moment):%H:%M}" for moment in bars.end]
    assert list(zip([one[11:] for one in starts(bars)], ends, strict=True)) == [
        ("13:00", "13:45"), ("14:30", "15:00"), ("15:00", "16:00"), ("19:00", "19:20"),
    ]  # fmt: skip
    assert bars.volume.tolist() == [45 * 200, 30 * 200, 60 * 200, 20 * 200]


def test_prices_between_two_ticks_are_rounded_for_trading_only(tmp_path: Path) -> None:
    write(tmp_path / "CORN_202312.csv", ["2023-03-01T15:00:00Z"], [(500.1, 500.4, 499.9, 500.2, 10.0)])
    feed = FolderFeed(tmp_path, 200)
    traded = feed.execution_bars(CORN, utc("2023-03-01 00:00"), utc("2023-03-02 00:00"))
    assert (traded.open[0], traded.high[0], traded.low[0], traded.close[0]) == (500.0, 500.5, 500.0, 500.25)
    assert feed.bars(CORN, Frequency.MINUTE, *ALWAYS).open.tolist() == [500.1]


@pytest.mark.parametrize("shape", ["daily", "hourly"])
def test_a_broker_trades_on_a_folder(tmp_path: Path, open_sim: Callable[..., Broker], shape: str) -> None:
    times = days("2023-01-02", 120) if shape == "daily" else hours(120)
    rows = [(600 + n / 4, 601 + n / 4, 599 + n / 4, 600.25 + n / 4, 5000.0) for n in range(len(times))]
    for name in ("CORN_202312", "CORN_202403"):
        write(tmp_path / f"{name}.csv", times, rows)
    broker = open_sim(tmp_path)
    assert broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN") == ["202312", "202403"]
    frame = broker.prices.get_prices_for_contract_object(CORN)
    assert frame.index[-1] < pd.Timestamp(broker.native.now)
    market = broker.orders.put_order_on_stack(Order.market(CORN, 2)).wait(timeout=3 * 86_400)
    assert market.state is OrderState.FILLED
    price = market.average_price()
    limit = broker.orders.put_order_on_stack(Order.limit(CORN, -2, price + Decimal("0.5"))).wait(timeout=5 * 86_400)
    assert limit.average_price() >= price + Decimal("0.5")
    assert broker.positions.get_all_current_positions_as_list_with_contract_objects() == []


def hours(count: int) -> list[str]:
    first = datetime(2023, 2, 1, 15, tzinfo=timezone.utc)
    return [f"{first + timedelta(days=n // 4) + n % 4 * HOUR:%Y-%m-%dT%H:%M:%SZ}" for n in range(count)]


def test_a_folder_without_bars_says_how_to_name_them(tmp_path: Path) -> None:
    (tmp_path / "corn.csv").write_text("x\n")
    with pytest.raises(InvalidSetting, match=r"Name its files like CORN_202312\.csv"):
        open_feed(tmp_path)
