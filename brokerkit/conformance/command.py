"""Runs the suite on a broker without any file of the author's: a pytest of its own, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import attrs

from brokerkit.conformance.levels import Level
from brokerkit.conformance.reporting.files import unwritable
from brokerkit.conformance.reporting.subject import plugin_of, subject_of
from brokerkit.conformance.reporting.verdict import Verdict
from brokerkit.conformance.testbeds import testbed_named
from brokerkit.errors import BrokerkitError, InvalidArgument, MissingDependency
from brokerkit.registry.planning import plan_broker
from brokerkit.registry.typed_settings import typed_settings

_ENDINGS = {"junit": "xml", "badge": "json"}
_HERE = Path(__file__).parent
_ALONE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
"""No plugin or option that pytest finds on the machine has a say in the verdict, or costs its time."""


@attrs.frozen
class CheckRequest:
    """What to prove of which broker.

    Attributes:
        broker: The name it is opened by.
        level: How far to go, in a word.
        seed: What the suite's own random choices start from; None for the usual one.
        settings: Settings to open the broker with, as text.
        facts: Facts of the broker, as text.
        cases: Only the tests of these cases; empty for all. The verdict is then a partial one.
        json: Where to write the report as JSON.
        junit: Where to write it as JUnit XML.
        html: Where to write it as a page.
        badge: Where to write the badge's endpoint.
        processes: How many processes share the work.
    """

    broker: str
    level: str = "read"
    seed: int | None = None
    settings: Mapping[str, str] = attrs.field(factory=dict)
    facts: Mapping[str, str] = attrs.field(factory=dict)
    cases: Sequence[int] = ()
    json: str = ""
    junit: str = ""
    html: str = ""
    badge: str = ""
    processes: int = 1


def check(request: CheckRequest) -> int:
    """Run the suite, its output on this terminal, and return pytest's exit code: 0 when the broker conforms.

    Raises:
        MissingDependency: pytest is not installed.
        InvalidArgument: A case that was asked for is no test, or none of the level asked for; or a report has no
            place where it was asked for.
        ConfigError: The broker's configuration is wrong.
        PluginError: Its plugin cannot be loaded.
    """
    if find_spec("pytest") is None:
        raise MissingDependency(
            "The conformance suite needs pytest, which is not installed.",
            remedy="pip install 'brokerkit[conformance]'",
        )
    _check_places(request)
    with _reported_where_it_cannot_begin(request):
        _check_cases(request)
        _check_configuration(request)
    return _run([sys.executable, "-m", "pytest", *arguments(request)])


def _run(pytest: Sequence[str]) -> int:
    """Run pytest to its end, also when it is to be ended: it puts the account back first."""
    with subprocess.Popen(pytest, env={**os.environ, **_ALONE}) as run, _termination_passed_on(run):
        try:
            return run.wait()
        except KeyboardInterrupt:  # the terminal interrupts pytest too
            run.wait()
            raise


@contextmanager
def _termination_passed_on(run: subprocess.Popen[bytes]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only that one can handle signals
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: run.terminate())
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _reported_where_it_cannot_begin(request: CheckRequest) -> Iterator[None]:
    """Write the reports that were asked for when an error keeps the run from beginning: they hold no result."""
    try:
        yield
    except BrokerkitError as problem:
        from brokerkit.conformance.options import DEFAULT_SEED  # here, because they import pytest
        from brokerkit.conformance.outcomes import in_lines
        from brokerkit.conformance.reporting.reports import write_reports

        seed = DEFAULT_SEED if request.seed is None else request.seed
        subject = subject_of(request.broker, plugin_of(request.broker), request.level, seed)
        verdict = Verdict(subject, (), complete=False, notes=(in_lines(problem),))
        for unwritten in write_reports(verdict, json=request.json, html=request.html, badge=request.badge):
            raise unwritten from problem
        raise


def _check_configuration(request: CheckRequest) -> None:
    """Say what is wrong in the set-up once, before the run, and not in each of its tests."""
    if testbed_named(request.broker) is None:
        plan_broker(request.broker, typed_settings(request.broker, request.settings))


def _check_cases(request: CheckRequest) -> None:
    if not request.cases:
        return
    from brokerkit.conformance.cases import LAST, case_map  # here, because the whole suite is imported with it

    known = {each.number: each for each in case_map()}
    for number in request.cases:
        if number not in known:
            raise InvalidArgument(f"There is no case {number}.", remedy=f"The cases are 1 to {LAST}.")
        case = known[number]
        if not case.tests:
            why = case.reason or f"it is about the suite itself, see {case.elsewhere}."
            raise InvalidArgument(f"Case {number} is not a test of a broker: {why}")
        lowest = min(test.level for test in case.tests)
        if lowest > Level.named(request.level):
            raise InvalidArgument(
                f"Case {number} is of level {lowest}, and level {request.level} was asked for.",
                remedy=f"Add --level {lowest}.",
            )


def _check_places(request: CheckRequest) -> None:
    """Refuse, before the run and not after it, a place where no report can be written."""
    for option in ("json", "junit", "html", "badge"):
        place = getattr(request, option)
        problem = unwritable(Path(place).absolute()) if place else ""
        if problem:
            raise InvalidArgument(
                f"No report can be written to {place}: {problem}.",
                place=f"--{option} {place}",
                remedy=f"Name a file that can be written, such as ./report.{_ENDINGS.get(option, option)}.",
            )


def arguments(request: CheckRequest) -> list[str]:
    """Return what pytest is called with.

    Example:
        >>> arguments(CheckRequest("sim", level="trade", cases=[38]))[-2:]
        ['-k', 'test_038_']
    """
    given = ["-c", str(_HERE / "check.ini"), "--rootdir", str(_HERE), str(_HERE / "suite"), "-q"]
    given += ["--broker", request.broker, "--level", request.level]
    given += [word for name, text in request.settings.items() for word in ("--set", f"{name}={text}")]
    given += [word for name, text in request.facts.items() for word in ("--fact", f"{name}={text}")]
    given += ["--seed", str(request.seed)] if request.seed is not None else []
    given += ["-p", "xdist.plugin", "-n", str(request.processes)] if request.processes > 1 else []
    for option, place in (
        ("--compliance-json", request.json),
        ("--compliance-html", request.html),
        ("--compliance-badge", request.badge),
        ("--junitxml", request.junit),
    ):
        given += [option, str(Path(place).absolute())] if place else []
    if request.cases:
        given += ["--tb=short", "-k", " or ".join(f"test_{number:03}_" for number in request.cases)]
    return given
