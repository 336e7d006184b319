"""Facts given on the command line, as text, turned into what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

import attrs
import pytest

from brokerkit import FuturesContract
from brokerkit.conformance.facts import Facts
from brokerkit.conformance.options import Run
from brokerkit.conformance.testbeds import testbed_named
from brokerkit.errors import closest_match
from brokerkit.registry.conversion import literal
from brokerkit.registry.typed_settings import typed_settings


def _contract(text: str) -> FuturesContract:
    code, slash, date = text.partition("/")
    if not slash:
        raise pytest.UsageError(f"--fact contract={text}: write CODE/DATE, such as CORN/202312")
    return FuturesContract(code, date)


def _settings(text: str) -> dict[str, Any]:
    found = literal(text)
    if not isinstance(found, dict):
        raise pytest.UsageError(f"{text} is not a table of settings: write it as TOML, such as '{{token = \"wrong\"}}'")
    return found


def _yes_or_no(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("write true or false")
    return text == "true"


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
    "while_away": float,
    "shares_account": _yes_or_no,
    "broker_parameters": _settings,
    "wrong_credentials": _settings,
    "no_credentials": _settings,
    "conflicting_settings": _settings,
}


@contextmanager
def facts_of(run: Run) -> Iterator[Facts]:
    """Yield the facts that a run was given; a testbed of the broker's name runs meanwhile, and gives the others."""
    if not run.broker:
        raise pytest.UsageError(
            "Which broker is to be tested? Give --broker NAME, or brokerkit_broker in pytest's configuration, "
            "or define the fixture `facts` in conftest.py."
        )
    given = read(run.facts)
    testbed = testbed_named(run.broker)
    with testbed() if testbed is not None else nullcontext(Facts(run.broker)) as known:
        settings = typed_settings(run.broker, run.settings, known.settings)
        yield attrs.evolve(known, settings={**known.settings, **settings}, **given)


def read(facts: Mapping[str, str]) -> dict[str, Any]:
    """Return facts as what they mean.

    Raises:
        UsageError: There is no such fact, or its text does not mean anything.
    """
    unknown = set(facts) - set(_READERS)
    if unknown:
        meant = next(filter(None, (closest_match(name, _READERS) for name in sorted(unknown))), "")
        hint = f" Did you mean {meant}?" if meant else ""
        raise pytest.UsageError(f"No fact is called {', '.join(sorted(unknown))}.{hint} Facts: {', '.join(_READERS)}.")
    return {name: _read_one(name, text) for name, text in facts.items()}


def _read_one(name: str, text: str) -> Any:
    try:
        return _READERS[name](text)
    except ValueError as problem:
        raise pytest.UsageError(f"--fact {name}={text}: {problem}") from problem
