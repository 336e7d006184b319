"""The verdict as one HTML page that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from html import escape
from importlib.resources import files

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
            _failures(verdict),
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
    }
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items())
    return (
        f'<header><h1>{escape(subject.broker)} <span class="verdict {tone}">{word}</span></h1>'
        f'<dl>{rows}</dl><ul class="counts">{counts}</ul></header>'
    )


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


def _hooks(verdict: Verdict) -> str:
    rows = []
    for name, facts in CONTRACT.items():
        results = verdict.of_hook(name)
        sign = standing(results)
        tone = {"pass": "passed", "FAIL": "failed"}.get(sign, sign.replace(" ", "-"))
        passed = sum(result.outcome is Outcome.PASSED for result in results)
        rows.append(
            f'<tr><td>{facts.domain}</td><td><code>{name}</code></td><td class="{tone}">{sign}</td>'
            f"<td class=number>{passed}/{len(results)}</td><td>{escape(_why_not(results))}</td></tr>"
        )
    heads = "<tr><th>domain</th><th>hook</th><th>stands</th><th>passed</th><th>why not</th></tr>"
    return f"<section><h2>Hooks</h2><table>{heads}{''.join(rows)}</table></section>"


def _why_not(results: tuple[Result, ...]) -> str:
    reasons = (result.reason for result in results if result.outcome in {Outcome.DECLINED, Outcome.PLANNED})
    return next(reasons, "")


def _cases(verdict: Verdict) -> str:
    rows = [
        f"<tr><td class=number>{result.case}</td>"
        f"<td>{escape(result.expected)}<br><code>{escape(result.test)}</code></td>"
        f'<td>{result.level}</td><td class="{result.outcome.value}">{_WORDS[result.outcome]}</td>'
        f"<td class=number>{result.seconds * 1000:,.0f}</td><td>{escape(result.reason.partition(chr(10))[0])}</td></tr>"
        for result in verdict.results
    ]
    heads = "<tr><th>case</th><th>expected of a broker</th><th>level</th><th>result</th><th>ms</th><th>why</th></tr>"
    return f"<section><h2>Cases</h2><table>{heads}{''.join(rows)}</table></section>"
