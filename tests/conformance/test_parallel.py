"""The suite shared among processes gives the verdict that one process gives, in one report."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from brokerkit.conformance.command import CheckRequest, check

_CASES = (4, 13, 104, 159, 214)
_FACTS = {"large_quantity": "0"}  # case 214 fails by it


def _report(folder: Path, processes: int) -> dict[str, Any]:
    report, junit = folder / f"{processes}.json", folder / f"{processes}.xml"
    request = CheckRequest(
        "sim", "trade", facts=_FACTS, cases=_CASES, json=str(report), junit=str(junit), processes=processes
    )
    assert check(request) == pytest.ExitCode.TESTS_FAILED
    found: dict[str, Any] = json.loads(report.read_text("utf-8"))
    assert len(ElementTree.parse(junit).findall(".//testcase")) == len(found["results"])
    return found


def test_two_processes_give_the_verdict_of_one(tmp_path: Path) -> None:
    alone, shared = (_report(tmp_path, processes) for processes in (1, 2))
    for each in (*alone["results"], *shared["results"]):
        each.pop("seconds")
    assert shared["results"] == alone["results"]
    assert shared["counts"] == alone["counts"]
    assert alone["counts"]["failed"] == 1
    failed = next(each for each in shared["results"] if each["outcome"] == "failed")
    assert "--case 214" in failed["again"]
    assert (shared["broker"], shared["plugin"]) == (alone["broker"], alone["plugin"])


def test_two_processes_never_trade_one_account(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        pytest_plugins = ["brokerkit.conformance"]

        @pytest.fixture(scope="session")
        def facts():
            from brokerkit.conformance import Facts

            return Facts("sim", fresh=False)
        """
    )
    pytester.makeini("[pytest]\nbrokerkit_broker = sim\nbrokerkit_level = trade\n")
    pytester.makepyfile("from brokerkit.conformance import *")
    result = pytester.runpytest_subprocess("-q", "-p", "no:hypothesispytest", "-n", "2", "-k", "test_104 or test_105")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["*would trade one account at once*"])
