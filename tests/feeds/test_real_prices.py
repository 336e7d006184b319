"""Values copied by hand from the CSV files of real prices must come out as they are there."""

from __future__ import annotations

import csv
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from brokerkit.errors import MissingContract, MissingFxCode, MissingInstrument
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds.bars import Bars, to_datetime
from brokerkit.plugins.sim.feeds.pysystemtrade import PysystemtradeFeed
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

BEGINNING, END = -(1 << 62), 1 << 62


def utc(text: str) -> int:
    return nanoseconds(datetime.fromisoformat(text).replace(tzinfo=timezone.utc))


def closes(bars: Bars) -> dict[str, float]:
    return {f"{to_datetime(time):%Y-%m-%d %H:%M}": price for time, price in zip(bars.time, bars.close, strict=True)}


def daily(feed: PysystemtradeFeed, code: str, date: str, until: int = END) -> dict[str, float]:
    return closes(feed.bars(FuturesContract(code, date), Frequency.DAY, BEGINNING, until))


def hourly(feed: PysystemtradeFeed, code: str, date: str, day: str) -> dict[str, float]:
    start = utc(day)
    bars = feed.bars(FuturesContract(code, date), Frequency.HOUR, start, start + 86_400 * 10**9)
    return {time[11:]: price for time, price in closes(bars).items()}


def test_corn_of_the_first_days(real_feed: PysystemtradeFeed) -> None:
    carry, price = daily(real_feed, "CORN", "197309"), daily(real_feed, "CORN", "197312")
    assert next(iter(carry)) == "1972-10-18 00:00"
    assert [carry["1972-10-18 00:00"], carry["1972-10-19 00:00"], carry["1972-10-20 00:00"]] == [142.75, 143.0, 144.0]
    assert [price["1972-10-18 00:00"], price["1972-10-20 00:00"]] == [137.75, 139.25]


def test_corn_of_the_last_days(real_feed: PysystemtradeFeed) -> None:
    found = daily(real_feed, "CORN", "202412")
    assert (found["2023-08-29 00:00"], found["2023-08-30 00:00"]) == (508.0, 509.25)
    assert daily(real_feed, "CORN", "202409")["2023-08-30 00:00"] == 505.25
    assert daily(real_feed, "CORN", "202512")["2023-08-29 00:00"] == 496.0


def test_eurodollars_of_three_columns(real_feed: PysystemtradeFeed) -> None:
    day = "2020-06-15 00:00"
    found = [daily(real_feed, "EDOLLAR", name)[day] for name in ("202303", "202306", "202309")]
    assert found == [99.66, 99.615, 99.57]
    assert daily(real_feed, "EDOLLAR", "198509")["1984-03-23 00:00"] == 87.13


def test_gold_whose_carry_and_forward_are_one_contract(real_feed: PysystemtradeFeed) -> None:
    assert daily(real_feed, "GOLD", "202312")["2023-08-30 00:00"] == 1970.4
    assert daily(real_feed, "GOLD", "202310")["2023-08-30 00:00"] == 1952.0


def test_a_day_without_a_daily_row_closes_at_its_last_price(real_feed: PysystemtradeFeed) -> None:
    found = daily(real_feed, "CORN", "202212")
    assert (found["2022-07-28 00:00"], found["2022-07-29 00:00"]) == (618.75, 620.0)


def test_hours_of_a_summer_day_are_told_in_utc(real_feed: PysystemtradeFeed) -> None:
    found = hourly(real_feed, "CORN", "202412", "2023-08-29")
    assert found == {"13:00": 514.0, "14:00": 512.75, "15:00": 513.0, "16:00": 510.75, "17:00": 510.5, "18:00": 508.0}


def test_hours_of_a_winter_day_are_those_of_the_file(real_feed: PysystemtradeFeed) -> None:
    found = hourly(real_feed, "CRUDE_W", "202312", "2023-01-10")
    assert found == {
        "14:00": 74.4, "15:00": 74.32, "16:00": 74.62, "17:00": 74.53, "18:00": 74.68, "19:00": 74.32, "20:00": 74.14,
        "21:00": 73.92,
    }  # fmt: skip
    assert hourly(real_feed, "CRUDE_W", "202311", "2023-01-10") == {
        "14:00": 74.85, "16:00": 74.93, "20:00": 74.74,
    }  # fmt: skip


def test_every_price_is_in_the_file_and_every_price_of_the_file_is_there(real_data: Path) -> None:
    feed = PysystemtradeFeed(real_data, assumed_volume=1)
    with (real_data / "multiple_prices" / "EDOLLAR.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    in_file = {
        (row[f"{role}_CONTRACT"][:6], row["DATETIME"][:10], float(row[role]))
        for row in rows
        for role in ("PRICE", "CARRY", "FORWARD")
        if row[role] and row["DATETIME"].endswith("23:00:00") and date.fromisoformat(row["DATETIME"][:10]).weekday() < 5
    }
    found = {
        (listed.contract.date, day[:10], price)
        for listed in feed.contracts("EDOLLAR")
        for day, price in daily(feed, "EDOLLAR", listed.contract.date).items()
    }
    every_price = {float(row[role]) for row in rows for role in ("PRICE", "CARRY", "FORWARD") if row[role]}
    assert in_file <= found
    assert {price for _, _, price in found} <= every_price


@pytest.mark.parametrize(("code", "count"), [("CORN", 105), ("CRUDE_W", 67), ("EDOLLAR", 164), ("GOLD", 292)])
def test_every_contract_is_listed(real_feed: PysystemtradeFeed, code: str, count: int) -> None:
    chain = real_feed.contracts(code)
    assert len(chain) == count
    assert [one.contract.date for one in chain] == sorted({one.contract.date for one in chain})
    assert all(one.first_day <= one.expiry for one in chain)


def test_only_instruments_with_prices_are_there(real_feed: PysystemtradeFeed) -> None:
    assert real_feed.instruments() == ("CORN", "CRUDE_W", "EDOLLAR", "GOLD")
    with pytest.raises(MissingInstrument, match="Did you mean 'EDOLLAR'"):
        real_feed.facts("EDOLAR")
    with pytest.raises(MissingInstrument):
        real_feed.hours("AEX")  # in the tables, without a price


@pytest.mark.parametrize(
    ("code", "symbol", "exchange", "multiplier", "magnifier", "tick", "point"),
    [
        ("CORN", "ZC", "CBOT", 5000, 100, "0.25", 50),
        ("CRUDE_W", "CL", "NYMEX", 1000, 1, "0.01", 1000),
        ("EDOLLAR", "GE", "CME", 2500, 1, "0.005", 2500),
        ("GOLD", "GC", "COMEX", 100, 1, "0.1", 100),
    ],
)
def test_facts_are_those_of_the_tables(
    real_feed: PysystemtradeFeed, code: str, symbol: str, exchange: str, multiplier: int, magnifier: int, tick: str,
    point: int,
) -> None:  # fmt: skip
    facts = real_feed.facts(code)
    assert (facts.broker_code, facts.exchange, facts.currency) == (symbol, exchange, "USD")
    assert (facts.multiplier, facts.price_magnifier, facts.point_size) == (multiplier, magnifier, point)
    assert facts.tick_size == Decimal(tick)


@pytest.mark.parametrize(
    ("code", "named", "expiry"),
    [
        ("CORN", "202312", date(2023, 12, 14)),
        ("CRUDE_W", "202312", date(2023, 11, 20)),
        ("EDOLLAR", "202512", date(2025, 12, 15)),
        ("GOLD", "202312", date(2023, 12, 27)),
    ],
)
def test_contracts_expire_by_the_rules_of_their_exchanges(
    real_feed: PysystemtradeFeed, code: str, named: str, expiry: date
) -> None:
    listed = {one.contract.date: one for one in real_feed.contracts(code)}
    assert listed[named].expiry == expiry


def test_no_contract_has_a_price_after_it_expired(real_feed: PysystemtradeFeed) -> None:
    for code in real_feed.instruments():
        for listed in real_feed.contracts(code):
            last = list(daily(real_feed, code, listed.contract.date))[-1]
            assert last[:10] <= str(listed.expiry)


def test_a_daily_close_is_not_known_before_the_market_closes(real_feed: PysystemtradeFeed) -> None:
    closing = utc("2023-08-30 18:20")  # 13:20 in Chicago
    assert "2023-08-30 00:00" not in daily(real_feed, "CORN", "202412", until=closing - 1)
    assert daily(real_feed, "CORN", "202412", until=closing)["2023-08-30 00:00"] == 509.25


def test_a_contract_without_a_price_by_then_has_no_bars(real_feed: PysystemtradeFeed) -> None:
    contract = FuturesContract("CORN", "202412")
    first = utc("2022-11-14 19:20")
    assert not real_feed.has_bars(contract, first - 1)
    assert real_feed.has_bars(contract, utc("2022-11-16"))
    with pytest.raises(MissingContract):
        real_feed.bars(FuturesContract("CORN", "202407"), Frequency.DAY, BEGINNING, END)


def test_rates_are_those_of_the_files(real_feed: PysystemtradeFeed) -> None:
    assert real_feed.fx_codes() == ("EURUSD", "GBPUSD", "JPYUSD")
    pounds = closes(real_feed.fx_rates("GBPUSD", END))
    assert (pounds["1971-01-04 00:00"], pounds["2023-08-31 00:00"]) == (2.3938, 1.2716)
    assert pounds["2019-11-11 00:00"] == 1.28532  # the later of two rows of that date
    assert closes(real_feed.fx_rates("JPYUSD", END))["2023-08-29 00:00"] == 0.006830834386420301
    with pytest.raises(MissingFxCode):
        real_feed.fx_rates("AUDUSD", END)


def test_orders_trade_on_the_last_known_price_each_minute(real_feed: PysystemtradeFeed) -> None:
    contract = FuturesContract("CORN", "202412")
    bars = real_feed.execution_bars(contract, utc("2023-08-30 14:59"), utc("2023-08-30 15:01"))
    assert closes(bars) == {"2023-08-30 14:59": 510.75, "2023-08-30 15:00": 509.75}  # the row of 15:00 London is over
    assert bars.volume.tolist() == [200.0, 200.0]
    assert (bars.high == bars.low).all()


def test_nothing_trades_while_the_market_is_closed(real_feed: PysystemtradeFeed) -> None:
    bars = real_feed.execution_bars(FuturesContract("CORN", "202412"), utc("2023-08-30 18:10"), utc("2023-08-31 00:10"))
    times = list(closes(bars))
    assert times[9:11] == ["2023-08-30 18:19", "2023-08-31 00:00"]
    assert bars.close[-1] == 509.25


def test_a_price_is_not_traded_on_for_longer_than_seven_days(real_feed: PysystemtradeFeed) -> None:
    contract = FuturesContract("EDOLLAR", "202206")  # no longer in the file after December 2019
    last = int(real_feed.bars(contract, Frequency.DAY, BEGINNING, END).end[-1])
    week = 7 * 86_400 * 10**9
    assert len(real_feed.execution_bars(contract, last, last + week))
    assert not len(real_feed.execution_bars(contract, last + week + 1, last + 2 * week))


def test_the_default_start_has_open_markets_and_prices(real_feed: PysystemtradeFeed) -> None:
    now = real_feed.default_start
    assert real_feed.span[0] < now < real_feed.span[1]
    for code in real_feed.instruments():
        assert real_feed.hours(code).is_open(now)
        trading = [
            one.contract
            for one in real_feed.contracts(code)
            if len(real_feed.execution_bars(one.contract, now, now + 60 * 10**9))
        ]
        assert len(trading) >= 2


def test_times_rise_in_every_series(real_feed: PysystemtradeFeed) -> None:
    for listed in real_feed.contracts("GOLD"):
        for frequency in (Frequency.DAY, Frequency.HOUR, Frequency.MINUTE):
            bars = real_feed.bars(listed.contract, frequency, BEGINNING, END)
            assert (np.diff(bars.time) > 0).all()
            assert (np.diff(bars.end) > 0).all()
            assert (bars.end > bars.time).all()
