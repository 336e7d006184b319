"""Watches each test: one that hangs is ended and says where, and a failed one says what was expected."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import nullcontext
from typing import Any, TypeVar

import pytest

from brokerkit.conformance.capability import refusals_end_the_test
from brokerkit.conformance.levels import Case, case_of
from brokerkit.conformance.reporting.place import ON_THE_WAY, place_of, raised_in

Result = TypeVar("Result")

_OWN_FILE = __file__
_GRACE = 5.0


def within(seconds: float, action: Callable[[], Result], what: str) -> Result:
    """Return what `action` returns; fail the test when it takes longer, and say where it hangs.

    It runs in a thread of its own, which is left behind when it hangs.
    """
    ended: list[Callable[[], Result]] = []

    def run() -> None:
        try:
            result = action()
        except BaseException as error:  # noqa: BLE001 because it is raised again where it is waited for
            ended.append(_raiser(error))
        else:
            ended.append(lambda: result)

    thread = threading.Thread(target=run, name="brokerkit conformance", daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    except KeyboardInterrupt:
        thread.join(_GRACE)  # it may be about to place an order, which must be there to be taken back
        raise
    if not ended:
        pytest.fail(f"{what} took longer than {seconds:g} s; it hangs at\n{_where(thread)}", pytrace=False)
    return ended[0]()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> object | None:
    """Run a test of the suite under watch."""
    case = case_of(pyfuncitem.function)
    if case is None:
        return None
    wanted = pyfuncitem._fixtureinfo.argnames
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    facts = pyfuncitem.funcargs.get("facts") or getattr(arguments.get("market"), "facts", None)
    seconds: float = getattr(facts, "test_timeout", 60.0)
    broker: Any = pyfuncitem.funcargs.get("broker")
    with refusals_end_the_test(broker) if broker is not None else nullcontext():
        within(seconds, lambda: pyfuncitem.obj(**arguments), case.name)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put into a failure's report what was expected of the broker, and how to run it again."""
    report = yield
    case = case_of(getattr(item, "function", None))
    if case is not None and report.failed:
        report.sections.insert(0, ("expected of a broker", f"case {case.number}: {case.words}"))
        report.sections.insert(1, ("run it again", _again(item, case)))
        if call.excinfo is not None:
            lines = filter(None, (place_of(call.excinfo), raised_in(call.excinfo)))
            report.user_properties.append(("place", "\n".join(lines)))
    return report


def _again(item: pytest.Item, case: Case) -> str:
    from brokerkit.conformance.options import run_of

    run = run_of(item.config)
    settings = "".join(f" --set {name}={value}" for name, value in run.settings.items())
    given = "".join(f" --fact {name}={value}" for name, value in run.facts.items())
    name = run.broker or "NAME"
    return f"brokerkit check {name} --level {case.level} --case {case.number} --seed {run.seed}{settings}{given}"


def _raiser(error: BaseException) -> Callable[[], Any]:
    def again() -> Any:
        raise error

    return again


def _where(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0)
    lines = [line for line in traceback.extract_stack(frame) if frame is not None and line.filename != _OWN_FILE]
    theirs = [line for line in lines if not ON_THE_WAY.search(line.filename)]
    return "".join(traceback.format_list((theirs or lines)[-4:]))
