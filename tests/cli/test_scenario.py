"""`brokerkit scenario`: what a script's author sees."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]

SCRIPT = """
title = "A market order fills at the open of the next bar"
steps = [{submit = "a", quantity = 2}, {run = true}]

[contracts."GOLD/202312"]
bars = '''
09:00  100.0  101.0  99.0  100.5  10
'''

[expect]
positions = {"GOLD/202312" = 2}
"""
LINES = [
    "2023-01-02T09:00:00Z #1 working +2 GOLD/202312 market DAY DU1",
    "2023-01-02T09:00:00Z #1 fill +2 GOLD/202312 @ 100 execution 1, filled",
]


@pytest.fixture
def script(home: Path) -> Path:
    path = home / "open.toml"
    path.write_text(SCRIPT)
    return path


def test_a_scenario_that_holds_says_so_and_shows_its_log_when_asked(run: Run, script: Path) -> None:
    assert run("scenario", script).out == f"{script}: as expected\n"
    assert run("scenario", script, "--log").out.splitlines() == [f"{script}: as expected", *LINES]


def test_what_differs_is_a_diff_and_an_exit_code_and_the_next_file_runs_too(run: Run, script: Path) -> None:
    wrong = script.with_name("wrong.toml")
    wrong.write_text(SCRIPT.replace("= 2}", "= 3}", 2).replace("quantity = 3", "quantity = 2"))
    outcome = run("scenario", wrong, script)
    assert outcome.exit_code == 1
    assert f"{wrong}: differs" in outcome.out
    assert "-GOLD/202312 = 3" in outcome.out
    assert "+GOLD/202312 = 2" in outcome.out
    assert f"{script}: as expected" in outcome.out


def test_programs_read_the_same_as_json(run: Run, script: Path) -> None:
    outcome = run("scenario", script, "--json")
    assert outcome.json == [{"file": str(script), "problems": [], "log": LINES}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SCRIPT.replace("quantity", "quantty"), ["no 'quantty' here.", "open.toml step 1", "quantity?"]),
        ("steps = [", ["open.toml"]),
    ],
)
def test_a_mistake_is_named_with_its_place(run: Run, script: Path, text: str, told: list[str]) -> None:
    script.write_text(text)
    outcome = run("scenario", script)
    assert outcome.exit_code == 5
    assert "cannot be read" in run("scenario", script.with_name("missing.toml")).err
    assert [words for words in told if words not in outcome.err] == []


def test_a_scenario_that_cannot_be_read_is_json_too(run):
    told = run("scenario", "nowhere.toml", "--json")
    assert (told.exit_code, told.out) == (5, "")
    assert json.loads(told.err)["code"] == "BK305"
