"""The verdict as a badge: a JSON document that a badge service reads from an address."""

from __future__ import annotations

from brokerkit.conformance.reporting.verdict import Outcome, Verdict


def badge_of(verdict: Verdict) -> dict[str, object]:
    """Return the badge in the endpoint format of shields.io.

    Example:
        >>> from brokerkit.conformance.reporting.verdict import Subject, Verdict
        >>> badge_of(Verdict(Subject("acme", "", "", "", "", "read", 1), (), complete=False))["color"]
        'lightgrey'
    """
    if not verdict.complete or not verdict.results:
        message, color = "no verdict", "lightgrey"
    elif verdict.conforms:
        message, color = f"{verdict.subject.level}: {verdict.count(Outcome.PASSED)} passed", "brightgreen"
    else:
        message, color = f"{verdict.subject.level}: {verdict.count(Outcome.FAILED)} failed", "red"
    return {"schemaVersion": 1, "label": "brokerkit", "message": message, "color": color}
