"""The end of a run: the verdict on the terminal, and in the files that were asked for."""

from __future__ import annotations

import pytest

from brokerkit.conformance.levels import case_of
from brokerkit.conformance.options import run_of
from brokerkit.conformance.outcomes import in_lines
from brokerkit.conformance.reporting.collector import ran, verdict_of
from brokerkit.conformance.reporting.reports import write_reports
from brokerkit.conformance.reporting.terminal import lines_of
from brokerkit.conformance.reporting.verdict import Verdict
from brokerkit.conformance.suite import all_tests

VERDICT = pytest.StashKey[Verdict]()
UNWRITTEN = pytest.StashKey[list[str]]()
"""Reports that could not be written, each with its reason."""


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the files that were asked for, also when no test ran; a parallel worker leaves that to the first process.

    Where one cannot be written, the verdict is still printed, and the run ends as one that failed.
    """
    config = session.config
    if hasattr(config, "workerinput"):
        return
    verdict = config.stash[VERDICT] = verdict_of(config, complete=_is_complete(config))
    run = run_of(config)
    problems = list(write_reports(verdict, json=run.json, html=run.html, badge=run.badge))
    if problems:
        config.stash[UNWRITTEN] = [in_lines(problem) for problem in problems]
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the verdict, or why there is none."""
    verdict = config.stash.get(VERDICT, None)
    if verdict is None or not (verdict.results or verdict.notes):
        return
    terminalreporter.section("brokerkit conformance")
    for line in lines_of(verdict) if verdict.results else verdict.notes:
        terminalreporter.write_line(line)
    for problem in config.stash.get(UNWRITTEN, []):
        terminalreporter.write_line(f"\nError {problem}")


def _is_complete(config: pytest.Config) -> bool:
    """Return whether every test of the levels asked for was run."""
    level = run_of(config).level
    wanted = {name for name, test in all_tests().items() if (case := case_of(test)) is not None and case.level <= level}
    return wanted <= ran()
