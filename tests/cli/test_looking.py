"""The commands that only look: each prints what the contract says, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from brokerkit import Broker, FuturesContract, open_broker


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    """The broker that the commands ask too: same seed, same prices."""
    with open_broker("sim") as opened:
        yield opened


@pytest.fixture(scope="module")
def front(broker: Broker) -> FuturesContract:
    """The front contract of corn."""
    dates = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")
    return FuturesContract("CORN", dates[0])


def test_fx_lists_the_newest_rate_of_every_pair(run, broker: Broker):
    told = run("fx", "--json").json
    assert [row["code"] for row in told] == broker.fx.get_list_of_fxcodes()
    assert told[0]["rate"] == broker.fx.get_fx_prices(told[0]["code"]).iloc[-1]


def test_fx_of_a_pair_is_its_series(run, broker: Broker):
    rates = broker.fx.get_fx_prices("GBPUSD")
    told = run("fx", "GBPUSD", "--json").json
    assert [row["GBPUSD"] for row in told] == rates.to_list()
    assert told[-1]["time"] == rates.index[-1].isoformat()


def test_fx_is_cut_to_the_range_asked_for(run, broker: Broker):
    rates = broker.fx.get_fx_prices("GBPUSD")
    start, end = rates.index[-5], rates.index[-2]
    told = run("fx", "GBPUSD", "--start", start.isoformat(), "--end", f"{end:%Y-%m-%d}", "--json").json
    assert [row["time"] for row in told] == [time.isoformat() for time in rates.index[-5:-2]]


def test_fx_of_an_empty_range_says_what_range_there_is(run, broker: Broker):
    rates = broker.fx.get_fx_prices("GBPUSD")
    told = run("fx", "GBPUSD", "--start", "2999-01-01")
    assert told.exit_code == 6
    assert f"{rates.index[0]:%Y-%m-%d} to {rates.index[-1]:%Y-%m-%d}" in told.err


def test_fx_of_an_unknown_pair_is_one_message_and_an_exit_code(run):
    told = run("fx", "GBPXXX")
    assert (told.exit_code, told.out) == (6, "")
    assert "[BK408]" in told.err
    assert "Traceback" not in told.err


def test_fx_balances_are_the_cash(run):
    assert run("fx", "--balances", "--json").json == [{"currency": "USD", "amount": "1000000"}]


def test_prices_without_a_name_lists_instruments(run, broker: Broker):
    assert run("prices", "--json").json == broker.prices.get_instruments_with_price_data()


def test_prices_of_an_instrument_are_the_front_contracts_bars(run, broker: Broker, front: FuturesContract):
    bars = broker.prices.get_prices_for_contract_object(front)
    told = run("prices", "CORN", "--json").json
    assert told == run("prices", str(front), "--json").json
    assert [row["close"] for row in told] == bars["close"].to_list()
    assert list(told[0]) == ["time", "open", "high", "low", "close", "volume"]


def test_prices_table_shows_the_newest_rows_and_says_how_many_are_hidden(run, broker: Broker, front: FuturesContract):
    bars = broker.prices.get_prices_for_contract_object(front)
    told = run("prices", "CORN", "--rows", "3")
    assert f"{bars.index[-1]:%Y-%m-%d}" in told.out
    assert f"{bars.index[-4]:%Y-%m-%d}" not in told.out
    assert f"{len(bars) - 3:,} earlier rows" in told.err


def test_rows_that_are_asked_for_are_the_rows_of_the_json_too(run, broker: Broker, front: FuturesContract):
    told = run("prices", "CORN", "--rows", "2", "--json").json
    assert told == run("prices", "CORN", "--json").json[-2:]
    assert run("fx", "GBPUSD", "--rows", "0", "--json").json == run("fx", "GBPUSD", "--json").json


def test_an_account_of_which_nothing_would_be_shown_is_refused(run):
    told = run("fx", "--account", "SIM1")
    assert (told.exit_code, told.out) == (2, "")
    assert "--balances" in told.err


def test_an_unknown_account_is_told_those_there_are(run):
    told = run("positions", "--account", "XX")
    assert told.exit_code == 6
    assert told.err == "Error [BK407] No account 'XX'.\n  do      The accounts are SIM1.\n"


def test_prices_are_drawn_in_the_terminal_and_into_a_file(run, home: Path, front: FuturesContract):
    assert f"{front} 1d bars" in run("prices", "CORN", "--plot").out
    assert run("prices", "CORN", "--plot", "corn.png").exit_code == 0
    assert (home / "corn.png").read_bytes().startswith(b"\x89PNG")


def test_a_chart_of_an_unknown_kind_is_refused(run, home: Path):
    told = run("prices", "CORN", "--plot", "corn.docx")
    assert told.exit_code == 5
    assert "names no kind of chart" in told.err
    assert list(home.iterdir()) == []


def test_prices_has_quotes_ticks_and_contract_dates(run, broker: Broker):
    quote = run("prices", "CORN", "--quote", "--json").json
    assert float(quote["bid"]) < float(quote["ask"])
    assert run("prices", "CORN", "--ticks", "--json").json[0].keys() >= {"time", "bid", "ask"}
    dates = broker.prices.contract_dates_with_price_data_for_instrument_code("CORN")
    assert run("prices", "CORN", "--dates", "--json").json == dates


def test_contracts_lists_the_chain_with_its_expiries(run, broker: Broker):
    dates = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")
    told = run("contracts", "CORN", "--json").json
    assert [entry["contract"] for entry in told] == [f"CORN/{date}" for date in dates]
    assert told[0]["expiry"] in run("contracts", "CORN").out


def test_contracts_tells_the_facts_of_one(run, broker: Broker, front: FuturesContract):
    told = run("contracts", front, "--json").json
    assert told["contract"]["tick_size"] == str(broker.contracts.get_min_tick_size_for_contract(front))
    assert told["trading_hours"]
    shown = run("contracts", front).out
    assert "last trading day" in shown
    assert "commission a lot" in shown


def test_contracts_of_an_unknown_instrument_names_the_closest(run):
    told = run("contracts", "CRON")
    assert told.exit_code == 6
    assert "meant   CORN?" in told.err


def test_a_date_that_is_none_is_refused(run):
    told = run("contracts", "CORN/20231")
    assert told.exit_code == 5
    assert "'20231' is not a contract date" in told.err


def test_instruments_are_found_by_our_code_and_by_the_brokers(run, broker: Broker):
    told = run("instruments", "--json").json
    assert [item["code"] for item in told] == broker.instruments.get_list_of_instruments()
    ours = broker.instruments.get_brokers_instrument_code("CORN")
    assert run("instruments", ours, "--by-broker-code", "--json").json["code"] == "CORN"
    assert "a point is worth" in run("instruments", "CORN").out


def test_capital_is_value_margin_and_cash(run):
    [worth] = run("capital", "--json").json
    assert worth["account"]["kind"] == "simulated"
    assert worth["value"] == worth["excess_liquidity"] == worth["cash"] == [{"currency": "USD", "amount": "1000000"}]
    assert "1,000,000" in run("capital").out


def test_positions_of_a_new_broker_are_none(run):
    assert run("positions", "--json").json == []
    assert run("positions").out.strip() == "No open positions."


def test_every_looking_command_works_as_a_process_of_its_own(run_process):
    told = run_process("prices", "CORN", "--rows", "2")
    assert told.exit_code == 0
    assert "\x1b" not in told.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["prices", "CORN", "--quote", "--ticks"], "Give one of --dates, --quote and --ticks."),
        (["prices", "CORN", "--dates", "--quote"], "Give one of --dates, --quote and --ticks."),
        (["prices", "--quote"], "--quote needs an instrument or a contract, such as CORN or CORN/202312."),
        (["fx", "GBPUSD", "--balances"], "--balances shows every currency: leave GBPUSD out."),
        (["fx", "--start", "2023-01-01"], "--start is for one pair: give CODE, such as GBPUSD."),
        (["fx", "--balances", "--plot"], "--plot is for one pair: give CODE, such as GBPUSD."),
        (["prices", "--rows", "3"], "--rows needs an instrument or a contract, such as CORN or CORN/202312."),
        (["prices", "CORN", "--quote", "-f", "1h"], "--frequency does not go with --quote."),
        (["prices", "CORN", "--dates", "--plot"], "--plot does not go with --dates."),
        (["prices", "CORN", "--ticks", "--end", "2023-01-01"], "--end does not go with --ticks."),
    ],
)
def test_what_would_not_be_shown_is_refused(run, words: list[str], message: str):
    told = run(*words)
    assert (told.exit_code, told.out) == (2, "")
    assert message in told.err
