"""The contract itself: its words, its errors, and what importing it costs."""

from __future__ import annotations

import inspect
import json
import pickle
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pluggy
import pytest

import brokerkit
from brokerkit import errors
from brokerkit.errors import BrokerkitError, closest_match
from brokerkit.spec.domains import CONTRACT, DOMAINS
from brokerkit.spec.events import Events
from brokerkit.spec.hooks import hooks_of

ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, BrokerkitError)]
DOCS = Path(__file__).parents[2] / "docs"


def test_every_error_has_a_code_of_its_own_and_is_drawn_in_the_tree() -> None:
    codes = [kind.code for kind in ERRORS]
    assert len(codes) == len(set(codes))
    drawn = dict(re.findall(r"(\w+)\s+(BK\d{3})", errors.__doc__ or ""))
    assert drawn == {kind.__name__: kind.code for kind in ERRORS if kind is not BrokerkitError}


def test_every_error_says_what_it_means_and_what_to_do_in_the_documentation() -> None:
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### (BK\d{3}) (\w+) \{ #(bk\d{3}) \}\n\n(.+?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert {name: code for code, name, _, _ in sections} == {kind.__name__: kind.code for kind in ERRORS}
    for code, name, anchor, body in sections:
        assert anchor == code.lower(), name
        assert "**Cause.**" in body, name
        assert "**Remedy.**" in body, name


@pytest.mark.parametrize("kind", ERRORS)
def test_errors_survive_a_pickle_whole(kind: type[BrokerkitError]) -> None:
    error = kind("Fact.", place="here:1", remedy="Do.", given="papper", candidates=["paper"], broker_code=201)
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error) == f"Fact. (here:1) Did you mean 'paper'? Do. [{kind.code}]"
    assert json.loads(json.dumps(copy.as_dict()))["broker_code"] == 201


def test_the_closest_match_does_not_mind_capitals_and_does_not_guess_wildly() -> None:
    assert closest_match("edollar", ["EDOLLAR", "GOLD"]) == "EDOLLAR"
    assert closest_match("xyz", ["EDOLLAR", "GOLD"]) is None


@pytest.mark.parametrize(
    ("given", "known", "meant"),
    [
        ("CORN/202304", ["CORN/202309", "CORN/202303", "CORN/202305"], "CORN/202305"),
        ("CORN/202301", ["CORN/202501", "CORN/202212"], "CORN/202212"),
        ("202304", ["202404", "202303"], "202303"),
        ("CRUDE/20230420", ["CRUDE/20230320", "CRUDE/20230421", "CRUDE/20230520"], "CRUDE/20230421"),
        ("CORN/202304", ["GOLD/202304", "CORN/202312"], "CORN/202312"),
        ("CRON/202304", ["CORN/202304", "GOLD/202304"], "CORN/202304"),
        ("corn/202304", ["CORN/202303", "EURUSD"], "CORN/202303"),
    ],
)
def test_contract_dates_are_compared_as_months(given: str, known: list[str], meant: str) -> None:
    assert closest_match(given, known) == meant


@pytest.mark.parametrize("name", CONTRACT)
def test_every_hook_is_documented_and_passes_only_plain_arguments(name: str) -> None:
    facts = CONTRACT[name]
    declared = getattr(DOMAINS[facts.domain], name)
    assert facts.summary.endswith((".", "…"))
    assert "Example:" in declared.__doc__
    for parameter in list(inspect.signature(declared).parameters.values())[1:]:
        assert parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD


def test_hooks_that_cancel_are_hooks_that_write() -> None:
    assert {name for name, facts in CONTRACT.items() if facts.cancels} == {
        "cancel_order_on_stack",
        "cancel_order_given_control_object",
        "cancel_all_orders",
    }
    assert all(facts.writes for facts in CONTRACT.values() if facts.cancels)
    assert all(len(facts.parameters) == 1 for facts in hooks_of(Events).values())


def test_pluggy_honours_the_defaults_that_hooks_declare() -> None:
    assert tuple(map(int, version("pluggy").split(".")[:2])) >= (1, 7)

    class Acme:
        @brokerkit.hookimpl
        def get_fx_balances(self, account: str = "default") -> list[str]:
            return [account]

    manager = pluggy.PluginManager("brokerkit")
    manager.add_hookspecs(DOMAINS["fx"])
    manager.register(Acme())
    assert manager.hook.get_fx_balances() == [""]  # the hook's default, not the method's
    assert manager.hook.get_fx_balances(account="U1") == ["U1"]


def test_the_facts_of_hooks_can_be_counted_and_collected() -> None:
    assert len(set(CONTRACT.values())) == len(CONTRACT)


def test_importing_brokerkit_imports_nothing_heavy() -> None:
    program = (
        "import sys, brokerkit; from brokerkit import open_broker, Broker, Order, Fx, Middleware, Session, errors; "
        "print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for heavy in ("pandas", "numpy", "ib_insync", "sqlite_utils", "click", "rich"):
        assert f"'{heavy}'" not in done.stdout, heavy


def test_an_error_about_something_that_is_no_name_can_be_printed() -> None:
    error = errors.MissingInstrument("No instrument 3.", given=3, candidates=["GOLD"])  # type: ignore[arg-type]  # because callers give anything
    assert str(error) == "No instrument 3. [BK404]"
