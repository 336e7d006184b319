"""Lists of what is installed and configured: complete, and never stopped by what is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from brokerkit.registry import catalog
from brokerkit.registry.config_file import read_config
from brokerkit.registry.declared import declared_settings
from brokerkit.registry.entry_points import MIDDLEWARE, Installed
from brokerkit.registry.variables import unmatched_variables

Install = Callable[..., Path]


def test_configured_names_come_first_with_their_place_then_installed_plugins(install: Install) -> None:
    install()
    Path("brokerkit.toml").write_text(
        "[brokers.mine]\nplugin = 'acme'\n\n[brokers.sim]\n\n[brokers.gone]\nplugin = 'x'\n"
    )
    named = catalog.brokers(read_config())
    assert [(each.name, each.plugin) for each in named[:3]] == [("mine", "acme"), ("sim", "sim"), ("gone", "x")]
    assert named[1].place.endswith("brokerkit.toml:4")
    assert {"acme", "ib"} <= {each.name for each in named[3:]}
    assert all(each.place == "" for each in named[3:])


def test_a_plugin_is_described_by_its_own_words_and_keys(install: Install) -> None:
    install()
    entries = {entry.name: entry for entry in catalog.plugins()}
    assert entries["acme"].summary == "Acme's currencies"
    assert str(entries["acme"].installed) == "brokerkit-acme 0.3, brokerkit_acme:plugin"
    assert entries["sim"].is_simulation
    assert entries["sim"].problem is None


def test_middlewares_of_brokerkit_load_and_say_what_they_do() -> None:
    entries = {entry.name: entry for entry in catalog.middlewares()}
    assert set(entries) >= {"audit", "read_only", "risk", "pacing"}
    for entry in entries.values():
        assert entry.problem is None
        assert entry.summary
    assert [setting.takes for setting in entries["risk"].settings[:2]] == ["a whole number", "a whole number"]


def test_a_name_that_two_distributions_offer_is_told_and_ours_wins(install: Install) -> None:
    install(name="sim")
    entry = next(entry for entry in catalog.plugins() if entry.name == "sim")
    assert entry.installed.distribution == "brokerkit"
    assert [rival.distribution for rival in entry.rivals] == ["brokerkit-sim"]


def test_variables_that_belong_to_no_broker_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROKERKIT_PAPRE_PORT", "1")
    monkeypatch.setenv("BROKERKIT_PAPER_PORT", "1")
    assert "BROKERKIT_PAPRE_PORT" in unmatched_variables(["paper"])
    assert "BROKERKIT_PAPER_PORT" not in unmatched_variables(["paper"])


def test_settings_tell_required_keys_defaults_and_help() -> None:
    @attrs.frozen
    class Settings:
        account: str = attrs.field(metadata={"help": "the account's id"})
        port: int = 4001
        _hidden: int = attrs.field(default=1, init=False)

    account, port = declared_settings(Settings).values()
    assert (account.key, account.is_required, account.help) == ("account", True, "the account's id")
    assert (port.key, port.is_required, port.default) == ("port", False, 4001)


def test_a_middleware_that_fails_to_import_is_called_one(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Installed("slow", "no_such_module_here:Slow")
    monkeypatch.setattr(catalog, "installed", lambda group: {"slow": broken} if group == MIDDLEWARE else {})
    [entry] = catalog.middlewares()
    assert entry.problem is not None
    assert entry.problem.fact.startswith(
        "Middleware 'slow' (brokerkit 0.1.0, no_such_module_here:Slow) failed to import"
    )


def test_a_middleware_that_is_none_is_told_once_and_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = Installed("slow", f"{__name__}:no_middleware")
    monkeypatch.setattr(Installed, "load", lambda self: no_middleware)
    monkeypatch.setattr(catalog, "installed", lambda group: {"slow": offered} if group == MIDDLEWARE else {})
    [entry] = catalog.middlewares()
    assert entry.first_cause == (
        f"InvalidPlugin: The entry point 'slow' names {__name__}.no_middleware, "
        "not an attrs class that extends Middleware."
    )


def no_middleware() -> None:
    """Do nothing, as no middleware does."""
