"""The commands on real prices: what they print is what the files say."""

from __future__ import annotations

import csv
from pathlib import Path


def test_real_prices_are_those_of_the_file(run, real_data: Path):
    told = run("fx", "GBPUSD", "--data", real_data, "--json").json
    lines = (real_data / "fx_prices" / "GBPUSD.csv").read_text().splitlines()
    known = {line.split(",")[0][:10]: float(line.split(",")[1]) for line in lines[1:]}
    assert told[-1]["GBPUSD"] == known[told[-1]["time"][:10]]


def test_on_real_data_a_price_that_it_prints_is_in_the_file(run, real_data: Path):
    story = run("demo", "--data", real_data, "--json").json
    assert {row["instrument"] for row in story["chains"]["rows"]} == {"CORN", "CRUDE_W", "EDOLLAR", "GOLD"}
    for row in story["chains"]["rows"]:
        instrument, _, date = row["this one"].partition("/")
        assert float(row["close"]) in _prices_in_file(real_data, instrument, date, row["last day"])
    assert story["books"]["says"] == "They agree to the cent."


def _prices_in_file(real_data: Path, instrument: str, date: str, day: str) -> set[float]:
    """Return every price that the file gives for a contract in the rows of a day."""
    found = set()
    with (real_data / "multiple_prices" / f"{instrument}.csv").open() as file:
        for row in csv.DictReader(file):
            for kind in ("PRICE", "CARRY", "FORWARD"):
                if row["DATETIME"][:10] == day and row[f"{kind}_CONTRACT"].startswith(date) and row[kind]:
                    found.add(float(row[kind]))
    return found
