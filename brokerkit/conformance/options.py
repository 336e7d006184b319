"""What a run of the suite is told on the command line or in pytest's ini file."""

from __future__ import annotations

import signal
import threading
from typing import Any

import attrs
import pytest

from brokerkit.conformance.levels import MARK, Level

DEFAULT_SEED = 20240301


@attrs.frozen
class Run:
    """What one run of the suite was asked for.

    Attributes:
        broker: The broker's name; empty when only the author's own `facts` fixture says it.
        level: How far to go.
        seed: What the suite's own random choices start from.
        settings: Settings to open the broker with, as they were written.
        facts: Facts given by name, as text.
        json: Where to write the report as JSON; empty for nowhere.
        html: Where to write it as a page.
        badge: Where to write the badge's endpoint.
    """

    broker: str
    level: Level
    seed: int
    settings: dict[str, str]
    facts: dict[str, str]
    json: str
    html: str
    badge: str


RUN = pytest.StashKey[Run]()
_HANDLER = pytest.StashKey[Any]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the suite's options."""
    group = parser.getgroup("brokerkit", "broker conformance")
    levels = [str(level) for level in Level]
    group.addoption("--broker", default="", help="the broker to prove, by the name it is opened by")
    group.addoption("--level", default="", choices=["", *levels], help="how far to go; read, when left out")
    group.addoption("--seed", type=int, default=DEFAULT_SEED, help="start of the suite's random choices")
    group.addoption("--set", action="append", default=[], metavar="KEY=VALUE", help="open the broker with a setting")
    group.addoption("--fact", action="append", default=[], metavar="KEY=VALUE", help="state a fact of the broker")
    group.addoption("--compliance-json", default="", metavar="FILE", help="write the report as JSON")
    group.addoption("--compliance-html", default="", metavar="FILE", help="write the report as a page")
    group.addoption("--compliance-badge", default="", metavar="FILE", help="write the badge's endpoint as JSON")
    parser.addini("brokerkit_broker", "the broker to prove, by the name it is opened by", default="")
    parser.addini("brokerkit_level", "how far to go: static, read, trade or fault", default="read")


def pytest_configure(config: pytest.Config) -> None:
    """Register the suite's marker, and read what is asked for."""
    config.addinivalue_line("markers", f"{MARK}: a test of the broker conformance suite")
    from brokerkit.conformance.given_facts import read

    config.stash[RUN] = _read(config)
    read(config.stash[RUN].facts)  # a fact that is wrong is said at once, in one message
    if threading.current_thread() is threading.main_thread():  # told to end, a run puts the account back as at Ctrl-C
        config.stash[_HANDLER] = signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the request to end back to who handled it before."""
    if _HANDLER in config.stash:
        signal.signal(signal.SIGTERM, config.stash[_HANDLER])


def run_of(config: pytest.Config) -> Run:
    """Return what the run was asked for."""
    return config.stash[RUN]


def _read(config: pytest.Config) -> Run:
    return Run(
        broker=_option(config, "broker", "") or config.getini("brokerkit_broker"),
        level=Level.named(_option(config, "level", "") or config.getini("brokerkit_level")),
        seed=_option(config, "seed", DEFAULT_SEED),
        settings=_pairs(_option(config, "set", [])),
        facts=_pairs(_option(config, "fact", [])),
        json=_option(config, "compliance_json", ""),
        html=_option(config, "compliance_html", ""),
        badge=_option(config, "compliance_badge", ""),
    )


def _option(config: pytest.Config, name: str, default: Any) -> Any:
    """Return an option; its default when the plugin was named in a test file, after the options were read."""
    return config.getoption(name, default)


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = {key: value for key, _, value in (item.partition("=") for item in given)}
    if any("=" not in item for item in given):
        raise pytest.UsageError(f"--set and --fact take KEY=VALUE, not {', '.join(given)}")
    return pairs
