"""The verdict as text: a table of hooks, what was not run and why, and one line that says it all."""

from __future__ import annotations

from brokerkit.conformance.reporting.verdict import Outcome, Result, Verdict
from brokerkit.spec.domains import CONTRACT

_SIGNS = {
    Outcome.PASSED: "pass",
    Outcome.FAILED: "FAIL",
    Outcome.DECLINED: "declined",
    Outcome.PLANNED: "planned",
    Outcome.BLOCKED: "blocked",
    Outcome.EXPECTED_FAILURE: "xfail",
}


def lines_of(verdict: Verdict) -> list[str]:
    """Return the verdict as lines of text."""
    subject = verdict.subject
    return [
        f"plugin {subject.plugin or '?'} | brokerkit {subject.brokerkit} | contract {subject.contract} | "
        f"Python {subject.python} | seed {subject.seed} | {verdict.seconds:.1f} s",
        "",
        *_hook_table(verdict),
        *_not_run(verdict),
        *_failures(verdict),
        *(line for note in verdict.notes for line in ("", note)),
        "",
        verdict.summary,
    ]


def standing(results: tuple[Result, ...]) -> str:
    """Return in a word how a broker stands with a hook, from the tests about it."""
    if not results:
        return "not tested"
    found = {result.outcome for result in results}
    ranked = (Outcome.FAILED, Outcome.EXPECTED_FAILURE, Outcome.PASSED, Outcome.PLANNED, Outcome.DECLINED)
    return next((_SIGNS[outcome] for outcome in ranked if outcome in found), _SIGNS[Outcome.BLOCKED])


def _hook_table(verdict: Verdict) -> list[str]:
    widest = max(map(len, CONTRACT))
    lines = [f"{'hook':<{widest}}  {'status':<10}  {'pass':>4} {'fail':>4} {'other':>5}"]
    for domain in dict.fromkeys(facts.domain for facts in CONTRACT.values()):
        lines.append(f"-- {domain}")
        for name in (name for name, facts in CONTRACT.items() if facts.domain == domain):
            results = verdict.of_hook(name)
            passed = sum(result.outcome is Outcome.PASSED for result in results)
            failed = sum(result.outcome is Outcome.FAILED for result in results)
            other = len(results) - passed - failed
            lines.append(f"{name:<{widest}}  {standing(results):<10}  {passed:>4} {failed:>4} {other:>5}")
    return lines


def _not_run(verdict: Verdict) -> list[str]:
    """Return the reasons for which tests gave no verdict, each with its cases."""
    cases: dict[tuple[str, str], list[int]] = {}
    for result in verdict.results:
        if result.outcome not in {Outcome.PASSED, Outcome.FAILED}:
            cases.setdefault((_SIGNS[result.outcome], result.reason), []).append(result.case)
    return ["", *(f"{sign}: {reason}  (case {_numbers(them)})" for (sign, reason), them in sorted(cases.items()))]


def _failures(verdict: Verdict) -> list[str]:
    lines: list[str] = []
    for result in verdict.results:
        if result.outcome is Outcome.FAILED:
            came = result.reason.splitlines() or [""]
            lines += [
                "",
                f"FAIL case {result.case} {result.test}",
                f"  expected  {result.expected}",
                f"  got       {came[0]}",
                *(f"            {line}" for line in came[1:6]),
                f"  rerun     {result.again}",
            ]
    return lines


def _numbers(cases: list[int]) -> str:
    return ", ".join(map(str, dict.fromkeys(cases)))
