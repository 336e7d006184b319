"""`brokerkit scenario`: scripts of bars, orders and faults, run on the simulated exchange."""

from __future__ import annotations

from pathlib import Path

import attrs
import click

from brokerkit.cli.options import json_option
from brokerkit.cli.output import print_json
from brokerkit.plugins.sim.exchange.scenario import Scenario


@click.command("scenario")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--log", "shows_log", is_flag=True, help="Show the event log of each, as expected or not.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, files: tuple[Path, ...], shows_log: bool, as_json: bool) -> None:
    """Run scenario FILES on the simulated exchange, and show where the results are not as expected.

    A scenario is a TOML script of bars, orders and faults with the event log that is expected of it: a test, a
    bug report and an example in one file. docs/sim.md describes the format. Exit code 1 when one differs.
    """
    results = [_result(Scenario.from_file(path), path) for path in files]
    if as_json:
        print_json(results)
    else:
        for result in results:
            click.echo(f"{result.file}: {'differs' if result.problems else 'as expected'}")
            for line in [*(result.log if shows_log else ()), *result.problems]:
                click.echo(line)
    ctx.exit(1 if any(result.problems for result in results) else 0)


@attrs.frozen
class _Result:
    file: Path
    problems: list[str]
    log: list[str]


def _result(scenario: Scenario, file: Path) -> _Result:
    run = scenario.run()
    return _Result(file, scenario.problems_of(run), run.outcome("log"))
