"""How far the suite goes with a broker: four levels, and the decorators that put a test on one of them."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import Any, TypeVar

import attrs

Test = TypeVar("Test", bound=Callable[..., Any])

MARK = "brokerkit_case"
_NUMBER = re.compile(r"test_(\d{3})_")


class Level(enum.IntEnum):
    """What a test does to a broker; each level includes those before it."""

    STATIC = 1
    """Looks at the plugin and its declarations, opens and closes it."""
    READ = 2
    """Reads prices, contracts, capital and positions. Sends no order."""
    TRADE = 3
    """Places and cancels orders, and leaves the account as it was. Simulated and paper accounts only."""
    FAULT = 4
    """Breaks things through the harness that the plugin, or its author, offers."""

    @classmethod
    def named(cls, name: str) -> Level:
        """Return the level of that name, in any case."""
        return cls[name.upper()]

    def __str__(self) -> str:
        """Return the name as it is written on the command line."""
        return self.name.lower()


@attrs.frozen
class Case:
    """What one test of the suite is about.

    Attributes:
        number: The case's number in the list of cases.
        name: The test's name.
        level: What it does to a broker.
        hooks: The hooks that it needs; it is skipped where a broker declines one of them.
        faults: What it needs from the harness; it is skipped where the harness cannot do it.
        words: What is expected of a broker, from the test's docstring.
    """

    number: int
    name: str
    level: Level
    hooks: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    words: str = ""


def static(*hooks: str) -> Callable[[Test], Test]:
    """Return a decorator that puts a test on the level `static`, with the hooks that it needs."""
    return _on(Level.STATIC, hooks)


def read(*hooks: str) -> Callable[[Test], Test]:
    """Return a decorator that puts a test on the level `read`, with the hooks that it needs."""
    return _on(Level.READ, hooks)


def trade(*hooks: str) -> Callable[[Test], Test]:
    """Return a decorator that puts a test on the level `trade`, with the hooks that it needs."""
    return _on(Level.TRADE, hooks or ("put_order_on_stack",))


def fault(*faults: str, hooks: tuple[str, ...] = ("put_order_on_stack",)) -> Callable[[Test], Test]:
    """Return a decorator that puts a test on the level `fault`, with what it needs of the harness."""
    return _on(Level.FAULT, hooks, faults)


def case_of(test: object) -> Case | None:
    """Return what a test of the suite is about; None for a function that is no such test."""
    return getattr(test, MARK, None)


def _on(level: Level, hooks: tuple[str, ...], faults: tuple[str, ...] = ()) -> Callable[[Test], Test]:
    def mark(test: Test) -> Test:
        words = " ".join((test.__doc__ or "").split())
        found = _NUMBER.match(test.__name__)
        number = int(found.group(1)) if found else 0
        setattr(test, MARK, Case(number, test.__name__, level, hooks, faults, words.partition(": ")[2]))
        return test

    return mark
