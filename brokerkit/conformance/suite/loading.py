"""Group A: a plugin is found, set up, and told apart from its neighbours."""

from __future__ import annotations

import logging
import typing
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

import brokerkit
from brokerkit import AccountKind, Broker, ConnectionState
from brokerkit.conformance.connection import OpenAnother
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.levels import read, static, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.outcomes import blocked
from brokerkit.conformance.plugin_facts import settings_fact
from brokerkit.conformance.result_types import mismatch
from brokerkit.conformance.trader import Trader
from brokerkit.errors import AuthenticationFailed, BrokerkitError, ConfigError, InvalidOrder, UnknownSetting
from brokerkit.registry.entry_points import BROKERS, installed
from brokerkit.spec.domains import CONTRACT, DOMAINS

_SECRET_WORDS = ("password", "secret", "token", "api_key", "key")
_SHORT = 3


@static()
def test_001_opens_by_name(broker: Broker, facts: Facts) -> None:
    """Case 1: it is found by its name, and opened from configuration alone."""
    assert broker.name == facts.broker
    assert broker.state is ConnectionState.CONNECTED


@static()
def test_002_is_listed_without_connecting(broker: Broker) -> None:
    """Case 2: it is listed, with the distribution it comes from, and nothing is opened for that."""
    listed = installed(BROKERS)
    assert broker.plugin in listed, f"plugin {broker.plugin!r} is not among the installed ones: {', '.join(listed)}"
    assert listed[broker.plugin].distribution, "no distribution is named for it"


@static()
def test_003_unknown_setting_is_named(open_another: OpenAnother) -> None:
    """Case 3: a setting that the plugin does not declare is refused by its name, before anything is opened."""
    with pytest.raises(UnknownSetting) as raised:
        open_another(no_such_setting_anywhere="1")
    assert "no_such_setting_anywhere" in str(raised.value)


@static()
def test_004_wrong_credentials_are_refused(broker: Broker, open_another: OpenAnother, facts: Facts) -> None:
    """Case 4: wrong credentials give AuthenticationFailed, neither a hang nor a general failure."""
    wrong = settings_fact("wrong_credentials", facts, broker)
    with pytest.raises(AuthenticationFailed):
        open_another(**wrong)


@static()
def test_005_missing_credentials_are_named(broker: Broker, open_another: OpenAnother, facts: Facts) -> None:
    """Case 5: without credentials there is a typed error; with them it opens."""
    none = settings_fact("no_credentials", facts, broker)
    with pytest.raises((ConfigError, AuthenticationFailed)):
        open_another(**none)
    assert open_another().state is ConnectionState.CONNECTED


@static()
def test_006_secrets_are_masked(broker: Broker, facts: Facts) -> None:
    """Case 6: credentials appear neither in a repr nor in the settings that are shown."""
    shown = f"{broker!r} {dict(broker.settings)!r} {broker.native!r}"
    leaked = [name for name, secret in _secrets(facts) if secret in shown]
    assert not leaked, f"shown in clear: the value of {', '.join(leaked)}"


@static()
def test_006_secrets_are_not_logged(open_another: OpenAnother, facts: Facts, caplog: pytest.LogCaptureFixture) -> None:
    """Case 6: credentials appear in no log record, at whatever level, when the broker is opened and asked."""
    secrets = _secrets(facts)
    if not secrets:
        blocked("no setting is a credential")
    with caplog.at_level(logging.DEBUG):
        opened = open_another()
        if opened.supports("get_list_of_accounts"):
            opened.capital.get_list_of_accounts()
    loggers = {each.name for each in caplog.records for _, secret in secrets if secret in each.getMessage()}
    assert not loggers, f"a credential is written in clear to the log of {', '.join(sorted(loggers))}"


@static()
def test_007_two_instances_are_apart(broker: Broker, open_another: OpenAnother) -> None:
    """Case 7: two brokers of one plugin live side by side, and closing one leaves the other open."""
    other = open_another()
    other.close()
    assert other.state is ConnectionState.CLOSED
    assert broker.state is ConnectionState.CONNECTED
    assert broker.instruments is not other.instruments


@static("get_list_of_accounts")
def test_008_says_whether_money_is_at_stake(broker: Broker) -> None:
    """Case 8: simulated, paper or live is reported by the broker, and its accounts agree with it."""
    assert isinstance(broker.account_kind, AccountKind)
    kinds = {account.kind for account in broker.capital.get_list_of_accounts()}
    assert broker.account_kind in kinds, f"the broker says {broker.account_kind}, its accounts say {kinds}"


@static()
def test_009_every_hook_is_answered_or_declined(broker: Broker) -> None:
    """Case 9: every hook of the contract is implemented, or declined with a reason; none is forgotten."""
    capabilities = broker.capabilities()
    forgotten = [hook for hook in CONTRACT if hook not in capabilities]
    assert not forgotten, f"neither implemented nor declined: {', '.join(forgotten)}"


@read()
def test_010_results_are_of_the_declared_types(broker: Broker, market: Market) -> None:
    """Case 10: what a hook returns is of the type that the contract declares."""
    wrong = [text for hook, result in _simple_answers(broker, market).items() if (text := _mismatch(hook, result))]
    assert not wrong, "; ".join(wrong)


@trade()
def test_011_broker_parameters_pass_through(trader: Trader, facts: Facts) -> None:
    """Case 11: fields of one broker pass through untouched; one that it does not know is refused by its name."""
    given = dict(facts.broker_parameters) or {"x_conformance": "kept as it is"}
    try:
        control = trader.rests(trader.resting_order(trader.quantity, broker_parameters=given))
    except InvalidOrder as refusal:
        assert any(name in str(refusal) for name in given), f"it does not name what it refuses: {refusal}"
        if not facts.broker_parameters:
            blocked("the fact broker_parameters is not given, and the broker knows no field called x_conformance")
        raise
    assert dict(control.current().order.broker_parameters) == given


@static()
def test_012_conflicting_settings_are_refused(broker: Broker, open_another: OpenAnother, facts: Facts) -> None:
    """Case 12: settings that contradict each other are refused with a typed error; without them it opens."""
    conflicting = settings_fact("conflicting_settings", facts, broker)
    with pytest.raises(ConfigError):
        open_another(**conflicting)
    assert open_another().state is ConnectionState.CONNECTED


def _secrets(facts: Facts) -> list[tuple[str, str]]:
    """Return the names of the settings that are credentials, with their values; very short ones appear by chance."""
    given = ((name, str(value)) for name, value in facts.settings.items() if name.lower().endswith(_SECRET_WORDS))
    return [(name, value) for name, value in given if len(value) > _SHORT]


def _simple_answers(broker: Broker, market: Market) -> dict[str, Any]:
    """Return what the hooks give that can be asked with a contract, an instrument, a pair, or nothing."""
    offered: dict[str, Any] = {}
    for name, facts in CONTRACT.items():
        required = [each for each in facts.parameters if each not in facts.defaults]
        if facts.writes or not broker.supports(name) or not set(required) <= {"contract", "instrument_code", "fx_code"}:
            continue
        known = {"instrument_code": "instrument"}
        arguments = [getattr(market, known.get(each, each)) for each in required]
        try:
            offered[name] = getattr(getattr(broker, facts.domain), name)(*arguments)
        except BrokerkitError:
            continue  # whether it may raise is what the cases about this hook ask
    return offered


def _mismatch(hook: str, result: object) -> str:
    protocol = DOMAINS[CONTRACT[hook].domain]
    return mismatch(hook, result, typing.get_type_hints(getattr(protocol, hook), _names())["return"])


def _names() -> dict[str, Any]:
    return {
        "pd": pd,
        "date": date,
        "datetime": datetime,
        "Decimal": Decimal,
        **{name: getattr(brokerkit, name) for name in brokerkit.__all__},
    }
