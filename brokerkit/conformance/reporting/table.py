"""One table of all brokers, from the reports of their runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from brokerkit.conformance.reporting.terminal import standing
from brokerkit.conformance.reporting.verdict import Outcome, Verdict
from brokerkit.spec.domains import CONTRACT


def table_of_brokers(folder: Path) -> str:
    """Return two tables as Markdown: each broker's verdict, and how each stands with every hook.

    Args:
        folder: Where the reports are that `brokerkit check NAME --json FILE` wrote.
    """
    verdicts = [Verdict.from_dict(json.loads(file.read_text("utf-8"))) for file in sorted(folder.glob("*.json"))]
    return f"{_verdicts(verdicts)}\n\n{_hooks(verdicts)}"


def _verdicts(verdicts: Iterable[Verdict]) -> str:
    rows = [
        "| broker | plugin | level | verdict | passed | declined | not run | contract |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in verdicts:
        subject = each.subject
        counts = [each.count(outcome) for outcome in (Outcome.PASSED, Outcome.DECLINED, Outcome.BLOCKED)]
        word = "conforms" if each.conforms else f"does not conform: {each.count(Outcome.FAILED)} failed"
        cells = [f"`{subject.broker}`", subject.plugin, subject.level, word, *map(str, counts), subject.contract]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _hooks(verdicts: list[Verdict]) -> str:
    names = [f"`{each.subject.broker}`" for each in verdicts]
    rows = [f"| hook | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    rows += [f"| `{hook}` | {' | '.join(standing(each.of_hook(hook)) for each in verdicts)} |" for hook in CONTRACT]
    return "\n".join(rows)
