"""What a run says: a result for each test, reasons for what was not run, in every form."""

from __future__ import annotations

import json

import pytest

from brokerkit.conformance.reporting.badge import badge_of
from brokerkit.conformance.reporting.page import page_of
from brokerkit.conformance.reporting.terminal import lines_of
from brokerkit.conformance.reporting.verdict import Outcome, Result, Subject, Verdict

_SUBJECT = Subject("acme", "brokerkit-acme 0.3", "0.1.0", "49 hooks, 0a1b2c3d", "3.11.7", "read", 7)


def _result(case: int, outcome: Outcome, reason: str = "") -> Result:
    hooks = ("get_fx_prices",)
    again = "brokerkit check acme --case 75"
    return Result(case, f"test_{case:03}_x", "read", outcome, hooks, "rates come <in order>.", reason, 0.25, again)


@pytest.fixture
def verdict() -> Verdict:
    return Verdict(
        _SUBJECT,
        (
            _result(75, Outcome.PASSED),
            _result(76, Outcome.FAILED, "AssertionError: <out of order>\nassert False"),
            _result(77, Outcome.DECLINED, "get_fx_prices: Acme has no FX desk"),
            _result(78, Outcome.BLOCKED, "the market is closed"),
        ),
        seconds=1.5,
    )


def test_299_every_case_has_a_result_that_a_machine_reads(verdict: Verdict) -> None:
    """Case 299: each case says pass, fail, declined or blocked, and the report survives the way through JSON."""
    document = json.loads(json.dumps(verdict.as_dict()))
    assert [each["outcome"] for each in document["results"]] == ["passed", "failed", "declined", "blocked"]
    assert document["conforms"] is False
    assert document["contract"] == "49 hooks, 0a1b2c3d"
    assert Verdict.from_dict(document) == verdict


def test_300_what_was_not_run_is_listed_with_its_reason(verdict: Verdict) -> None:
    """Case 300: what was not run is listed with its reason, in the terminal and on the page."""
    text = "\n".join(lines_of(verdict))
    assert "declined: get_fx_prices: Acme has no FX desk  (case 77)" in text
    assert "blocked: the market is closed  (case 78)" in text
    assert "Acme has no FX desk" in page_of(verdict)


def test_a_case_of_several_tests_is_named_once(verdict: Verdict) -> None:
    closed = [_result(number, Outcome.BLOCKED, "the market is closed") for number in (78, 78, 79)]
    text = "\n".join(lines_of(Verdict(_SUBJECT, tuple(closed))))
    assert "blocked: the market is closed  (case 78, 79)" in text


def test_301_what_could_not_be_run_is_no_failure(verdict: Verdict) -> None:
    """Case 301: a case that could not be run for want of something is blocked, and does not fail a broker."""
    kept = tuple(result for result in verdict.results if result.outcome is not Outcome.FAILED)
    better = Verdict(_SUBJECT, kept, seconds=1.0)
    assert better.conforms
    assert better.summary == "acme: CONFORMS at level read (1 passed, 1 declined, 1 blocked)"


def test_a_failure_says_what_was_expected_what_came_and_how_to_see_it_again(verdict: Verdict) -> None:
    text = "\n".join(lines_of(verdict))
    assert "FAIL case 76 test_076_x" in text
    assert "expected  rates come <in order>." in text
    assert "got       AssertionError: <out of order>" in text
    assert "rerun     brokerkit check acme --case 75" in text
    assert verdict.summary.startswith("acme: DOES NOT CONFORM at level read")


def test_the_page_is_whole_and_escapes_what_came(verdict: Verdict) -> None:
    page = page_of(verdict)
    assert page.startswith("<!doctype html>")
    assert page.endswith("</html>")
    assert "&lt;out of order&gt;" in page
    assert "<out of order>" not in page
    assert "does not conform" in page


def test_the_badge_is_red_green_or_grey(verdict: Verdict) -> None:
    assert badge_of(verdict) == {"schemaVersion": 1, "label": "brokerkit", "message": "read: 1 failed", "color": "red"}
    good = Verdict(_SUBJECT, (_result(75, Outcome.PASSED),))
    assert badge_of(good)["color"] == "brightgreen"
    assert badge_of(Verdict(_SUBJECT, good.results, complete=False))["message"] == "no verdict"


def test_a_partial_run_gives_no_verdict() -> None:
    partial = Verdict(_SUBJECT, (_result(75, Outcome.PASSED),), complete=False)
    assert not partial.conforms
    assert "PARTIAL" in partial.summary


def test_a_run_without_any_test_does_not_conform() -> None:
    assert not Verdict(_SUBJECT, ()).conforms
