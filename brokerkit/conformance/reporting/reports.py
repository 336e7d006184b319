"""The files that a verdict is written to: JSON, the page, the badge."""

from __future__ import annotations

import json as json_text
from collections.abc import Callable, Iterator
from pathlib import Path

from brokerkit.conformance.reporting.badge import badge_of
from brokerkit.conformance.reporting.files import write_report
from brokerkit.conformance.reporting.page import page_of
from brokerkit.conformance.reporting.verdict import Verdict
from brokerkit.errors import InvalidArgument


def write_reports(verdict: Verdict, *, json: str, html: str, badge: str) -> Iterator[InvalidArgument]:
    """Write each report that has a place, and yield what kept one from being written; the others are written.

    Args:
        verdict: What a run found.
        json: Where to write it as JSON; empty for nowhere.
        html: Where to write it as a page.
        badge: Where to write the badge's endpoint.
    """
    reports: tuple[tuple[str, Callable[[], str]], ...] = (
        (json, lambda: json_text.dumps(verdict.as_dict(), indent=1) + "\n"),
        (html, lambda: page_of(verdict)),
        (badge, lambda: json_text.dumps(badge_of(verdict)) + "\n"),
    )
    for place, text in reports:
        if place:
            try:
                write_report(Path(place), text())
            except InvalidArgument as problem:
                yield problem
