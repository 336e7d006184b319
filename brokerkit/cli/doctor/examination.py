"""The steps in order; a failure ends a branch, and says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from brokerkit.cli.doctor import broker_steps, setup_steps
from brokerkit.cli.doctor.finding import Finding, Verdict, failed, note
from brokerkit.errors import BrokerkitError, NotSupported
from brokerkit.registry.opening import assemble
from brokerkit.registry.planning import Plan, plan_broker

if TYPE_CHECKING:
    from brokerkit import Broker

_AFTER_OPENING = ("account", "data", "clock")


def examine(name: str, overrides: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what each step finds, as it is found.

    Args:
        name: The broker's name.
        overrides: Settings given by hand.
    """
    yield from setup_steps.program()
    yield from setup_steps.plugins()
    yield from _guarded("config", setup_steps.configuration)
    try:
        plan = plan_broker(name, overrides)
    except BrokerkitError as error:
        yield failed("settings", error)
        yield from _skipped(("store", "connection", *_AFTER_OPENING))
        return
    yield from _guarded("settings", lambda: setup_steps.values(plan))
    yield from _guarded("store", lambda: setup_steps.store(plan))
    yield from _opened(plan)


def _opened(plan: Plan) -> Iterator[Finding]:
    start = time.perf_counter()
    try:
        broker = assemble(plan)
    except BrokerkitError as error:
        yield failed("connection", error)
        yield from _skipped(_AFTER_OPENING)
        return
    with broker:
        seconds = time.perf_counter() - start
        yield from _guarded("connection", lambda: broker_steps.connection(broker, seconds))
        for step in _AFTER_OPENING:
            yield from _guarded(step, _on(broker, step))


def _on(broker: Broker, step: str) -> Callable[[], Iterator[Finding]]:
    look: Callable[[Broker], Iterator[Finding]] = getattr(broker_steps, step)
    return lambda: look(broker)


def _guarded(step: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """Yield what a step finds; an error of it is a finding too, and what a broker declines is no failure."""
    try:
        yield from look()
    except NotSupported as error:
        yield note(step, error.fact)
    except BrokerkitError as error:
        yield failed(step, error)


def _skipped(steps: Iterable[str]) -> Iterator[Finding]:
    for step in steps:
        yield Finding(step, Verdict.SKIPPED, "not reached")
