"""`brokerkit download`: whole files or none, resumed after any interruption, and fit to be a simulation's data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from brokerkit import FuturesContract, open_broker


def bars_in(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    bars = pd.read_csv(path, index_col="time", parse_dates=True).astype("float64")
    return bars.set_axis(bars.index.as_unit("ns"))


def lines_of(folder: Path, contract: str) -> list[str]:
    return (folder / f"{contract.replace('/', '_')}.csv").read_text().splitlines()


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_files_hold_the_bars_of_every_contract(run, home: Path, file_format: str):
    told = run("download", "CORN", "--to", "prices", "--format", file_format, "--json").json
    with open_broker("sim") as broker:
        dates = broker.prices.contract_dates_with_price_data_for_instrument_code("CORN")
        assert list(told["saved"]) == [f"CORN/{date}" for date in dates]
        expected = broker.prices.get_prices_for_contract_object(FuturesContract("CORN", dates[-1]))
    saved = bars_in(home / "prices" / f"CORN_{dates[-1]}.{file_format}")
    pd.testing.assert_frame_equal(saved, expected, check_freq=False)


def test_the_same_command_again_keeps_what_is_there_and_fetches_what_is_missing(run, home: Path):
    first = run("download", "CORN", "--to", "prices", "--json").json
    gone = next(iter(first["saved"]))
    (home / "prices" / f"{gone.replace('/', '_')}.csv").unlink()
    again = run("download", "CORN", "--to", "prices", "--json").json
    assert list(again["saved"]) == [gone]
    assert len(again["kept"]) == len(first["saved"]) - 1


def test_a_folder_of_another_download_is_refused_unless_refreshed(run, home: Path):
    run("download", "CORN", "--to", "prices")
    refused = run("download", "CORN", "--to", "prices", "--frequency", "1h")
    assert refused.exit_code == 5
    assert "frequency '1d', now '1h'" in refused.err
    fetched = run("download", "CORN", "--to", "prices", "--frequency", "1h", "--refresh", "--json")
    assert fetched.exit_code == 0
    assert json.loads((home / "prices" / "download.json").read_text())["frequency"] == "1h"
    for name in fetched.json["saved"]:
        of_this = (home / "prices").glob(f"{name.replace('/', '_')}.*")
        assert [path.name for path in of_this] == [f"{name.replace('/', '_')}.1h.csv"]


@pytest.mark.parametrize(("note", "code"), [("{", 7), ("[]", 5)])
def test_a_damaged_note_of_what_was_asked_for_is_told(run, home: Path, note: str, code: int):
    (home / "prices").mkdir()
    (home / "prices" / "download.json").write_text(note)
    told = run("download", "CORN/202305", "--to", "prices")
    assert (told.exit_code, told.out) == (code, "")
    assert "--refresh to start over" in told.err
    assert run("download", "CORN/202305", "--to", "prices", "--refresh").exit_code == 0


def test_a_killed_download_leaves_whole_files_and_goes_on(run, home: Path):
    arguments = ["download", "CORN", "--to", "prices"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from brokerkit.cli import main; main()", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _until_files_appear(home / "prices", process)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    told = run(*arguments, "--json").json
    assert told["kept"]
    assert not told["errors"]
    lengths = {name: len(lines_of(home / "prices", name)) - 1 for name in [*told["saved"], *told["kept"]]}
    assert all(lengths[name] == rows for name, rows in told["saved"].items())
    assert run("download", "CORN", "--to", "whole", "--json").json["saved"] == lengths


def _until_files_appear(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not list(folder.glob("*.csv")):
        assert process.poll() is None, "it ended before it wrote anything"
        assert time.monotonic() < deadline
        os.sched_yield()


def test_a_contract_without_bars_is_told_and_spoils_no_other(run):
    with open_broker("sim") as broker:
        date = broker.prices.contract_dates_with_price_data_for_instrument_code("CORN")[0]
    told = run("download", f"CORN/{date}", "CORN/190001", "--to", "prices", "--json")
    assert told.exit_code == 6
    assert list(told.json["saved"]) == [f"CORN/{date}"]
    assert list(told.json["errors"]) == ["CORN/190001"]


def test_contracts_without_bars_in_a_range_are_counted_not_listed(run):
    told = run("download", "CORN", "--to", "prices", "--start", "2023-03-01")
    assert told.exit_code == 0
    assert "contracts have no such bars: CORN/201003 to " in told.out
    assert len(told.out.splitlines()) == 2


def test_nothing_named_is_a_wrong_command_line(run):
    assert run("download", "--to", "prices").exit_code == 2


def test_a_downloaded_folder_is_data_for_a_simulation(run, home: Path):
    saved = run("download", "CORN", "GOLD", "--to", "prices", "--json").json["saved"]
    assert run("prices", "--data", "prices", "--json").json == ["CORN", "GOLD"]
    name = next(iter(saved))
    again = run("prices", name, "--data", "prices", "--json").json
    assert [row["close"] for row in again] == bars_in(home / "prices" / f"{name.replace('/', '_')}.csv")[
        "close"
    ].to_list()


OWN_FACTS = (
    "instrument,currency,multiplier,price_magnifier,tick_size,commission,exchange\nMINE,EUR,50,2,0.5,1.25,EUREX\n"
)
BARS = "time,open,high,low,close,volume\n2023-03-15,1,2,1,2,9\n2023-03-16,2,2,1,1,9\n2023-03-17,1,2,1,2,9\n"


@pytest.fixture
def mine(home: Path) -> Path:
    """Make a folder of an instrument that the package does not know."""
    folder = home / "mine"
    folder.mkdir()
    (folder / "instruments.csv").write_text(OWN_FACTS)
    (folder / "MINE_202312.csv").write_text(BARS)
    return folder


def facts_of_mine(run, folder: str) -> tuple[object, ...]:
    instrument = run("instruments", "MINE", "--data", folder, "--json").json
    contract = run("contracts", "MINE/202312", "--data", folder, "--json").json
    return (
        *(instrument[name] for name in ("currency", "multiplier", "price_magnifier", "exchange")),
        contract["contract"]["tick_size"],
        contract["commission"],
    )


@pytest.mark.usefixtures("mine")
def test_a_downloaded_instrument_is_worth_in_the_simulation_what_it_is_at_the_broker(run):
    assert run("download", "MINE", "--data", "mine", "--to", "copy").exit_code == 0
    assert facts_of_mine(run, "copy") == facts_of_mine(run, "mine")


@pytest.mark.usefixtures("mine")
def test_facts_that_are_in_the_folder_already_are_not_changed(run, home: Path):
    own = "instrument,multiplier\nMINE,7\n"
    (home / "copy").mkdir()
    (home / "copy" / "instruments.csv").write_text(own)
    run("download", "MINE", "--data", "mine", "--to", "copy")
    assert (home / "copy" / "instruments.csv").read_text() == own


@pytest.mark.usefixtures("mine")
def test_facts_are_added_to_those_in_the_folder(run, home: Path):
    (home / "copy").mkdir()
    (home / "copy" / "instruments.csv").write_text("instrument,zone,hours\nOTHER,UTC,08:00-12:00\n")
    run("download", "MINE", "--data", "mine", "--to", "copy")
    (home / "copy" / "OTHER_202312.csv").write_text(BARS)
    assert facts_of_mine(run, "copy") == facts_of_mine(run, "mine")
    hours = run("contracts", "OTHER/202312", "--data", "copy", "--json").json["trading_hours"]
    assert hours[0]["opening_time"].endswith("T08:00:00+00:00")


def test_facts_are_noted_of_instruments_whose_files_were_there_already(run, home: Path):
    run("download", "CORN", "--to", "prices")
    (home / "prices" / "instruments.csv").unlink()
    run("download", "CORN", "--to", "prices")
    assert (home / "prices" / "instruments.csv").read_text().splitlines()[1].startswith("CORN,ZC,CBOT,USD,5000,100,")


@pytest.mark.usefixtures("mine")
def test_an_order_that_needs_a_rate_which_the_folder_does_not_have_says_which_file_to_add(run):
    told = run("orders", "place", "MINE/202312", "1", "--data", "mine")
    assert told.exit_code == 8
    assert "fx/EURUSD.csv" in told.err


def test_an_instrument_without_an_exchange_is_on_none(run, mine: Path):
    (mine / "instruments.csv").unlink()
    shown = run("contracts", "MINE/202312", "--data", "mine").out
    assert "broker's symbol" in shown
    assert "MINE on" not in shown
