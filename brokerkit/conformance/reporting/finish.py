"""The end of a run: the verdict on the terminal, and in the files that were asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from brokerkit.conformance.levels import case_of
from brokerkit.conformance.options import run_of
from brokerkit.conformance.outcomes import ENDED, in_lines
from brokerkit.conformance.reporting.badge import badge_of
from brokerkit.conformance.reporting.collector import ran, verdict_of
from brokerkit.conformance.reporting.files import write_report
from brokerkit.conformance.reporting.page import page_of
from brokerkit.conformance.reporting.terminal import lines_of
from brokerkit.conformance.reporting.verdict import Verdict
from brokerkit.conformance.suite import all_tests
from brokerkit.errors import InvalidArgument

VERDICT = pytest.StashKey[Verdict]()
UNWRITTEN = pytest.StashKey[list[str]]()
"""Reports that could not be written, each with its reason."""


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the files that were asked for; a parallel worker leaves that to the first process."""
    config = session.config
    if hasattr(config, "workerinput") or not ran():
        return
    verdict = verdict_of(config, complete=_is_complete(config))
    config.stash[VERDICT] = verdict
    run = run_of(config)
    reports: tuple[tuple[str, Callable[[], str]], ...] = (
        (run.json, lambda: json.dumps(verdict.as_dict(), indent=1) + "\n"),
        (run.html, lambda: page_of(verdict)),
        (run.badge, lambda: json.dumps(badge_of(verdict)) + "\n"),
    )
    for place, text in reports:
        if place:
            _write(session, Path(place), text())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the verdict, or why there is none."""
    if ENDED in config.stash:
        terminalreporter.section("brokerkit conformance")
        terminalreporter.write_line(config.stash[ENDED])
    verdict = config.stash.get(VERDICT, None)
    if verdict is None:
        return
    terminalreporter.section("brokerkit conformance")
    for line in lines_of(verdict):
        terminalreporter.write_line(line)
    for problem in config.stash.get(UNWRITTEN, []):
        terminalreporter.write_line(f"\nError {problem}")


def _is_complete(config: pytest.Config) -> bool:
    """Return whether every test of the levels asked for was run."""
    level = run_of(config).level
    wanted = {name for name, test in all_tests().items() if (case := case_of(test)) is not None and case.level <= level}
    return wanted <= ran()


def _write(session: pytest.Session, file: Path, text: str) -> None:
    """Write a report; where that fails, the verdict is still printed, and the run ends as one that failed."""
    try:
        write_report(file, text)
    except InvalidArgument as error:
        session.config.stash.setdefault(UNWRITTEN, []).append(in_lines(error))
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED
