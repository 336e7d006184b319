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


_DECLINING = """
import attrs
from brokerkit import BrokerPlugin, unsupported
from brokerkit.plugins.sim import plugin as sim

DECLINED = {declined}


def open_declining(settings, services):
    session = sim.open(settings, services)
    return attrs.evolve(session, domains=[declining(domain) for domain in session.domains])


def declining(domain):
    kind = type(domain)
    names = {{name: unsupported("not here") for name in DECLINED if hasattr(kind, name)}}
    if names:
        domain.__class__ = type(kind.__name__, (kind,), {{"__slots__": (), **names}})
    return domain


plugin = BrokerPlugin(open=open_declining, settings=sim.settings, is_simulation=True)
"""


@pytest.mark.parametrize(
    ("declined", "skipped", "left_out"),
    [
        ("get_list_of_fxcodes", ["fx"], []),
        ("get_list_of_contract_dates_for_instrument_code", ["chains"], ["prices", "contract", *CHAPTERS[6:]]),
        ("is_contract_okay_to_trade", ["contract"], []),
        ("get_list_of_accounts", ["capital"], []),
        ("put_order_on_stack", ["orders"], CHAPTERS[6:]),
        ("modify_limit_price_given_control_object", ["limit_order"], []),
        ("what_if_order", ["what_if"], []),
        ("cancel_order_on_stack", ["partial_fill"], []),
        ("get_all_current_positions_as_list_with_contract_objects", ["positions"], []),
        ("get_fx_balances", ["books"], []),
    ],
)
def test_what_a_broker_declines_is_skipped_and_the_rest_is_told(
    run, distribution, declined: str, skipped: list[str], left_out: list[str]
):
    distribution("acme", _DECLINING.format(declined=[declined]))
    told = run("demo", "--broker", "acme", "--json")
    assert told.exit_code == 0, told.err
    assert list(told.json) == [key for key in dict.fromkeys([*CHAPTERS, *skipped]) if key not in left_out]
    said = {key: chapter["says"] for key, chapter in told.json.items() if "does not support" in chapter.get("says", "")}
    assert said == dict.fromkeys(skipped, f"Broker 'acme' does not support {declined}: not here.")
    if "flat" in told.json:
        assert told.json["flat"]["state"] == "filled"


_REFUSING = """
import attrs
from brokerkit import BrokerPlugin, errors, hookimpl
from brokerkit.plugins.sim import plugin as sim


def refuse(domain):
    kind = type(domain)

    @hookimpl
    def put_order_on_stack(self, order):
        if order.order_type.value != "{taken}":
            raise errors.NotSupported(f"No {{order.order_type.value}} orders here.")
        return kind.put_order_on_stack(self, order)

    domain.__class__ = type(kind.__name__, (kind,), {{"__slots__": (), "put_order_on_stack": put_order_on_stack}})


def open_refusing(settings, services):
    session = sim.open(settings, services)
    refuse(next(domain for domain in session.domains if hasattr(domain, "put_order_on_stack")))
    return session


plugin = BrokerPlugin(open=open_refusing, settings=sim.settings, is_simulation=True)
"""


@pytest.mark.parametrize(
    ("taken", "skipped"), [("market", ["limit_order", "partial_fill"]), ("limit", ["market_order", "flat"])]
)
def test_an_order_that_a_broker_does_not_take_leaves_no_position_behind(run, distribution, taken, skipped):
    distribution("acme", _REFUSING.format(taken=taken))
    told = run("demo", "--broker", "acme", "--json")
    assert told.exit_code == 0, told.err
    assert list(told.json) == CHAPTERS
    assert [key for key, chapter in told.json.items() if "orders here" in chapter.get("says", "")] == skipped


def test_a_person_reads_what_is_skipped(run, distribution):
    distribution("acme", _DECLINING.format(declined=["what_if_order"]))
    told = run("demo", "--broker", "acme")
    assert "Skipped: what if" in told.out
    assert "They agree to the cent." in told.out


def _without_account(chapter: dict[str, Any]) -> dict[str, Any]:
    """Leave out how the account is called and what kind it is: the one thing that two brokers do not share."""
    rows = [
        {key: value for key, value in row.items() if key not in ("account", "kind")} for row in chapter.get("rows", [])
    ]
    return {**chapter, "rows": rows}
