"""One measured figure, and how to time things on a machine that does other things as well."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import attrs


@attrs.frozen
class Figure:
    """One line of the table.

    Attributes:
        what: What was measured, in words.
        measured: The figure, with its unit.
        must: What it must be; empty when it is only told.
        holds: Whether it is.
    """

    what: str
    measured: str
    must: str = ""
    holds: bool = True


def best_seconds(calls: Sequence[Callable[[], object]], number: int, rounds: int = 15) -> list[float]:
    """Return the shortest time of one call of each function, the rounds of all interleaved.

    The shortest of many rounds is what the code costs; the rest is what else the machine did.

    Args:
        calls: What to time.
        number: How often to call each in a round.
        rounds: How many rounds.
    """
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for index, call in enumerate(calls):
            started = time.perf_counter()
            for _ in range(number):
                call()
            best[index] = min(best[index], (time.perf_counter() - started) / number)
    return best


def microseconds(seconds: float) -> str:
    """Return a time as a table shows it."""
    return f"{seconds * 1e6:,.2f} µs"
