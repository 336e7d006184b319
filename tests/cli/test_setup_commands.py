"""`brokers`, `init` and `doctor`: what is installed, what is configured, and what is wrong with it."""

from __future__ import annotations

import importlib.util
import socket
import sqlite3
from pathlib import Path

import pytest
import tomli

from brokerkit.store import default_path, open_store

SILENT = """
import attrs
from brokerkit import AccountKind, BrokerPlugin, Capital, Account, Session, hookimpl, unsupported

@attrs.frozen
class Settings:
    port: int = attrs.field(default=4002, metadata={"help": "where it listens"})
    account: str = attrs.field(default="", metadata={"help": "which account to trade for"})

class AcmeCapital:
    get_account_value_across_currency_across_accounts = unsupported("Acme tells no values")
    get_account_value_across_currency = unsupported("Acme tells no values")
    get_excess_liquidity_value_across_currency = unsupported("Acme tells no values")

    @hookimpl
    def get_list_of_accounts(self):
        return [Account("A1", AccountKind.PAPER, "USD")]

def open_acme(settings, services):
    others = unsupported("Acme knows accounts only")
    return Session((AcmeCapital(),), others, account_kind=AccountKind.PAPER, data="Acme")

plugin = BrokerPlugin(open=open_acme, settings=Settings, summary="Acme, which knows accounts only")
"""


RATES = """
import pandas as pd
from brokerkit import AccountKind, BrokerPlugin, Session, hookimpl, unsupported

class RatesFx:
    get_fx_balances = unsupported("no cash")
    put_fx_order_on_stack = unsupported("no desk")

    @hookimpl
    def get_list_of_fxcodes(self):
        return ["EURUSD", "GBPUSD"]

    @hookimpl
    def get_fx_prices(self, fx_code):
        days = pd.DatetimeIndex(["2024-01-02", "2024-01-03"], tz="UTC", name="time")
        return pd.Series([1.1, 1.2], days, name=fx_code)

def open_rates(settings, services):
    return Session((RatesFx(),), unsupported("rates only"), account_kind=AccountKind.PAPER)

plugin = BrokerPlugin(open=open_rates)
"""


@pytest.fixture
def acme(distribution) -> None:
    """A plugin that works, in a distribution of its own."""
    distribution("acme", SILENT)


@pytest.fixture
def broken(distribution) -> None:
    """A plugin whose code fails to import."""
    distribution("broken", "import acme_sdk\n")


def findings(told, step: str) -> list[dict[str, object]]:
    return [finding for finding in told.json if finding["step"] == step]


def test_brokers_has_no_column_of_remedies_where_nothing_is_wrong(run, distribution):
    assert "what to do" not in run("brokers").out
    distribution("broken", "import acme_sdk\n")
    assert "what to do" in run("brokers").out


@pytest.mark.usefixtures("acme", "broken")
def test_brokers_lists_sections_and_plugins_and_a_broken_one_hides_no_other(run, home: Path):
    (home / "brokerkit.toml").write_text('[brokers.paper]\nplugin = "acme"\n')
    told = {row["name"]: row for row in run("brokers", "--json").json}
    assert told["paper"]["plugin"] == "acme"
    assert told["paper"]["named_in"].endswith("brokerkit.toml:1")
    assert (told["acme"]["package"], told["acme"]["about"]) == ("brokerkit-acme 0.3", "Acme, which knows accounts only")
    assert told["broken"]["about"] == "cannot be used: ModuleNotFoundError: No module named 'acme_sdk'"
    assert "acme_sdk" in run("brokers").out


@pytest.mark.usefixtures("acme")
def test_brokers_shows_the_settings_and_the_hooks_of_one(run):
    settings = run("brokers", "acme", "--json").json
    assert settings[0] == {
        "key": "port",
        "takes": "a whole number",
        "default": 4002,
        "help": "where it listens",
    }
    assert [each["key"] for each in settings[-4:]] == ["plugin", "read_only", "middleware", "store_path"]
    hooks = run("brokers", "acme", "--hooks", "--json").json
    assert hooks["get_list_of_accounts"]["support"] == "supported"
    assert hooks["get_fx_prices"] == {"support": "unsupported", "reason": "Acme knows accounts only"}


def test_brokers_shows_the_settings_of_the_ib_plugin_on_a_gateway_of_its_own(run):
    assert "request_timeout" in [each["key"] for each in run("brokers", "ib-sim", "--json").json]


def test_an_unknown_broker_is_told_the_closest_name(run):
    told = run("brokers", "simm")
    assert told.exit_code == 3
    assert "[BK101]" in told.err
    assert "meant   sim?" in told.err


@pytest.mark.usefixtures("acme", "broken")
def test_init_writes_a_configuration_that_opens_and_names_every_setting(run, home: Path):
    assert run("init").exit_code == 0
    text = (home / "brokerkit.toml").read_text()
    assert tomli.loads(text)["brokers"]["acme"] == {"plugin": "acme"}
    assert "# port = 4002" in text
    assert "# where it listens" in text
    assert "Plugin 'broken' cannot be used" in text
    assert run("doctor", "--broker", "acme").exit_code == 0


def test_every_default_in_the_starter_configuration_can_be_uncommented(run, home: Path):
    assert run("init").exit_code == 0
    lines = (home / "brokerkit.toml").read_text().partition("[brokers.")[1:]
    told = "".join(lines).replace("\n# ", "\n")
    (home / "brokerkit.toml").write_text("\n".join(line for line in told.splitlines() if " =  " not in line))
    told = run("doctor", "--broker", "practice", "--json")
    [values] = findings(told, "settings")
    assert values["details"]["cash"].startswith("USD 1000000  (file, ")
    assert told.exit_code == 0


def test_the_paper_section_of_the_starter_configuration_does_not_name_the_live_port(run, home: Path):
    assert run("init").exit_code == 0
    assert tomli.loads((home / "brokerkit.toml").read_text())["brokers"]["paper"] == {"plugin": "ib", "port": 4002}


def test_init_does_not_overwrite_unasked(run, home: Path):
    (home / "brokerkit.toml").write_text("# mine\n")
    told = run("init", answer="n\n")
    assert told.exit_code == 1
    assert (home / "brokerkit.toml").read_text() == "# mine\n"
    assert run("init", "--yes").exit_code == 0
    assert "brokerkit's configuration" in (home / "brokerkit.toml").read_text()


def test_init_to_two_places_is_refused(run, home: Path):
    told = run("init", "mine.toml", "--user")
    assert (told.exit_code, told.out) == (2, "")
    assert "Give FILE or --user, not both." in told.err
    assert not (home / "mine.toml").exists()


def test_init_user_writes_where_every_folder_finds_it(run, tmp_path: Path):
    written = run("init", "--user", "--json").json["file"]
    assert Path(written) == tmp_path / "config" / "brokerkit" / "brokerkit.toml"


@pytest.mark.usefixtures("acme")
def test_doctor_says_each_value_with_its_origin(run, home: Path, monkeypatch: pytest.MonkeyPatch):
    (home / "brokerkit.toml").write_text('[brokers.paper]\nplugin = "acme"\naccount = "A1"\n')
    monkeypatch.setenv("BROKERKIT_PAPER_PORT", "4010")
    told = run("doctor", "--broker", "paper", "--set", "read_only=true", "--json")
    assert told.exit_code == 0
    [values] = findings(told, "settings")
    assert values["details"]["port"] == "4010  (environment, $BROKERKIT_PAPER_PORT)"
    assert values["details"]["account"] == f"A1  (file, {home / 'brokerkit.toml'}:3)"
    assert values["details"]["read_only"] == "yes  (keyword)"


@pytest.mark.skipif(not importlib.util.find_spec("ib_insync"), reason="ib_insync is not installed")
def test_doctor_examines_the_ib_plugin_on_a_gateway_of_its_own(run_process):
    told = run_process("doctor", "--broker", "ib-sim", "--json")
    assert told.exit_code == 0, told.err
    assert findings(told, "account")[0]["says"] == "DU1000001 (paper, USD)"
    assert findings(told, "data")[0]["verdict"] == "ok"
    assert "it is a simulated one" in findings(told, "clock")[0]["says"]


def test_a_variable_that_means_nothing_is_a_warning_of_one_line(run, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BROKERKIT_SIM_SED", "1")
    told = run("positions")
    assert told.exit_code == 0
    fact = "$BROKERKIT_SIM_SED is set, and broker 'sim' has no such setting."
    assert told.err == f"Warning {fact} Did you mean $BROKERKIT_SIM_SEED?\n"


@pytest.mark.skipif(not importlib.util.find_spec("ib_insync"), reason="ib_insync is not installed")
def test_nothing_at_a_gateways_port_is_one_message(run_process):
    with socket.socket() as taken:  # bound and not listening: nobody else can answer there
        taken.bind(("127.0.0.1", 0))
        told = run_process("fx", "--broker", "ib", "--set", f"port={taken.getsockname()[1]}")
    assert told.exit_code == 10
    assert told.err.startswith("Error [BK601] Nothing answers at 127.0.0.1")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gateway", "--port", "70000"], 2, "70000 is not in the range"),
        (["gateway", "--accounts", " , "], 2, "Name at least one account"),
        (["check", "sim", "--set", "sede=3"], 3, "meant   seed?"),
        (["capital", "--set", "sed=3"], 3, "where   --set sed\n"),
        (["gateway", "tell", "--control-port", "1", "advance", "x"], 2, "'x' is not a number of seconds"),
        (["check", "simm"], 3, "meant   sim?"),
        (["check", "sim", "--case", "999"], 5, "There is no case 999."),
        (["check", "sim", "--case", "104"], 5, "Add --level trade."),
    ],
)
def test_a_wrong_word_is_refused_before_anything_starts(run, arguments: list[str], code: int, message: str):
    told = run(*arguments)
    assert (told.exit_code, told.out) == (code, "")
    assert message in told.err


def test_the_options_of_the_command_that_need_not_be_named_are_in_the_groups_help(run):
    assert "--port INTEGER RANGE" in run("gateway", "--help").out
    assert "--stored" in run("orders", "--help").out


@pytest.mark.usefixtures("acme", "broken")
def test_doctor_examines_to_the_end_and_notes_what_is_beside_the_point(run):
    told = run("doctor", "acme", "--json")
    assert told.exit_code == 0
    assert [f["verdict"] for f in findings(told, "connection")] == ["ok"]
    assert findings(told, "account")[0]["says"] == "A1 (paper, USD)"
    assert findings(told, "account")[1]["says"] == "Orders are refused: the broker is read-only."
    assert "broken" in findings(told, "plugin")[0]["says"]
    assert findings(told, "data")[0]["verdict"] == "note"


def test_doctor_notes_a_store_that_could_not_be_created(run, home: Path):
    (home / "taken").write_text("")
    told = run("doctor", "sim", "--set", f"store_path={home / 'taken' / 'store.db'}", "--json")
    [store] = findings(told, "store")
    assert (store["verdict"], store["remedy"]) == ("note", "Set `store_path`.")
    assert store["says"].endswith(f"store.db cannot be created when it is needed: {home / 'taken'} is no folder.")


def test_doctor_stops_at_a_wrong_value_and_says_what_was_not_reached(run, home: Path, acme: None):
    (home / "brokerkit.toml").write_text('[brokers.paper]\nplugin = "acme"\nprot = 1\n')
    told = run("doctor", "--broker", "paper", "--json")
    assert told.exit_code == 1
    [failure] = findings(told, "settings")
    assert (failure["verdict"], failure["code"]) == ("failed", "BK106")
    assert "brokerkit.toml:3" in failure["says"]
    assert [f["verdict"] for f in findings(told, "connection")] == ["skipped"]


def test_doctor_names_line_and_column_of_a_file_that_is_no_toml(run, home: Path):
    (home / "brokerkit.toml").write_text("[brokers.paper\n")
    told = run("doctor", "--broker", "sim", "--json")
    assert told.exit_code == 1
    [failure] = findings(told, "config")
    assert (failure["verdict"], failure["code"]) == ("failed", "BK105")
    assert "line 1, column 15" in failure["says"]


def test_doctor_does_not_promise_to_take_back_what_another_machine_leased(run):
    store = open_store(default_path(), broker="paper")
    store.client_ids.lease("127.0.0.1:4002")
    with sqlite3.connect(default_path()) as database:
        database.execute("UPDATE owners SET host = 'elsewhere', boot = 'of another machine'")
    database.close()
    told = findings(run("doctor", "--json"), "client id")
    store.close()
    assert [(each["verdict"], each["says"].partition(", in ")[0]) for each in told] == [
        ("ok", "0 held by live processes, 0 left by dead ones, 1 leased on other machines")
    ]


def test_doctor_names_a_middleware_that_cannot_be_used(run, distribution):
    distribution("slow", "import acme_sdk\n", "brokerkit.middleware")
    told = run("doctor", "--json")
    [found] = findings(told, "middleware")
    assert (told.exit_code, found["verdict"]) == (0, "note")
    assert "slow (brokerkit-slow 0.3, brokerkit_slow:plugin) cannot be used: ModuleNotFoundError" in found["says"]


def test_doctor_names_a_variable_that_belongs_to_no_broker(run, monkeypatch: pytest.MonkeyPatch, acme: None):
    monkeypatch.setenv("BROKERKIT_PAPRE_PORT", "4010")
    told = run("doctor", "--broker", "acme", "--json")
    assert any("$BROKERKIT_PAPRE_PORT" in finding["says"] for finding in findings(told, "config"))


def test_a_setting_of_the_wrong_type_is_refused_with_the_option_it_came_from(run, acme: None):
    told = run("capital", "--broker", "acme", "--set", "port=many")
    assert told.exit_code == 3
    assert "port is 'many'; it should be a whole number" in told.err
    assert "--set port=many" in told.err


def test_a_declined_hook_is_one_message_with_the_reason(run, acme: None):
    told = run("fx", "--broker", "acme")
    assert told.exit_code == 5
    assert "[BK301]" in told.err
    assert "Acme knows accounts only" in told.err


def test_capital_leaves_out_what_a_broker_does_not_give(run, acme: None):
    [worth] = run("capital", "--broker", "acme", "--json").json
    assert worth["account"]["account_id"] == "A1"
    assert worth["value"] is worth["excess_liquidity"] is worth["cash"] is None
    assert run("capital", "--broker", "acme").out.splitlines()[-1].split() == ["A1", "paper", "USD", "-", "-", "-"]


def test_doctor_looks_at_the_rates_of_a_broker_without_futures(run, distribution):
    distribution("rates", RATES)
    told = run("doctor", "rates", "--json")
    assert [finding["says"] for finding in findings(told, "data")] == [
        "2 currency pairs with rates; newest rate of EURUSD: 2024-01-03"
    ]


def test_a_pysystemtrade_set_up_becomes_a_section_that_can_be_read(run, home: Path):
    (home / "old").mkdir()
    (home / "old" / "private_config.yaml").write_text("broker_account: U1234567\nib_port: 4001\nquotediff: 3\n")
    told = run("import-pysystemtrade", "old", "--name", "live")
    assert told.exit_code == 0
    assert "quotediff" in told.err
    section = tomli.loads((home / "brokerkit.toml").read_text())["brokers"]["live"]
    assert (section["plugin"], section["port"], section["account"]) == ("ib", 4001, "U1234567")
    assert {row["name"] for row in run("brokers", "--json").json} >= {"live"}


def test_a_folder_without_a_pysystemtrade_set_up_is_refused(run, home: Path):
    told = run("import-pysystemtrade", str(home))
    assert told.exit_code == 3
    assert "contains no pysystemtrade configuration" in told.err
    assert list(home.iterdir()) == []


def test_the_real_tables_of_pysystemtrade_are_imported(run, real_data: Path):
    told = run("import-pysystemtrade", real_data / "config", "--to", "-")
    assert told.exit_code == 0
    assert "instruments_replaced_by" in tomli.loads(told.out)["brokers"]["ib"]
