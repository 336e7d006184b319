"""The map of all cases: each is a test of the suite, or has a written reason why it is none."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import attrs
import tomli

from brokerkit.conformance.levels import Case, case_of
from brokerkit.conformance.suite import all_tests

LAST = 301
"""The number of the last case; the first is 1."""

GROUPS: dict[str, range] = {
    "A Loading, configuration, credentials": range(1, 13),
    "B Capability declaration": range(13, 21),
    "C Connection life cycle": range(21, 34),
    "D Instruments and contracts": range(34, 54),
    "E Market data": range(54, 75),
    "F FX": range(75, 79),
    "G Capital, balances, account": range(79, 93),
    "H Positions": range(93, 104),
    "I Market orders": range(104, 114),
    "J Limit orders and time in force": range(114, 131),
    "K Stop and conditional orders": range(131, 144),
    "L Order modification": range(144, 159),
    "M Cancellation": range(159, 170),
    "N Brackets, OCO, combos, lists": range(170, 186),
    "O Flags": range(186, 194),
    "P Rejections and unknown outcomes": range(194, 210),
    "Q Event and fill invariants": range(210, 227),
    "R Reconnect and resync": range(227, 238),
    "S Start-up reconciliation": range(238, 256),
    "T Run-time checks": range(256, 263),
    "U Idempotency, restart, persistence": range(263, 270),
    "V Pacing, timeouts, size": range(270, 276),
    "W Safety": range(276, 282),
    "X Simulator equals contract": range(282, 297),
    "Y Stop and report": range(297, 302),
}
"""The groups of cases, each with its numbers."""

NOVEL = frozenset({76, 96, 129, 158, 167, 169, 178, 180, 220, 222, 228, 229, 230, 231, 232, 249, 267, 275, 282, 294})
"""The cases that no other suite known to us has."""

ELSEWHERE: dict[int, str] = {
    299: "tests/conformance/test_verdict.py",
    300: "tests/conformance/test_verdict.py",
    301: "tests/conformance/test_verdict.py",
}
"""Cases about the suite itself, and the file in which its own tests prove them."""


@cache
def reasons() -> dict[int, str]:
    """Return why a case is no test of a broker, by number."""
    text = files("brokerkit.conformance").joinpath("reasons.toml").read_text("utf-8")
    return {int(number): reason for number, reason in tomli.loads(text).items()}


@attrs.frozen
class MappedCase:
    """What became of one case.

    Attributes:
        number: Its number.
        tests: The suite's tests of it.
        reason: Why it is no test; empty when it is one.
        elsewhere: The file that proves it, for a case about the suite itself.
    """

    number: int
    tests: tuple[Case, ...]
    reason: str = ""
    elsewhere: str = ""

    @property
    def is_tested(self) -> bool:
        """Whether it is a test, of the suite or of the suite's own tests."""
        return bool(self.tests or self.elsewhere)

    @property
    def is_settled(self) -> bool:
        """Whether it is a test or has a reason, and not both."""
        return self.is_tested is not bool(self.reason)


def case_map() -> list[MappedCase]:
    """Return what became of every case, by number."""
    by_number: dict[int, list[Case]] = {}
    for test in all_tests().values():
        case = case_of(test)
        if case is not None:
            by_number.setdefault(case.number, []).append(case)
    return [
        MappedCase(number, tuple(by_number.get(number, ())), reasons().get(number, ""), ELSEWHERE.get(number, ""))
        for number in range(1, LAST + 1)
    ]


def case_table() -> str:
    """Return the map as Markdown: a table for each group, and how many cases are tests."""
    mapped = {each.number: each for each in case_map()}
    tested = sum(each.is_tested for each in mapped.values())
    parts = [f"{tested} of {LAST} cases are tests; {LAST - tested} have a reason why they are none."]
    for title, numbers in GROUPS.items():
        rows = [_row(mapped[number]) for number in numbers]
        parts.append(
            "\n".join([f"## {title}", "", "| case | level | what is expected of a broker |", "|---|---|---|", *rows])
        )
    return "\n\n".join(parts)


def _row(mapped: MappedCase) -> str:
    number = f"**{mapped.number}**" if mapped.number in NOVEL else str(mapped.number)
    if mapped.elsewhere:
        return f"| {number} | suite | About the suite itself: `{mapped.elsewhere}`. |"
    if mapped.reason:
        return f"| {number} | no test | {mapped.reason} |"
    levels = ", ".join(dict.fromkeys(str(case.level) for case in mapped.tests))
    words = " ".join(f"{case.words[:1].upper()}{case.words[1:]}" for case in mapped.tests)
    return f"| {number} | {levels} | {words} |"
