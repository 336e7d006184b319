"""What a run of the suite found: a result for each test, and the verdict on the broker."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from typing import Any

import attrs


class Outcome(enum.Enum):
    """How a test ended."""

    PASSED = "passed"
    FAILED = "failed"
    DECLINED = "declined"
    """The broker says that it does not do this."""
    PLANNED = "planned"
    """The broker's author means to add it."""
    BLOCKED = "blocked"
    """Something was missing to run it: a fact, a fault, an open market."""
    EXPECTED_FAILURE = "xfailed"
    """It fails, and its author says why."""


@attrs.frozen
class Result:
    """How one test ended.

    Attributes:
        case: The case's number.
        test: The test's name.
        level: Its level, in a word.
        outcome: How it ended.
        hooks: The hooks that it is about.
        expected: What is expected of a broker.
        reason: Why it failed, or was not run.
        seconds: How long it took.
        again: The command that runs it again, where it failed.
    """

    case: int
    test: str
    level: str
    outcome: Outcome
    hooks: tuple[str, ...]
    expected: str
    reason: str = ""
    seconds: float = 0.0
    again: str = ""

    def why_declined(self, hook: str) -> str:
        """Return why a hook is declined, if that is why this was not run; otherwise an empty text."""
        parts = self.reason.split("; ") if self.outcome in {Outcome.DECLINED, Outcome.PLANNED} else []
        return next((part.partition(": ")[2] for part in parts if part.startswith(f"{hook}: ")), "")


@attrs.frozen
class Subject:
    """What was proven, in which versions.

    Attributes:
        broker: The name it was opened by.
        plugin: The distribution that the plugin comes from, with its version.
        brokerkit: The version of brokerkit.
        contract: The fingerprint of the contract's hooks.
        python: The version of Python.
        level: How far the run went.
        seed: What the suite's own random choices started from.
    """

    broker: str
    plugin: str
    brokerkit: str
    contract: str
    python: str
    level: str
    seed: int


@attrs.frozen
class Verdict:
    """All that a run found.

    Attributes:
        subject: What was proven.
        results: One for each test, in the order of the cases.
        complete: Whether every test of the levels asked for was run.
        seconds: How long the run took.
        notes: What there is to say beside the results.
    """

    subject: Subject
    results: tuple[Result, ...]
    complete: bool = True
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether nothing failed, and nothing was left out."""
        return self.complete and bool(self.results) and not self.count(Outcome.FAILED)

    def count(self, outcome: Outcome) -> int:
        """Return how many tests ended so."""
        return sum(result.outcome is outcome for result in self.results)

    def of_hook(self, hook: str) -> tuple[Result, ...]:
        """Return the results that say how a hook stands: of tests that need it, and failures that name it.

        A test that was left out because another hook is declined says nothing about this one.
        """
        return tuple(result for result in self.results if _is_about(result, hook))

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        subject = self.subject
        if not self.complete:
            word = "PARTIAL: no verdict"
        else:
            word = f"{'CONFORMS' if self.conforms else 'DOES NOT CONFORM'} at level {subject.level}"
        counts = ", ".join(f"{count} {each.value}" for each in Outcome if (count := self.count(each)))
        return f"{subject.broker}: {word} ({counts or 'no test ran'})"

    def as_dict(self) -> dict[str, Any]:
        """Return the verdict as JSON-ready values."""
        return {
            **attrs.asdict(self.subject),
            "conforms": self.conforms,
            "complete": self.complete,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            "counts": {each.value: self.count(each) for each in Outcome},
            "results": [_result_as_dict(result) for result in self.results],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Verdict:
        """Return the verdict that `as_dict` gave."""
        names = [field.name for field in attrs.fields(Subject)]
        return cls(
            Subject(**{name: values[name] for name in names}),
            tuple(_result_from_dict(result) for result in values["results"]),
            values["complete"],
            values["seconds"],
            tuple(values.get("notes", ())),
        )


def _is_about(result: Result, hook: str) -> bool:
    if result.outcome in {Outcome.DECLINED, Outcome.PLANNED}:
        return bool(result.why_declined(hook))
    named = result.outcome is Outcome.FAILED and re.search(rf"\b{hook}\b", result.reason)
    return hook in result.hooks or bool(named)


def in_order(results: Iterable[Result]) -> tuple[Result, ...]:
    """Return results in the order of the cases."""
    return tuple(sorted(results, key=lambda result: (result.case, result.test)))


def _result_as_dict(result: Result) -> dict[str, Any]:
    values = attrs.asdict(result)
    values.update(outcome=result.outcome.value, hooks=list(result.hooks), seconds=round(result.seconds, 4))
    return values


def _result_from_dict(values: dict[str, Any]) -> Result:
    return Result(**{**values, "outcome": Outcome(values["outcome"]), "hooks": tuple(values["hooks"])})
