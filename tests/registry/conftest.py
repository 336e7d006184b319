"""Plugins made for one test: a module and its distribution's metadata, found as any installed one is."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., Path]

ACME = """
import attrs
from brokerkit import AccountKind, BrokerPlugin, Fx, Money, Session, hookimpl, unsupported

class AcmeFx(Fx):
    @hookimpl
    def get_list_of_fxcodes(self):
        return ["EURUSD", "GBPUSD"]

    @hookimpl
    def get_fx_prices(self, fx_code):
        return [fx_code, 1.25]

    @hookimpl
    def get_fx_balances(self, account=""):
        return [Money("USD", 5)]

    put_fx_order_on_stack = unsupported("Acme has no FX desk")

def open_acme(settings, services):
    return Session(domains=(AcmeFx(),), others=unsupported("Acme only quotes currencies"))

plugin = BrokerPlugin(open=open_acme, summary="Acme's currencies")
"""
"""A plugin of 30 lines that answers the FX domain."""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs a distribution of one module for the test's time."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = set(sys.modules)

    def install_module(
        source: str = ACME,
        *,
        name: str = "acme",
        target: str = "plugin",
        group: str = "brokerkit.brokers",
        requires: tuple[str, ...] = (),
    ) -> Path:
        module = site / f"brokerkit_{name}.py"
        module.write_text(textwrap.dedent(source), encoding="utf-8")
        metadata = site / f"brokerkit_{name}-0.3.dist-info"
        metadata.mkdir(exist_ok=True)
        needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: brokerkit-{name}\nVersion: 0.3\n{needs}")
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = brokerkit_{name}:{target}\n")
        return module

    yield install_module
    for module in set(sys.modules) - before:
        if module.startswith("brokerkit_"):
            del sys.modules[module]


@pytest.fixture(autouse=True)
def _empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's own configuration, environment and state out of the tests."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("HOME", str(home))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "BROKERKIT_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
