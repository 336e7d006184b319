"""`brokerkit orders`: placing, waiting, refusing; and asking before anything that is no simulation."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

from brokerkit import BrokerOrder, open_broker
from brokerkit.cli.commands.orders import _after


@pytest.fixture(scope="module")
def front() -> str:
    """The front contract of gold, as the command line writes it."""
    with open_broker("sim") as broker:
        return f"GOLD/{broker.contracts.get_list_of_contract_dates_for_instrument_code('GOLD')[0]}"


def test_a_market_order_is_placed_filled_and_shown_with_its_fills(run, front: str):
    told = run("orders", "place", front, "2", "--wait", "3600", "--json").json
    assert (told["state"], told["filled"], told["remaining"]) == ("filled", [2], [0])
    assert sum(fill["quantity"] for fill in told["fills"]) == 2
    assert told["commissions"][0]["currency"] == "USD"


def test_an_order_whose_answer_cannot_be_printed_is_named(run, front: str):
    placing = [sys.executable, "-m", "brokerkit", "orders", "place", front, "1", "--set", "state=practice.db"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([*placing, "--json"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    told, problem = map(json.loads, done.stderr.splitlines())
    (order,) = run("orders", "--set", "state=practice.db", "--json").json
    assert told == {
        "note": f"Order {order['order']['order_ref']} may have been sent: look it up before placing another."
    }
    assert problem["message"] == "No space left on device"


def test_an_interrupted_order_is_named(run, front: str, monkeypatch):
    def put(broker, order):
        raise KeyboardInterrupt

    monkeypatch.setattr("brokerkit.cli.commands.orders._put", put)
    told = run("orders", "place", front, "1")
    assert told.exit_code == 130
    assert re.fullmatch(r"Order [0-9a-f-]+ may have been sent: .*\nInterrupted\.\n", told.err)


def test_a_spread_shows_an_average_price_a_leg(run):
    placing = ("orders", "place", "EDOLLAR/202306_202309", "1,-1", "--wait", "3600", "--set", "state=practice.db")
    told = run(*placing, "--json").json
    prices = [fill["price"] for fill in told["fills"]]
    assert len(set(prices)) == 2
    assert told["average_prices"] == prices
    assert f"average price  {' '.join(prices)}\n" in re.sub(" +\n", "\n", run(*placing).out)
    assert run("orders", "--set", "state=practice.db").out.count(" ".join(prices)) == 2


def test_a_leg_without_a_fill_has_no_average_price(run):
    placing = ("orders", "place", "EDOLLAR/202306_202309", "1,-1", "--limit", "-5")
    assert run(*placing, "--json").json["average_prices"] == [None, None]
    assert re.search(r"average price +- - *\n", run(*placing).out)


def test_a_sale_is_a_negative_quantity(run, front: str):
    told = run("orders", "place", front, "-1", "--wait", "3600")
    assert told.exit_code == 0
    assert "filled" in told.out
    assert "-1" in told.out


def test_a_limit_order_far_away_works_until_the_waiting_is_over(run, front: str):
    told = run("orders", "place", front, "1", "--limit", "1", "--tif", "GTC", "--json")
    assert told.json["order"]["limit_price"] == "1"
    assert told.json["state"] in ("pending", "working")


def test_a_bracket_is_placed_with_its_exits(run, front: str):
    told = run("orders", "place", front, "1", "--stop-loss", "1", "--json").json
    assert told["order"]["children"][0]["quantity"] == [-1]


@pytest.mark.parametrize(
    ("arguments", "code", "fact"),
    [
        (["0"], "BK503", "0 lots"),
        (["1", "--limit", "1.23456"], "BK502", "1.23456"),
        (["1,-1"], "BK503", "2 quantities"),
        (["1", "--take-profit", "1", "--stop-loss", "2"], "BK501", "take_profit 1 is not above stop_loss 2"),
        (["-1", "--limit", "5", "--stop-loss", "4"], "BK501", "limit_price 5 is not below stop_loss 4"),
    ],
)
def test_a_senseless_order_is_refused_with_its_reason(run, front: str, arguments: list[str], code: str, fact: str):
    told = run("orders", "place", front, *arguments)
    assert (told.exit_code, told.out) == (8, "")
    assert f"[{code}]" in told.err
    assert fact in told.err


def test_a_fractional_quantity_is_a_wrong_command_line(run, front: str):
    told = run("orders", "place", front, "1.5")
    assert told.exit_code == 2
    assert "'1.5' is not a whole number of lots" in told.err


def test_what_if_places_nothing(run, front: str):
    told = run("orders", "what-if", front, "2", "--json").json
    assert float(told["initial_margin_change"]["amount"]) > 0
    assert run("orders", "--json").json == []


def test_an_order_that_the_broker_does_not_know_cannot_be_cancelled(run):
    told = run("orders", "cancel", "nobody-1", "--yes")
    assert told.exit_code == 6
    assert "[BK406]" in told.err


@pytest.mark.parametrize("option", ["--take-profit", "--stop-loss", "--limit", "--stop", "--trail"])
def test_a_price_that_is_given_empty_is_refused_and_not_left_out(run, front: str, option: str):
    told = run("orders", "place", front, "1", option, "", "--set", "state=kept.db")
    assert (told.exit_code, told.out) == (5, "")
    assert "'' is not a number" in told.err
    assert run("orders", "--set", "state=kept.db", "--json").json == []


@pytest.mark.parametrize(
    "words",
    [("orders",), ("orders", "place", "CORN/202305", "1"), ("orders", "cancel-all", "--yes"), ("positions",), ("fx",)],
    ids=" ".join,
)
def test_an_account_that_is_given_empty_is_refused_and_stands_neither_for_the_default_nor_for_all(
    run, words: tuple[str, ...]
):
    told = run(*words, "--account", "")
    assert (told.exit_code, told.out) == (2, "")
    assert "'--account': it is empty. Name an account, or leave it out." in told.err


def test_a_quantity_that_is_given_empty_is_refused_and_not_left_as_it_was(run):
    told = run("orders", "modify", "some-ref", "--limit", "5", "--quantity", "")
    assert told.exit_code == 2
    assert "'' is not a whole number of lots" in told.err


def test_cancel_all_asks_first(run):
    told = run("orders", "cancel-all", answer="n\n")
    assert told.exit_code == 1
    assert "Cancel every working order of all accounts on broker 'sim'?" in told.err
    assert run("orders", "cancel-all", "--yes", "--json").json == []


def test_modify_without_a_change_is_a_wrong_command_line(run):
    assert run("orders", "modify", "some-ref").exit_code == 2


def test_orders_and_fills_of_a_new_broker_are_none(run):
    assert run("orders").out.strip() == "No orders."
    assert run("orders", "list", "--stored", "--json").json == []
    assert run("orders", "fills").out.strip() == "No fills."


def test_an_order_on_a_simulation_that_keeps_no_state_says_that_it_is_forgotten(run, front: str):
    assert "This simulation ends with the command" in run("orders", "place", front, "1").err
    kept = run("orders", "place", front, "1", "--set", "state=practice.db")
    assert (kept.exit_code, kept.err) == (0, "")
    assert len(run("orders", "--set", "state=practice.db", "--json").json) == 1


def test_what_is_said_beside_a_result_is_json_too_where_json_was_asked_for(run, front: str):
    placed = run("orders", "place", front, "1", "--limit", "1", "--wait", "1", "--json")
    told = [json.loads(line)["note"] for line in placed.err.splitlines()]
    assert told[0] == "Not done after 1 s; the order goes on."
    assert told[1].startswith("This simulation ends with the command")


def test_stored_orders_of_one_account_are_refused_rather_than_those_of_all_shown(run):
    told = run("orders", "--stored", "--account", "SIM1")
    assert (told.exit_code, told.out) == (2, "")
    assert "--stored lists the orders of every account" in told.err


def test_cancel_all_with_json_asks_nobody_and_needs_a_yes(run):
    told = run("orders", "cancel-all", "--json", answer="y\n")
    assert (told.exit_code, told.out) == (5, "")
    refused = json.loads(told.err)
    assert "Cancel every working order of all accounts on broker 'sim'?" in refused["fact"]
    assert refused["remedy"].startswith("Give --yes")


@attrs.frozen
class InterruptedControl:
    """An order that is waited for by somebody who presses Ctrl-C."""

    order_ref: str = "mine-1"
    children: tuple[()] = ()

    def current(self) -> BrokerOrder:
        raise AssertionError("nothing is shown after an interruption")

    def wait(self, timeout: float = 60.0) -> BrokerOrder:
        raise KeyboardInterrupt


def test_an_interrupted_wait_says_which_order_goes_on(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(KeyboardInterrupt):
        _after(InterruptedControl(), 5)
    assert capsys.readouterr().err == "Order mine-1 goes on: only the waiting for it ends.\n"
