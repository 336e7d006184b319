"""Facts given on the command line, as text, turned into what they mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import pytest

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
    return attrs.evolve(Facts(run.broker, settings=dict(run.settings)), **given)
