"""Every case of the list is a test or has a written reason; none is both, none is neither."""

from __future__ import annotations

from pathlib import Path

from brokerkit.conformance.cases import ELSEWHERE, GROUPS, LAST, NOVEL, case_map, reasons
from brokerkit.conformance.levels import case_of
from brokerkit.conformance.suite import all_tests
from brokerkit.spec.domains import CONTRACT

_ROOT = Path(__file__).parents[2]


def test_every_case_is_a_test_or_has_a_reason() -> None:
    unsettled = [each.number for each in case_map() if not each.is_settled]
    assert not unsettled, f"neither a test nor a reason, or both: {unsettled}"
    assert [each.number for each in case_map()] == list(range(1, LAST + 1))


def test_at_least_200_cases_are_tests_and_all_that_nobody_else_has() -> None:
    tested = {each.number for each in case_map() if each.is_tested}
    assert len(tested) >= 200
    assert tested >= NOVEL
    assert len(NOVEL) == 20


def test_the_groups_hold_every_case_once() -> None:
    numbers = [number for group in GROUPS.values() for number in group]
    assert numbers == list(range(1, LAST + 1))
    assert len(GROUPS) == 25


def test_names_and_docstrings_carry_the_number() -> None:
    for name, test in all_tests().items():
        case = case_of(test)
        assert case is not None
        assert name.startswith(f"test_{case.number:03}_")
        assert (test.__doc__ or "").startswith(f"Case {case.number}: "), f"{name}: {test.__doc__}"
        assert case.words.endswith("."), f"{name} is not said in a sentence"


def test_every_hook_is_proven_by_a_test_of_its_own() -> None:
    named = {hook for test in all_tests().values() if (case := case_of(test)) for hook in case.hooks}
    assert named <= set(CONTRACT), f"no such hook: {named - set(CONTRACT)}"
    assert set(CONTRACT) <= named, f"no test names {set(CONTRACT) - named}"


def test_reasons_are_sentences() -> None:
    assert all(len(reason) > 30 and reason.endswith(".") for reason in reasons().values())


def test_cases_about_the_suite_are_where_the_map_says() -> None:
    for number, place in ELSEWHERE.items():
        assert f"def test_{number}_" in (_ROOT / place).read_text("utf-8"), f"{place} has no test of case {number}"
