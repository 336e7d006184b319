"""A plugin that is wrong gets one clear message from `brokerkit check`, and never a traceback of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

_SOUND = """
import threading
from brokerkit import AccountKind, BrokerPlugin, Session, hookimpl, unsupported
from brokerkit.spec.domains import DOMAINS
from brokerkit.spec.hooks import hooks_of


def domain(protocol, own):
    declined = {hook: unsupported("not written yet", planned=True) for hook in hooks_of(protocol)}
    return type(f"Bad{protocol.__name__}", (protocol,), {**declined, **own})()


def wait_for_ever():
    threading.Event().wait()


def plugin_with(method):
    own = {method.__name__: hookimpl(method)}

    def open_session(settings, services):
        domains = tuple(domain(protocol, own if name == "fx" else {}) for name, protocol in DOMAINS.items())
        return Session(domains=domains, account_kind=AccountKind.PAPER)

    return BrokerPlugin(open=open_session)
"""

_BAD = {
    "typo": ("plugn", "plugin = 1"),
    "import_error": ("plugin", "import no_such_sdk"),
    "no_plugin": ("plugin", "plugin = 7"),
    "wrong_signature": (
        "plugin",
        f"{_SOUND}\ndef get_fx_prices(self, code): ...\n\nplugin = plugin_with(get_fx_prices)",
    ),
    "misspelt": ("plugin", f"{_SOUND}\ndef get_fx_price(self, fx_code): ...\n\nplugin = plugin_with(get_fx_price)"),
    "fails_to_open": ("plugin", "from brokerkit import BrokerPlugin\nplugin = BrokerPlugin(open=lambda *given: 1 / 0)"),
    "returns_none": (
        "plugin",
        f"{_SOUND}\ndef get_list_of_fxcodes(self): return None\n\nplugin = plugin_with(get_list_of_fxcodes)",
    ),
    "not_declined": (
        "plugin",
        f"{_SOUND}\nfrom brokerkit.errors import NotSupported\n\n\ndef get_list_of_fxcodes(self):\n"
        "    raise NotSupported('There is no list.')\n\nplugin = plugin_with(get_list_of_fxcodes)",
    ),
    "hangs": (
        "plugin",
        f"{_SOUND}\ndef get_list_of_fxcodes(self): wait_for_ever()\n\nplugin = plugin_with(get_list_of_fxcodes)",
    ),
}
_SAYS = {
    "typo": "[BK104] Plugin 'typo' (bad-typo 1.0, bad_typo:plugn) failed to import",
    "import_error": "No module named 'no_such_sdk'",
    "no_plugin": "[BK205] The entry point 'no_plugin' names something of type int, not a BrokerPlugin.",
    "wrong_signature": "[BK203] get_fx_prices takes an argument 'code' that its hook does not have.",
    "misspelt": "[BK201] BadFx.get_fx_price is marked @hookimpl, but no hook has",
    "fails_to_open": "ZeroDivisionError: division by zero",
    "returns_none": "fx.get_list_of_fxcodes returned None.",
    "not_declined": "get_list_of_fxcodes is declared supported, and it raised NotSupported: There is no list.",
    "hangs": "in get_list_of_fxcodes",
}


def _install(name: str, site: Path) -> None:
    """Put a bad plugin where Python finds it, the way an installed distribution is."""
    attribute, code = _BAD[name]
    (site / f"bad_{name}.py").write_text(code)
    about = site / f"bad_{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bad-{name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[brokerkit.brokers]\n{name} = bad_{name}:{attribute}\n")


def _check(name: str, site: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "brokerkit", "check", name]
    command += ["--fact", "test_timeout=10"] if name == "hangs" else []
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, env=environment, cwd=site, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(_BAD))
def test_a_bad_plugin_gets_one_clear_message(name: str, tmp_path: Path) -> None:
    _install(name, tmp_path)
    code, said = _check(name, tmp_path)
    assert code != 0
    assert _SAYS[name] in said, said
    assert "Traceback" not in said
    assert "conformance/suite" not in said, said
    if name == "misspelt":
        assert "  meant   get_fx_prices?" in said
        assert "  do      'brokerkit brokers sim --hooks' lists them all." in said
    if name == "not_declined":
        assert 'write get_list_of_fxcodes = unsupported("reason") in place of the method' in said
    if name in {"returns_none", "not_declined", "hangs"}:
        assert re.search(r"get_list_of_fxcodes +FAIL", said), "the table of hooks does not show it"
    else:
        assert len(said.splitlines()) < 12, "more than one message"
