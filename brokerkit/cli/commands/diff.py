"""`brokerkit diff`: one scenario on two brokers."""

from __future__ import annotations

import click

from brokerkit.conformance.differential import log_of, parting, scenario_named


@click.command("diff")
@click.argument("first")
@click.argument("second")
@click.argument("scenario", default="round-trip")
@click.option("--instrument", default="", metavar="CODE", help="What to trade; by default the first instrument.")
@click.pass_context
def command(ctx: click.Context, /, first: str, second: str, scenario: str, instrument: str) -> None:
    """Run SCENARIO on brokers FIRST and SECOND, and print where the results differ.

    Scenarios: facts, round-trip (the default), resting. Ids, clocks and wording are ignored. Simulated and
    paper accounts only. Exit code 0 means that the results are the same.
    """
    chosen = scenario_named(scenario)
    logs = [log_of(name, chosen, instrument) for name in (first, second)]
    parted = parting(logs[0], logs[1], (first, second))
    click.echo("\n".join(parted) if parted else f"{first} and {second} give the same result: {len(logs[0])} lines.")
    ctx.exit(1 if parted else 0)
