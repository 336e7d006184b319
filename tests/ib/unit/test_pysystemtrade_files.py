"""A pysystemtrade set-up, imported as it is."""

from __future__ import annotations

import sys
from datetime import time
from pathlib import Path

import pytest

from brokerkit.errors import ConfigFileError, InvalidSetting
from brokerkit.plugins.ib.hours_files import load_weekly_hours
from brokerkit.plugins.ib.pysystemtrade_files import import_pysystemtrade
from brokerkit.plugins.ib.settings import IBSettings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONFIG = Path(__file__).resolve().parents[3] / "../shared/data/pysystemtrade/config"
needs_data = pytest.mark.skipif(not CONFIG.is_dir(), reason="pysystemtrade's files are not in ../shared/data")


def test_private_config_becomes_a_section_that_the_plugin_takes(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/private_config.yaml").write_text(
        "ib_ipaddress: 192.168.0.10\nib_port: 4001\nib_readonly: False\nbroker_account: U123456\nemail_server: x\n",
        encoding="utf-8",
    )
    found = import_pysystemtrade(tmp_path, "live")
    section = tomllib.loads(found.toml)["brokers"]["live"]
    assert section == {"plugin": "ib", "host": "192.168.0.10", "port": 4001, "read_only": False, "account": "U123456"}
    assert found.unmapped == ("email_server: not a setting of the IB plugin (private_config.yaml)",)
    settings = {key: value for key, value in section.items() if key not in {"plugin", "read_only"}}
    assert IBSettings(**settings).gateway == "192.168.0.10:4001"


def test_numbers_and_truth_that_are_written_as_text_are_taken_for_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "private_config.yaml").write_text("ib_port: '4002'\nib_idoffset: '7'\nib_readonly: 'True'\n", "utf-8")
    section = tomllib.loads(import_pysystemtrade(tmp_path).toml)["brokers"]["ib"]
    assert section == {"plugin": "ib", "port": 4002, "client_id_first": 7, "read_only": True}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ib_readonly: perhaps", "ib_readonly: 'perhaps' is neither true nor false"),
        ("ib_readonly:", "ib_readonly: it has no value"),
        ("broker_account:", "broker_account: it has no value"),
        ("broker_account: ''", "broker_account: '' is not a text"),
        ("ib_ipaddress: [10.0.0.1]", "ib_ipaddress: ['10.0.0.1'] is not a text"),
        ("ib_port: first", "ib_port: 'first' is not a whole number"),
        ("ib_port: true", "ib_port: True is not a whole number"),
        ("ib_idoffset: 1.5", "ib_idoffset: 1.5 is not a whole number"),
    ],
)
def test_a_value_that_means_nothing_is_left_out_and_said(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "private_config.yaml").write_text(line, "utf-8")
    found = import_pysystemtrade(tmp_path)
    assert tomllib.loads(found.toml)["brokers"]["ib"] == {"plugin": "ib"}
    assert found.unmapped == (reason,)


def test_whatever_is_in_names_and_values_the_section_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "private_config.yaml").write_text(r'broker_account: "U1\n\"2\\"', "utf-8")
    found = import_pysystemtrade(tmp_path, 'my "live".one')
    assert tomllib.loads(found.toml) == {"brokers": {'my "live".one': {"plugin": "ib", "account": 'U1\n"2\\'}}}


def test_an_instrument_that_is_described_twice_is_said_once(tmp_path: Path) -> None:
    row = "GOLD,GC,COMEX,USD,100,1,FALSE\n"
    header = "Instrument,IBSymbol,IBExchange,IBCurrency,IBMultiplier,priceMagnifier,IgnoreWeekly\n"
    (tmp_path / "ib_config_futures.csv").write_text(header + row * 2, "utf-8")
    [said] = import_pysystemtrade(tmp_path).unmapped
    assert said.startswith("GOLD: The instrument 'GOLD' is described twice")


@needs_data
def test_the_published_files_are_taken_as_they_are_and_what_is_doubtful_is_said() -> None:
    found = import_pysystemtrade(CONFIG)
    section = tomllib.loads(found.toml)["brokers"]["ib"]
    assert set(section) == {"plugin", "instruments_replaced_by", "fx_codes_replaced_by", "trading_hours"}
    assert {line.partition(":")[0] for line in found.unmapped} == {"ASX", "SPI200", "EURHUF", "HUFEUR"}
    assert len(found.files) == 3


def test_a_folder_without_any_of_the_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match="contains no pysystemtrade configuration"):
        import_pysystemtrade(tmp_path)
    with pytest.raises(ConfigFileError, match="is not a folder"):
        import_pysystemtrade(tmp_path / "nowhere")


@needs_data
def test_the_three_forms_of_trading_hours_are_read() -> None:
    hours = load_weekly_hours(str(CONFIG / "ib_config_trading_hours.yaml"))
    by_day, two_sessions, one_session = (hours[f"{code}_example"] for code in ("EDOLLAR", "US2", "US10"))
    assert by_day.of_weekday(0) == ((time(15), time(21)), (time(14), time(14, 5)))
    assert by_day.of_weekday(2) == ((time(17), time(21)),)
    assert by_day.of_weekday(5) == by_day.of_weekday(6) == ()
    assert two_sessions.of_weekday(3) == ((time(19), time(21)), (time(18, 5), time(18, 10)))
    assert one_session.of_weekday(6) == ((time(19), time(21)),)


@pytest.mark.parametrize("given", ["Mondy: ['14:00', '19:00']", "CORN: 14", "CORN: ['14', 'x']", "CORN: [['14:00']]"])
def test_hours_of_no_form_are_refused_with_their_place(tmp_path: Path, given: str) -> None:
    path = tmp_path / "hours.yaml"
    path.write_text(given if given.startswith("CORN") else f"CORN: {{{given}}}", encoding="utf-8")
    with pytest.raises(InvalidSetting, match=r"hours\.yaml, CORN"):
        load_weekly_hours(str(path))
