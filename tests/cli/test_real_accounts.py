"""What is asked, and what is refused, before money could be at stake: the simulation, calling itself something else."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from brokerkit import open_broker

DISGUISED = """
import attrs
from brokerkit import AccountKind, BrokerPlugin
from brokerkit.plugins.sim import plugin as sim

def open_disguised(settings, services):
    return attrs.evolve(sim.open(settings, services), account_kind=AccountKind.{kind})

plugin = BrokerPlugin(open=open_disguised, settings=sim.settings)
"""
KEPT = ("--set", "read_only=false", "--set", "state=kept.json")


@pytest.fixture
def disguised(distribution: Callable[[str, str], None]) -> None:
    """Brokers `paperish` and `livelike`, which trade as the simulation does."""
    distribution("paperish", DISGUISED.format(kind="PAPER"))
    distribution("livelike", DISGUISED.format(kind="LIVE"))


@pytest.fixture(scope="module")
def gold() -> str:
    """The front contract of gold, as the command line writes it."""
    with open_broker("sim") as broker:
        return f"GOLD/{broker.contracts.get_list_of_contract_dates_for_instrument_code('GOLD')[0]}"


@pytest.mark.usefixtures("disguised")
@pytest.mark.parametrize(("name", "kind"), [("paperish", "paper"), ("livelike", "live")])
def test_an_order_is_placed_and_changed_only_after_a_yes(run, gold: str, name: str, kind: str):
    asked = run("orders", "place", gold, "1", "--limit", "900", "--broker", name, *KEPT, answer="n\n")
    assert asked.exit_code == 1
    assert f"on broker '{name}', a {kind} account? [y/N]" in asked.err
    assert run("orders", "--broker", name, *KEPT, "--json").json == []
    assert run("orders", "place", gold, "1", "--limit", "900", "--broker", name, *KEPT, answer="y\n").exit_code == 0
    [placed] = run("orders", "--broker", name, *KEPT, "--json").json
    changing = ("orders", "modify", placed["order"]["order_ref"], "--limit", "901", "--broker", name, *KEPT)
    assert run(*changing, answer="n\n").exit_code == 1
    [left] = run("orders", "--broker", name, *KEPT, "--json").json
    assert left["order"]["limit_price"] == "900"
    assert run(*changing, "--yes", "--json").json["order"]["limit_price"] == "901"


@pytest.mark.usefixtures("disguised")
def test_what_is_asked_names_everything_that_will_be_sent(run, gold: str):
    place = ("orders", "place", gold, "2", "--broker", "livelike", *KEPT)
    exits = ("--take-profit", "950", "--stop-loss", "880")
    nightly = "stop trigger 5000 DAY outside hours too, then stop trigger 880 GTC outside hours too on broker"
    night = ("--stop", "5000", "--stop-loss", "880", "--outside-hours")
    assert nightly in run(*place, *night, answer="n\n").err
    asked = run(*place, "--limit", "900", "--tif", "GTC", "--account", "SIM1", *exits, answer="y\n").err
    assert f": +2 {gold} limit 900 GTC, then limit 950 GTC, then stop trigger 880 GTC, account SIM1 on broker" in asked
    assert f": +2 {gold} stop trigger 5000 DAY on broker" in run(*place, "--stop", "5000", answer="n\n").err
    entry = run("orders", "--broker", "livelike", *KEPT, "--json").json[0]["order"]["order_ref"]
    change = ("orders", "modify", entry, "--limit", "901", "--quantity", "3", "--broker", "livelike", *KEPT)
    asked = run(*change, answer="n\n").err
    assert asked.startswith(f"Change order {entry}: +2 {gold} limit 900 GTC")
    assert "to limit 901, lots 3 on broker 'livelike', a live account? [y/N]" in asked


@pytest.mark.usefixtures("disguised")
@pytest.mark.parametrize("words", [["--json"], []])
def test_where_nobody_can_be_asked_a_yes_is_asked_for_by_an_error(run, gold: str, words: list[str]):
    told = run("orders", "place", gold, "1", "--limit", "900", "--broker", "paperish", *KEPT, *words)
    assert (told.exit_code, told.out) == (5, "")
    assert "Give --yes" in (json.loads(told.err)["remedy"] if words else told.err)
    assert "[y/N]" not in told.err


@pytest.mark.usefixtures("disguised")
@pytest.mark.parametrize("kind", ["livelike", "paperish"])
def test_without_read_only_false_nothing_is_placed_even_with_a_yes(run, gold: str, kind: str):
    told = run("orders", "place", gold, "1", "--broker", kind, "--yes")
    assert (told.exit_code, told.out) == (5, "")
    assert "[BK302]" in told.err


@pytest.mark.usefixtures("disguised")
def test_the_demo_never_trades_on_a_live_account_and_asks_before_a_paper_one(run):
    live = run("demo", "--broker", "livelike", *KEPT, "--yes", "--json")
    assert live.exit_code == 0
    assert "the demo never trades on one" in live.err
    asked = run("demo", "--broker", "paperish", *KEPT, answer="n\n")
    assert asked.exit_code == 0
    assert "Trade on the paper account of broker 'paperish'?" in asked.err
    paper = run("demo", "--broker", "paperish", *KEPT, "--json", answer="y\n")
    assert paper.exit_code == 0
    assert "--yes lets it trade on the paper account of broker 'paperish'." in json.loads(paper.err)["note"]
    assert "market_order" not in live.json.keys() | paper.json.keys()
    for name in ("livelike", "paperish"):
        assert run("orders", "--broker", name, *KEPT, "--json").json == []
