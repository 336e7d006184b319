"""What one step of the examination found."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs

from brokerkit.errors import BrokerkitError


class Verdict(enum.Enum):
    """How a step ended."""

    OK = "ok"
    NOTE = "note"
    FAILED = "failed"
    SKIPPED = "skipped"


@attrs.frozen
class Finding:
    """What one step found.

    Attributes:
        step: What was looked at.
        verdict: How it ended.
        says: The fact, in a sentence.
        remedy: What to do about it.
        code: The code of the error, if there was one.
        details: More facts, by name.
    """

    step: str
    verdict: Verdict
    says: str
    remedy: str = ""
    code: str = ""
    details: Mapping[str, object] = attrs.field(factory=dict)


def ok(step: str, says: str, **details: object) -> Finding:
    """Return the finding that a step holds."""
    return Finding(step, Verdict.OK, says, details=details)


def note(step: str, says: str, remedy: str = "") -> Finding:
    """Return something worth knowing that is no failure."""
    return Finding(step, Verdict.NOTE, says, remedy)


def failed(step: str, error: BrokerkitError) -> Finding:
    """Return the finding that a step failed with an error, with its place and remedy."""
    place = f" ({error.place})" if error.place and error.place not in error.fact else ""
    return Finding(step, Verdict.FAILED, f"{error.fact.rstrip('.')}{place}.", error.remedy, error.code)
