"""The ways a test of the suite ends without a verdict on the broker: declined, blocked, or the run with it."""

from __future__ import annotations

from typing import NoReturn

import pytest

from brokerkit.errors import BrokerkitError, closest_match

DECLINED = "declined: "
PLANNED = "planned: "
BLOCKED = "blocked: "


def declined(reason: str, *, planned: bool = False) -> NoReturn:
    """End the test: the broker says that it does not do this, and it need not."""
    pytest.skip(f"{PLANNED if planned else DECLINED}{reason}")


def blocked(reason: str) -> NoReturn:
    """End the test: something is missing that it needs, such as a fact, a fault, or an open market."""
    pytest.skip(f"{BLOCKED}{reason}")


NOTES: pytest.StashKey[list[str]] = pytest.StashKey()
"""What a run has to say beside its results."""


def say(session: pytest.Session, note: str) -> None:
    """Tell the reader of the terminal and of the report something that is no result."""
    session.config.stash.setdefault(NOTES, []).append(note)


def end_run(session: pytest.Session, message: str) -> NoReturn:
    """End the whole run before anything is sent; one of several processes tells the others."""
    if hasattr(session.config, "workerinput"):
        session.shouldstop = message
        pytest.fail(message, pytrace=False)
    say(session, message)
    pytest.exit("the run ended here", returncode=4)


def in_lines(error: BaseException) -> str:
    """Return an error as a person reads it: what happened, where, what was meant, and what to do about it."""
    if not isinstance(error, BrokerkitError):
        return f"{type(error).__name__}: {error}"
    lines = [f"[{error.code}] {error.fact}"]
    lines += [f"  where   {error.place}"] if error.place else []
    meant = closest_match(error.given, map(str, error.candidates)) if error.given else None
    lines += [f"  meant   {meant}?"] if meant else []
    lines += [f"  do      {error.remedy}"] if error.remedy else []
    return "\n".join(lines)
