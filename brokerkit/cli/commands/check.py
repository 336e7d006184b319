"""`brokerkit check`: a broker, proven against the contract."""

from __future__ import annotations

from typing import Any

import click

from brokerkit.cli.options import setting
from brokerkit.conformance.command import CheckRequest, check


@click.command("check")
@click.argument("name")
@click.option(
    "--level",
    type=click.Choice(["static", "read", "trade", "fault"]),
    default="read",
    show_default=True,
    help="What to test. 'trade' and 'fault' place orders, on simulated and paper accounts only.",
)
@click.option("--set", "settings", type=setting, multiple=True, metavar="KEY=VALUE", help="Override a setting.")
@click.option("--fact", "facts", type=setting, multiple=True, metavar="KEY=VALUE", help="State a fact of the broker.")
@click.option("--case", "cases", type=int, multiple=True, metavar="NUMBER", help="Run only this case; may be repeated.")
@click.option("--seed", type=int, help="Seed of the suite's random choices.")
@click.option("--json", "json", default="", metavar="FILE", help="Write the report as JSON.")
@click.option("--junit", default="", metavar="FILE", help="Write the report as JUnit XML.")
@click.option("--html", default="", metavar="FILE", help="Write the report as an HTML page.")
@click.option("--badge", default="", metavar="FILE", help="Write a shields.io badge endpoint.")
@click.option("-n", "--processes", type=int, default=1, metavar="COUNT", help="Split the work between processes.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    name: str,
    settings: tuple[tuple[str, str], ...],
    facts: tuple[tuple[str, str], ...],
    **given: Any,
) -> None:
    """Test broker NAME against the contract, and print a verdict.

    NAME is a configured broker, an installed plugin, or a testbed: `ib-sim` is the IB plugin on a simulated
    Gateway that is started for the run, with injected faults at level fault. Exit code 0 means that the
    broker conforms at that level. docs/conformance.md says what a verdict means.
    """
    ctx.exit(check(CheckRequest(name, settings=dict(settings), facts=dict(facts), **given)))
