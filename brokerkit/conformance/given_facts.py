"""Facts given on the command line, as text, turned into what they mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest
import tomli

from brokerkit import FuturesContract
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.options import Run


def _contract(text: str) -> FuturesContract:
    code, slash, date = text.partition("/")
    if not slash:
        raise pytest.UsageError(f"--fact contract={text}: write CODE/DATE, such as CORN/202312")
    return FuturesContract(code, date)


_READERS: dict[str, Callable[[str], Any]] = {
    "instrument": str,
    "contract": _contract,
    "fx_code": str,
    "account": str,
    "quantity": int,
    "large_quantity": int,
    "distance": float,
    "timeout": float,
    "test_timeout": float,
}


def facts_of(run: Run) -> Facts:
    """Return the facts that a run was given."""
    if not run.broker:
        raise pytest.UsageError(
            "Which broker is to be proven? Give --broker NAME, or brokerkit_broker in pytest's ini file, "
            "or define the fixture `facts` in conftest.py."
        )
    unknown = set(run.facts) - set(_READERS)
    if unknown:
        raise pytest.UsageError(f"No fact is called {', '.join(sorted(unknown))}. Facts: {', '.join(_READERS)}.")
    given = {name: _READERS[name](text) for name, text in run.facts.items()}
    settings = {name: literal(text) for name, text in run.settings.items()}
    return attrs.evolve(Facts(run.broker, settings=settings), **given)


def literal(text: str) -> Any:
    """Return the value that a text means as TOML, or the text itself.

    Example:
        >>> literal("4002"), literal("false"), literal("DU1"), literal('"4002"')
        (4002, False, 'DU1', '4002')
    """
    try:
        return tomli.loads(f"value = {text}")["value"]
    except tomli.TOMLDecodeError:
        return text
