"""The verdict as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from html import escape
from importlib.resources import files

from brokerkit.conformance.cases import GROUPS
from brokerkit.conformance.reporting.terminal import standing
from brokerkit.conformance.reporting.verdict import Outcome, Result, Verdict
from brokerkit.spec.domains import CONTRACT

_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.DECLINED: "declined",
    Outcome.PLANNED: "planned",
    Outcome.BLOCKED: "not run",
    Outcome.EXPECTED_FAILURE: "known failure",
}


def page_of(verdict: Verdict) -> str:
    """Return the page."""
    subject = verdict.subject
    style = files("brokerkit.conformance.reporting").joinpath("page.css").read_text("utf-8")
    title = f"{escape(subject.broker)}: brokerkit conformance"
    return "\n".join(
        [
            "<!doctype html>",
            f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<style>{style}</style></head><body><main>",
            _head(verdict),
            *(f'<p class="note">{escape(note)}</p>' for note in verdict.notes),
            _failures(verdict),
            _not_run(verdict),
            _hooks(verdict),
            _cases(verdict),
            "</main></body></html>",
        ]
    )


def _head(verdict: Verdict) -> str:
    subject = verdict.subject
    word, tone = ("conforms", "passed") if verdict.conforms else ("does not conform", "failed")
    if not verdict.complete:
        word, tone = "no verdict: only a part was run", "blocked"
    counts = "".join(
        f'<li class="{each.value}"><b>{count}</b> {_WORDS[each]}</li>'
        for each in Outcome
        if (count := verdict.count(each))
    )
    facts = {
        "level": subject.level,
        "plugin": subject.plugin or "not told",
        "brokerkit": subject.brokerkit,
        "contract": subject.contract,
        "Python": subject.python,
        "seed": str(subject.seed),
        "took": f"{verdict.seconds:.1f} s",
        "slowest": ", ".join(f"case {each.case} in {_time(each.seconds)}" for each in _slowest(verdict)),
    }
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return (
        f'<header><h1>{escape(subject.broker)} <span class="verdict {tone}">{word}</span></h1>'
        f'<dl>{rows}</dl><ul class="counts">{counts}</ul></header>'
    )


def _slowest(verdict: Verdict) -> list[Result]:
    return sorted(verdict.results, key=lambda result: -result.seconds)[:3]


def _failures(verdict: Verdict) -> str:
    failed = [result for result in verdict.results if result.outcome is Outcome.FAILED]
    if not failed:
        return ""
    return "<section><h2>What failed</h2>" + "".join(map(_failure, failed)) + "</section>"


def _failure(result: Result) -> str:
    return (
        f"<article><h3>Case {result.case} <code>{escape(result.test)}</code></h3>"
        f"<p>Expected: {escape(result.expected)}</p><pre>{escape(result.reason)}</pre>"
        f"<p>Run it again: <code>{escape(result.again)}</code></p></article>"
    )


def _not_run(verdict: Verdict) -> str:
    cases: dict[tuple[Outcome, str], list[int]] = {}
    for result in verdict.results:
        if result.outcome not in {Outcome.PASSED, Outcome.FAILED}:
            cases.setdefault((result.outcome, result.reason), []).append(result.case)
    rows = [
        f'<tr><td class="{outcome.value}">{_WORDS[outcome]}</td><td>{escape(reason)}</td>'
        f"<td class=number>{', '.join(map(str, dict.fromkeys(numbers)))}</td></tr>"
        for (outcome, reason), numbers in cases.items()
    ]
    heads = "<tr><th>result</th><th>why</th><th class=number>cases</th></tr>"
    return f"<section><h2>What was not run, and why</h2><table>{heads}{''.join(rows)}</table></section>" if rows else ""


def _hooks(verdict: Verdict) -> str:
    rows, domain = [], ""
    for name, facts in CONTRACT.items():
        results = verdict.of_hook(name)
        sign = standing(results)
        tone = {"pass": "passed", "FAIL": "failed"}.get(sign, sign.replace(" ", "-"))
        passed = sum(result.outcome is Outcome.PASSED for result in results)
        why = next((reason for result in results if (reason := result.why_declined(name))), "")
        rows.append(
            f"<tr><td>{facts.domain if facts.domain != domain else ''}</td><td><code>{name}</code></td>"
            f'<td class="{tone}">{sign}</td><td class=number>{f"{passed} of {len(results)}" if results else ""}</td>'
            f"<td>{escape(why)}</td></tr>"
        )
        domain = facts.domain
    heads = "<tr><th>domain</th><th>hook</th><th>status</th><th class=number>passed</th><th>why not</th></tr>"
    return f"<section><h2>Hooks</h2><table>{heads}{''.join(rows)}</table></section>"


def _cases(verdict: Verdict) -> str:
    parts = []
    for title, numbers in GROUPS.items():
        results = [result for result in verdict.results if result.case in numbers]
        if results:
            parts.append(_group(title, results))
    return f"<section><h2>Cases</h2>{''.join(parts)}</section>"


def _group(title: str, results: list[Result]) -> str:
    counts = ", ".join(
        f'<span class="{each.value}">{count} {_WORDS[each]}</span>'
        for each in Outcome
        if (count := sum(result.outcome is each for result in results))
    )
    seconds = sum(result.seconds for result in results)
    heads = "<tr><th class=number>case</th><th>expected of a broker</th><th>level</th><th>result</th><th>time</th></tr>"
    return (
        f"<details open><summary><b>{escape(title)}</b> {counts} <small>{_time(seconds)}</small></summary>"
        f"<table>{heads}{''.join(map(_row, results))}</table></details>"
    )


def _row(result: Result) -> str:
    why = f"<br><small>{escape(result.reason.partition(chr(10))[0])}</small>" if result.reason else ""
    words = f"{result.expected[:1].upper()}{result.expected[1:]}"
    return (
        f"<tr><td class=number>{result.case}</td><td>{escape(words)}<br><code>{escape(result.test)}</code></td>"
        f'<td>{result.level}</td><td class="{result.outcome.value}">{_WORDS[result.outcome]}{why}</td>'
        f"<td class=number>{_time(result.seconds)}</td></tr>"
    )


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
