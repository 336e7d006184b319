"""`brokerkit demo`: the whole story, its arithmetic, and its truth on real prices."""

from __future__ import annotations

import importlib.util
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from brokerkit.cli.app import app

CHAPTERS = [
    "broker", "fx", "chains", "prices", "contract", "capital",
    "market_order", "limit_order", "what_if", "partial_fill", "positions", "flat", "books",
]  # fmt: skip


@pytest.fixture(scope="module")
def story():
    """The demo's story on made-up prices, told once."""
    result = CliRunner().invoke(app, ["demo", "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def money(text: str) -> Decimal:
    return Decimal(text.partition(" ")[0].replace(",", ""))


def test_the_story_has_every_chapter_in_order(story):
    assert list(story) == CHAPTERS


def test_the_market_order_is_filled_and_its_commission_known(story):
    assert story["market_order"]["state"] == "filled"
    assert money(story["market_order"]["commission"]) > 0


def test_the_limit_order_is_modified_and_cancelled_without_a_fill(story):
    steps = story["limit_order"]["rows"]
    assert [step["step"] for step in steps] == ["placed", "a while later", "modified", "cancelled"]
    assert Decimal(steps[1]["limit"]) < Decimal(steps[2]["limit"])
    assert (steps[-1]["state"], steps[-1]["filled"]) == ("cancelled", 0)


def test_the_partial_fill_is_partial(story):
    ended = story["partial_fill"]["the rest"]
    filled, left = (int(part.split()[0].replace(",", "")) for part in ended.split(", ")[:2])
    assert filled > 0
    assert left > 0


def test_cash_is_what_the_fills_say_to_the_cent(story):
    books = story["books"]
    expected = money(books["cash before"]) + money(books["profit of the fills"]) + money(books["commission"])
    assert expected == money(books["cash expected"]) == money(books["cash at the broker"])
    assert books["says"] == "They agree to the cent."


def test_the_same_seed_tells_the_same_story(run, story):
    assert run("demo", "--json").json == story


def test_a_person_sees_a_story_with_a_chart_and_no_error(run_process):
    told = run_process("demo")
    assert (told.exit_code, told.err) == (0, "")
    assert "They agree to the cent." in told.out
    assert "┤" in told.out
    assert "Traceback" not in told.out


def test_a_terminal_without_unicode_shows_the_story_and_its_chart_too(run_process):
    told = run_process("demo", PYTHONIOENCODING="ascii")
    assert (told.exit_code, told.err) == (0, "")
    assert "They agree to the cent." in told.out
    assert told.out.isascii()
    assert "*" in told.out.partition("daily close")[2]


def test_the_chart_goes_into_a_file_when_asked(run, home: Path):
    assert run("demo", "--plot", "demo.png").exit_code == 0
    assert (home / "demo.png").read_bytes().startswith(b"\x89PNG")


def test_a_read_only_broker_is_looked_at_and_not_traded_on(run):
    told = run("demo", "--set", "read_only=true", "--json")
    assert told.exit_code == 0
    assert list(told.json) == CHAPTERS[:6]
    assert "read-only" in told.err


@pytest.mark.skipif(not importlib.util.find_spec("ib_insync"), reason="ib_insync is not installed")
def test_the_story_is_the_same_to_the_cent_through_a_simulated_gateway(run_process, story):
    told = run_process("demo", "--broker", "ib-sim", "--json")
    assert told.exit_code == 0, told.err
    through_ib = told.json
    assert through_ib["broker"]["plugin"] == "ib"
    for chapter in CHAPTERS[1:]:
        assert _without_account(through_ib[chapter]) == _without_account(story[chapter]), chapter


@pytest.mark.skipif(not importlib.util.find_spec("ib_insync"), reason="ib_insync is not installed")
def test_the_story_is_told_on_real_prices_through_a_simulated_gateway(run_process, real_data):
    told = run_process("demo", "--broker", "ib-sim", "--data", real_data, "--json")
    assert told.exit_code == 0, told.err
    through_ib = told.json
    direct = run_process("demo", "--data", real_data, "--json").json
    for chapter in ("chains", "contract", "market_order", "limit_order", "what_if"):
        assert through_ib[chapter] == direct[chapter], chapter
    closes = [[row["close"] for row in story["prices"]["rows"]] for story in (through_ib, direct)]
    assert closes[0] == closes[1]
    assert [row["pair"] for row in through_ib["fx"]["rows"]] == [row["pair"] for row in direct["fx"]["rows"]]
    assert through_ib["books"]["says"] == direct["books"]["says"] == "They agree to the cent."


def _without_account(chapter: dict[str, Any]) -> dict[str, Any]:
    """Leave out how the account is called and what kind it is: the one thing that two brokers do not share."""
    rows = [
        {key: value for key, value in row.items() if key not in ("account", "kind")} for row in chapter.get("rows", [])
    ]
    return {**chapter, "rows": rows}
