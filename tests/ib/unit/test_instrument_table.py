"""The instrument table: what ships, what the user adds, and pysystemtrade's own files."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from brokerkit.errors import AmbiguousInstrument, ConfigFileError, DataFileError, MissingFxCode, MissingInstrument
from brokerkit.plugins.ib.table_files import load_fx, load_instruments, read_instruments

CONFIG = Path(__file__).resolve().parents[3] / "../shared/data/pysystemtrade/config"
needs_data = pytest.mark.skipif(not CONFIG.is_dir(), reason="pysystemtrade's files are not in ../shared/data")


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_ships_60_futures_and_12_currency_pairs() -> None:
    assert len(load_instruments().codes()) == 60
    assert len(load_fx().codes()) == 12


def test_the_seed_s_codes_map_both_ways() -> None:
    table = load_instruments()
    assert table.row("EDOLLAR").symbol == "GE"
    assert table.code_of_symbol("GE") == "EDOLLAR"


def test_point_size_is_multiplier_over_magnifier() -> None:
    assert load_instruments().row("CORN").as_instrument().point_size == 50


def test_every_code_that_ships_can_be_asked_for() -> None:
    table = load_instruments()
    assert [table.row(code).code for code in table.codes()] == table.codes()


@needs_data
def test_what_ships_agrees_with_pysystemtrade() -> None:
    theirs = {row.code: row for row in read_instruments(CONFIG / "ib_config_futures.csv")}
    for row in load_instruments().rows():
        other = theirs[row.code]
        assert (row.symbol, row.exchange, row.multiplier, row.price_magnifier, row.contract_rule) == (
            other.symbol,
            other.exchange,
            other.multiplier,
            other.price_magnifier,
            other.contract_rule,
        )


@needs_data
def test_point_sizes_agree_with_pysystemtrade_s_instrument_config() -> None:
    with (CONFIG / "instrumentconfig.csv").open(encoding="utf-8") as lines:
        sizes = {row["Instrument"]: Decimal(row["Pointsize"]) for row in csv.DictReader(lines)}
    for row in load_instruments().rows():
        assert row.as_instrument().point_size == sizes[row.code], row.code


def test_an_unknown_code_names_the_closest() -> None:
    with pytest.raises(MissingInstrument, match="Did you mean 'EDOLLAR'"):
        load_instruments().row("EDOLAR")
    with pytest.raises(MissingFxCode, match="Did you mean 'GBPUSD'"):
        load_fx().row("GPBUSD")


def test_a_user_s_rows_are_added_and_take_the_place_of_shipped_ones(tmp_path: Path) -> None:
    own = write(
        tmp_path / "mine.csv",
        "code,symbol,exchange,currency,multiplier,price_magnifier\nCORN,XC,CBOT,USD,1000,100\nOATS,ZO,CBOT,USD,5000,100\n",
    )
    table = load_instruments(own)
    assert (table.row("CORN").symbol, table.row("OATS").symbol, len(table.codes())) == ("XC", "ZO", 61)


def test_a_user_s_table_can_replace_what_ships(tmp_path: Path) -> None:
    own = write(tmp_path / "mine.csv", "code,symbol,exchange,currency,multiplier\nOATS,ZO,CBOT,USD,5000\n")
    assert load_instruments(replacing=own).codes() == ["OATS"]


@needs_data
def test_duplicated_rows_are_ambiguous_for_that_instrument_only() -> None:
    table = load_instruments(replacing=str(CONFIG / "ib_config_futures.csv"))
    assert len(table.codes()) == 585
    with pytest.raises(AmbiguousInstrument, match=r"ASX .*line \d+.*SPI200 .*line \d+"):
        table.row("ASX")
    with pytest.raises(AmbiguousInstrument, match=r"EURHUF.*HUFEUR"):
        table.row("HUFEUR")
    assert table.row("GOLD").symbol == "GC"


@needs_data
def test_one_symbol_of_a_mini_and_a_full_contract_is_told_apart_by_multiplier() -> None:
    table = load_instruments(replacing=str(CONFIG / "ib_config_futures.csv"))
    assert table.row_of_contract("EOE", {"FTA"}, Decimal(20), "EUR").code == "AEX_mini"
    assert table.row_of_contract("EOE", {"FTA"}, Decimal(200), "EUR").code == "AEX"
    with pytest.raises(AmbiguousInstrument, match="AEX"):
        table.code_of_symbol("EOE")


@needs_data
def test_a_currency_that_pysystemtrade_leaves_out_is_left_to_ib() -> None:
    rows = {row.code: row for row in read_instruments(CONFIG / "ib_config_futures.csv")}
    assert rows["CORN"].currency == ""
    assert rows["BITCOIN"].multiplier_text == "0.1"
    assert rows["CORN"].multiplier_text == "5000"


@needs_data
def test_pysystemtrade_s_currency_pairs_are_read_with_their_direction() -> None:
    table = load_fx(replacing=str(CONFIG / "ib_config_spot_FX.csv"))
    assert (table.row("JPYUSD").base, table.row("JPYUSD").inverted) == ("USD", True)
    assert (table.row("GBPUSD").base, table.row("GBPUSD").inverted) == ("GBP", False)


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("code,symbol\nCORN,ZC\n", 1, "unknown columns"),
        ("code,symbol,exchange,currency,multiplier\nCORN,,CBOT,USD,5000\n", 2, "a cell is empty"),
        ("code,symbol,exchange,currency,multiplier\nCORN,ZC\n", 2, "a cell is empty"),
        ("code,symbol,exchange,currency,multiplier\nCORN,ZC,CBOT,USD,many\n", 2, "'many' is not a positive number"),
        ("code,symbol,exchange,currency,multiplier\nCORN,ZC,CBOT,USD,-1\n", 2, "'-1' is not a positive number"),
        (
            "code,symbol,exchange,currency,multiplier,contract_rule\nCORN,ZC,CBOT,USD,1,wekly\n",
            2,
            "'wekly' is not one of",
        ),
        ("code,symbol,exchange\n" + "x" * 200_000, 1, "field larger"),
    ],
)
def test_a_damaged_row_is_named_by_file_and_line(tmp_path: Path, text: str, line: int, complaint: str) -> None:
    with pytest.raises(DataFileError, match=rf"{complaint}.*mine\.csv, line {line}"):
        load_instruments(write(tmp_path / "mine.csv", text))


@pytest.mark.parametrize("header", ["code,base", "CODE,CCY1,CCY2"])
def test_a_table_of_pairs_without_all_columns_is_told_which_it_needs(tmp_path: Path, header: str) -> None:
    with pytest.raises(DataFileError, match="unknown columns") as raised:
        load_fx(write(tmp_path / "mine.csv", f"{header}\nAUDUSD,AUD,USD\n"))
    assert "`code,base,quote,inverted`" in raised.value.remedy


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="nowhere"):
        load_instruments(str(tmp_path / "nowhere.csv"))
