"""Collects the results of the suite's tests as pytest reports them, also from parallel workers."""

from __future__ import annotations

import time
from typing import Any

import pytest

from brokerkit.conformance.options import run_of
from brokerkit.conformance.outcomes import BLOCKED, DECLINED, NOTES, PLANNED
from brokerkit.conformance.reporting.subject import plugin_of, subject_of
from brokerkit.conformance.reporting.verdict import Outcome, Result, Verdict, in_order

_results: dict[str, Result] = {}
_subject: dict[str, str] = {}
_STARTED = time.monotonic()
_PREFIXES = {DECLINED: Outcome.DECLINED, PLANNED: Outcome.PLANNED, BLOCKED: Outcome.BLOCKED}


def pytest_report_header(config: pytest.Config) -> str:
    """Say what is proven, and from which seed."""
    run = run_of(config)
    return f"brokerkit conformance: broker {run.broker or '(from fixture facts)'}, level {run.level}, seed {run.seed}"


def pytest_sessionstart() -> None:
    """Forget what an earlier run in this process has found."""
    _results.clear()
    _subject.clear()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Take in one phase of one test; a test fails when any of its phases does."""
    facts = dict(report.user_properties)
    if "case" not in facts or (report.passed and report.when != "call"):
        return
    if "broker" in facts:
        _subject["broker"], _, _subject["plugin"] = str(facts["broker"]).partition("\t")
    before = _results.get(report.nodeid)
    if before is None or before.outcome is not Outcome.FAILED:
        _results[report.nodeid] = _result(report, facts)


def verdict_of(config: pytest.Config, *, complete: bool) -> Verdict:
    """Return what the run found."""
    run = run_of(config)
    broker = _subject.get("broker", run.broker)
    subject = subject_of(broker, plugin_of(_subject.get("plugin", broker)), str(run.level), run.seed)
    notes = config.stash.get(NOTES, None) or ()
    return Verdict(subject, in_order(_results.values()), complete, time.monotonic() - _STARTED, tuple(notes))


def ran() -> set[str]:
    """Return the names of the tests that were run."""
    return {result.test for result in _results.values()}


def _result(report: pytest.TestReport, facts: dict[str, Any]) -> Result:
    outcome, reason = _outcome(report)
    return Result(
        case=facts["case"],
        test=facts["test"],
        level=facts["level"],
        outcome=outcome,
        hooks=tuple(str(facts["hooks"]).split()),
        expected=facts["words"],
        reason=reason,
        seconds=report.duration,
        again=next((text for title, text in report.sections if title == "run it again"), ""),
    )


def _outcome(report: pytest.TestReport) -> tuple[Outcome, str]:
    if hasattr(report, "wasxfail"):
        return (Outcome.EXPECTED_FAILURE if report.skipped else Outcome.FAILED), str(report.wasxfail)
    if report.passed:
        return Outcome.PASSED, ""
    if report.skipped:
        words = _skip_reason(report)
        prefix = next((prefix for prefix in _PREFIXES if words.startswith(prefix)), "")
        return _PREFIXES.get(prefix, Outcome.BLOCKED), words.removeprefix(prefix)
    return Outcome.FAILED, _failure(report)


def _skip_reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    text = str(where[2]) if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")


def _failure(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    message = str(crash.message) if crash is not None else str(report.longrepr)
    place = str(dict(report.user_properties).get("place", ""))
    first, *rest = message.strip().splitlines() or [""]
    return "\n".join(filter(None, (first, place, *rest)))
