"""What is made of rows of multiple prices, on files small enough to be read here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from brokerkit.errors import DataFileError, InvalidSetting
from brokerkit.plugins.sim.feeds import open_feed
from brokerkit.plugins.sim.feeds.bars import to_datetime
from brokerkit.plugins.sim.feeds.feed import Feed
from brokerkit.plugins.sim.feeds.pysystemtrade import PysystemtradeFeed
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

WriteFolder = Callable[..., Path]

ALWAYS = (-(1 << 62), 1 << 62)
CONFIG = {
    "ib_config_futures.csv": "Instrument,IBSymbol,IBExchange,IBCurrency,IBMultiplier,priceMagnifier,IgnoreWeekly\n"
    "OATS,ZO,CBOT,NA,5000,100,FALSE\nRICE,ZR,CBOT,EUR,2000,1,FALSE\n",
    "instrumentconfig.csv": "Instrument,Description,Pointsize,Currency,AssetClass,PerBlock,Percentage,PerTrade,Region\n"
    "OATS,Oats,50,USD,Ags,2.92,0,0,US\n",
    "rollconfig.csv": "Instrument,HoldRollCycle,RollOffsetDays,CarryOffset,PricedRollCycle,ExpiryOffset\n"
    "OATS,Z,-60,-1,HKNUZ,14\n",
}


def prices(feed: Feed, name: str, frequency: Frequency = Frequency.DAY, code: str = "OATS") -> dict[str, float]:
    bars = feed.bars(FuturesContract(code, name), frequency, *ALWAYS)
    return {f"{to_datetime(time):%m-%d %H:%M}": price for time, price in zip(bars.time, bars.close, strict=True)}


def test_a_price_comes_from_the_first_column_that_has_it(pysystemtrade_folder: WriteFolder) -> None:
    folder = pysystemtrade_folder(
        CONFIG,
        OATS=[
            "2023-03-01 23:00:00,11,20230500,10,20230300,12,20230700",
            "2023-03-02 23:00:00,,20230500,,20230300,12.5,20230500",  # only the forward column has it
            "2023-03-03 23:00:00,99,20230300,10.5,20230300,,20230500",  # price before carry
            "2023-03-06 23:00:00,,20230500,,20230300,,20230900",  # a contract without a price is none
        ],
    )
    feed = open_feed(folder)
    assert [one.contract.date for one in feed.contracts("OATS")] == ["202303", "202305", "202307"]
    assert prices(feed, "202303") == {"03-01 00:00": 10, "03-03 00:00": 10.5}
    assert prices(feed, "202305") == {"03-01 00:00": 11, "03-02 00:00": 12.5}


def test_rows_carry_the_start_of_their_bar_by_londons_clock(pysystemtrade_folder: WriteFolder) -> None:
    rows = ["2023-07-05 14:30:00", "2023-07-05 15:00:00", "2023-07-05 19:00:00", "2023-07-05 23:00:00"]
    folder = pysystemtrade_folder(
        CONFIG, OATS=[f"{row},,20230900,{n},20231200,,20240300" for n, row in enumerate(rows)]
    )
    feed = open_feed(folder)
    assert prices(feed, "202312", Frequency.HOUR) == {"07-05 13:00": 0, "07-05 14:00": 1, "07-05 18:00": 2}
    known = feed.bars(FuturesContract("OATS", "202312"), Frequency.MINUTE, *ALWAYS).end
    assert [f"{to_datetime(moment):%H:%M}" for moment in known] == ["14:00", "15:00", "18:20"]  # the market's close
    assert prices(feed, "202312") == {"07-05 00:00": 3}


def test_a_roll_row_is_no_price(pysystemtrade_folder: WriteFolder) -> None:
    folder = pysystemtrade_folder(
        CONFIG,
        OATS=[
            "2023-07-05 18:00:00,1,20230900,2,20231200,,20240300",
            "2023-07-05 18:00:01,2,20231200,3,20240300,,20240500",
            "2023-07-05 19:00:00,2.5,20231200,3.5,20240300,,20240500",
        ],
    )
    feed = open_feed(folder)
    assert prices(feed, "202312", Frequency.HOUR) == {"07-05 17:00": 2, "07-05 18:00": 2.5}
    assert prices(feed, "202403", Frequency.HOUR) == {"07-05 18:00": 3.5}


def test_a_sundays_last_hour_belongs_to_monday(pysystemtrade_folder: WriteFolder) -> None:
    folder = pysystemtrade_folder(
        CONFIG,
        OATS=[
            "2023-03-03 23:00:00,1,20230500,2,20231200,,20240300",
            "2023-03-05 23:00:00,1,20230500,3,20231200,,20240300",
            "2023-03-06 16:00:00,1,20230500,4,20231200,,20240300",
        ],
    )
    feed = open_feed(folder)
    assert prices(feed, "202312") == {"03-03 00:00": 2, "03-06 00:00": 4}
    assert prices(feed, "202312", Frequency.HOUR) == {"03-05 23:00": 3, "03-06 16:00": 4}


def test_clocks_that_go_back_or_forward_keep_times_rising(pysystemtrade_folder: WriteFolder) -> None:
    times = ["2023-03-26 00:30", "2023-03-26 01:30", "2023-03-26 02:30", "2023-10-29 00:30", "2023-10-29 01:30"]
    rows = [f"{time}:00,,20230900,{n},20231200,,20240300" for n, time in enumerate(times)]
    feed = open_feed(pysystemtrade_folder(CONFIG, OATS=rows))
    bars = feed.bars(FuturesContract("OATS", "202312"), Frequency.MINUTE, *ALWAYS)
    assert (np.diff(bars.time) > 0).all()
    assert bars.close[-1] == 4


def test_facts_fall_back_where_a_table_is_silent(pysystemtrade_folder: WriteFolder) -> None:
    row = "2023-03-01 23:00:00,301.25,20230500,300.5,20230300,,20230700"
    feed = open_feed(pysystemtrade_folder(CONFIG, OATS=[row], RICE=[row], RYE=[row]))
    oats, rice = feed.facts("OATS"), feed.facts("RICE")
    assert (oats.currency, oats.point_size, oats.commission) == ("USD", 50, Decimal("2.92"))
    assert (rice.currency, rice.description, rice.commission) == ("EUR", "RICE", 0)
    assert oats.tick_size == Decimal("0.25")
    with pytest.raises(DataFileError, match="No table has a row for RYE"):
        feed.facts("RYE")


def test_contracts_expire_by_their_offset_or_at_the_end_of_their_month(pysystemtrade_folder: WriteFolder) -> None:
    row = "2023-03-01 23:00:00,301.25,20230500,300.5,20230300,,20230700"
    feed = open_feed(pysystemtrade_folder(CONFIG, OATS=[row], RICE=[row]))
    assert [one.expiry for one in feed.contracts("OATS")] == [date(2023, 3, 15), date(2023, 5, 15)]
    assert [one.expiry for one in feed.contracts("RICE")] == [date(2023, 3, 31), date(2023, 5, 31)]


def test_a_contract_lasts_as_long_as_it_has_prices(pysystemtrade_folder: WriteFolder) -> None:
    row = "2023-03-21 23:00:00,,20230500,300.5,20230300,,20230700"
    (march,) = open_feed(pysystemtrade_folder(CONFIG, OATS=[row])).contracts("OATS")
    assert march.expiry == date(2023, 3, 21)


@pytest.mark.parametrize(
    ("row", "fact"),
    [
        ("2023-03-02 23:00:00,x,20230500,1,20230300,,20230700", "CARRY is 'x', which is not a number or empty."),
        ("2023-03-02 23:00:00,1,20231300,1,20230300,,20230700", "CARRY_CONTRACT is '20231300', which is not"),
        ("2023-03-02 23:00:00,1,,1,20230300,,20230700", "CARRY_CONTRACT is ''"),
        ("2023-03-02 23:00,1,20230500", "The row has 3 cells, and the header has 7."),
        ("2023-03-01 23:00:00,1,20230500,1,20230300,,20230700", "occurs twice"),
        ("2023-02-30 23:00:00,1,20230500,1,20230300,,20230700", "DATETIME is '2023-02-30 23:00:00'"),
    ],
)
def test_a_bad_row_is_named(pysystemtrade_folder: WriteFolder, row: str, fact: str) -> None:
    good = "2023-03-01 23:00:00,1,20230500,1,20230300,,20230700"
    feed = open_feed(pysystemtrade_folder(CONFIG, OATS=[good, row]))
    with pytest.raises(DataFileError) as caught:
        feed.contracts("OATS")
    assert fact in caught.value.fact
    assert caught.value.place.endswith("OATS.csv, row 3")


@pytest.mark.parametrize(
    ("table", "text", "fact"),
    [
        ("rollconfig.csv", "Instrument,ExpiryOffset\nOATS,soon\n", "ExpiryOffset is 'soon'"),
        ("ib_config_futures.csv", "Instrument,IBMultiplier\nOATS,-1\n", "IBMultiplier is '-1'"),
        ("instrumentconfig.csv", "Instrument,PerBlock\nOATS,x\n", "PerBlock is 'x'"),
        ("instrumentconfig.csv", "Instrument,PerBlock\nOATS,1\nOATS,2\n", "'OATS' occurs twice."),
        ("instrumentconfig.csv", "Instrument,PerBlock\nOATS\n", "The row does not have 2 cells"),
        ("instrumentconfig.csv", "Name,PerBlock\nOATS,1\n", "Column 'Instrument' is missing."),
    ],
)
def test_a_bad_table_is_named(pysystemtrade_folder: WriteFolder, table: str, text: str, fact: str) -> None:
    row = "2023-03-01 23:00:00,301.25,20230500,300.5,20230300,,20230700"
    folder = pysystemtrade_folder({**CONFIG, table: text}, OATS=[row])
    with pytest.raises(DataFileError) as caught:
        everything_of(folder)
    assert fact in caught.value.fact
    assert table in caught.value.place


def everything_of(folder: Path) -> object:
    feed = PysystemtradeFeed(folder, 20)
    return feed.facts("OATS"), feed.contracts("OATS")


def test_a_table_in_another_encoding_is_named(pysystemtrade_folder: WriteFolder) -> None:
    folder = pysystemtrade_folder(CONFIG, OATS=[])
    (folder / "config" / "instrumentconfig.csv").write_bytes("Instrument\nMÜSLI\n".encode("latin-1"))
    with pytest.raises(DataFileError, match="not UTF-8"):
        open_feed(folder)


def test_a_folder_without_a_file_of_prices_is_refused(pysystemtrade_folder: WriteFolder) -> None:
    with pytest.raises(InvalidSetting, match="has no prices"):
        open_feed(pysystemtrade_folder(CONFIG))


def test_only_the_file_that_is_asked_for_is_read(pysystemtrade_folder: WriteFolder) -> None:
    row = "2023-03-01 23:00:00,301.25,20230500,300.5,20230300,,20230700"
    feed = open_feed(
        pysystemtrade_folder(CONFIG, OATS=[row], RICE=[row, "2023-03-02 23:00:00,x,20230500,1,20230300,,0", row])
    )
    assert feed.instruments() == ("OATS", "RICE")
    assert feed.default_start
    assert prices(feed, "202303") == {"03-01 00:00": 300.5}
    with pytest.raises(DataFileError, match=r"RICE\.csv, row 3"):
        feed.contracts("RICE")
