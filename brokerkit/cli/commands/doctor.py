"""`brokerkit doctor`: a broker's set-up, examined step by step."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import click
from rich.text import Text

from brokerkit.cli.doctor.examination import examine
from brokerkit.cli.doctor.finding import Finding, Verdict
from brokerkit.cli.exit_codes import FAILED
from brokerkit.cli.options import BrokerChoice, asks_broker
from brokerkit.cli.output import console, print_json

_MARKS = {
    Verdict.OK: ("ok  ", "green"),
    Verdict.NOTE: ("note", "yellow"),
    Verdict.FAILED: ("FAIL", "bold red"),
    Verdict.SKIPPED: ("-   ", "dim"),
}


@click.command("doctor")
@click.argument("name", required=False)
@asks_broker
def command(choice: BrokerChoice, name: str | None, as_json: bool) -> None:
    """Check a broker's set-up step by step, and say how to fix each failure.

    NAME is the same as --broker NAME. It checks plugins, configuration, values and where they come from,
    store and client ids, connection, account, data and clock. It sends no order. Exit code 1 means that a
    step failed.
    """
    findings = []
    choice = attrs.evolve(choice, name=name) if name else choice
    with choice.settings() as (given, _):
        for finding in examine(choice.name, given):
            findings.append(finding)
            if not as_json:
                _print(finding)
    if as_json:
        print_json(findings)
    elif not _has_failed(findings):
        console().print(Text(f"\nBroker '{choice.name}' is ready.", style="bold green"))
    if _has_failed(findings):
        raise click.exceptions.Exit(FAILED)


def _has_failed(findings: Iterable[Finding]) -> bool:
    return any(finding.verdict is Verdict.FAILED for finding in findings)


def _print(finding: Finding) -> None:
    out = console()
    mark, style = _MARKS[finding.verdict]
    code = f" [{finding.code}]" if finding.code else ""
    out.print(Text.assemble((mark, style), f"  {finding.step:<10}  {finding.says}{code}"), soft_wrap=True)
    for name, value in finding.details.items():
        out.print(Text(f"{'':18}{name} = {value}", style="dim"), soft_wrap=True)
    if finding.remedy:
        out.print(Text(f"{'':18}-> {finding.remedy}", style="cyan"), soft_wrap=True)
