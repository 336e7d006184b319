"""`brokerkit demo`: the main job in one go, told as a story."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from brokerkit.cli import chart
from brokerkit.cli.confirm import somebody_can_be_asked, yes_option
from brokerkit.cli.demo.chapter import Chapter
from brokerkit.cli.demo.story import reason_not_to_trade, tell
from brokerkit.cli.demo.trading import REAL_TIME, Pace
from brokerkit.cli.notes import note
from brokerkit.cli.options import BrokerChoice, asks_broker, plot_option
from brokerkit.cli.output import console, print_facts, print_json, print_table
from brokerkit.spec.capital import AccountKind

if TYPE_CHECKING:
    from brokerkit import Broker


@click.command("demo")
@plot_option
@yes_option
@asks_broker
def command(choice: BrokerChoice, plot: str | None, yes: bool, as_json: bool) -> None:
    """Run a complete example and explain each step.

    Exchange rates, contract chains, prices, contract details and capital; then a market order, a limit order
    that is changed and cancelled, a partial fill, positions, and cash reconciled to the cent. It trades on
    simulated accounts, asks before it trades on a paper account, and never trades on a live one. A part that
    the broker does not support is skipped.
    """
    with choice.open_with_clock() as (broker, clock):
        ours = clock is not None or broker.account_kind is AccountKind.SIMULATED
        pace = Pace(clock=clock) if ours else REAL_TIME
        chapters = tell(broker, lambda opened: _may_trade(opened, yes=yes or ours), pace)
        if as_json:
            print_json({chapter.key: _as_json(chapter) for chapter in chapters})
            return
        for number, chapter in enumerate(chapters, 1):
            _print(number, chapter, plot or chart.IN_TERMINAL)


def _may_trade(broker: Broker, *, yes: bool) -> bool:
    reason = reason_not_to_trade(broker)
    if reason:
        note(f"It ends here. {reason}")
        return False
    if broker.account_kind is AccountKind.PAPER and not yes:
        if not somebody_can_be_asked():
            note(f"It ends here. --yes lets it trade on the paper account of broker '{broker.name}'.")
            return False
        return click.confirm(f"\nTrade on the paper account of broker '{broker.name}'?", err=True)
    return True


def _print(number: int, chapter: Chapter, plot: str) -> None:
    out = console()
    out.print()
    out.print(Text.assemble((f"{number:>2}  ", "bold cyan"), (chapter.heading, "bold")))
    if chapter.code:
        out.print(Text("\n".join(f"    {line}" for line in chapter.code.splitlines()), style="green"))
    out.print()
    if chapter.facts:
        print_facts(chapter.facts.items(), indent=4)
    if chapter.rows:
        print_table(chapter.columns, chapter.rows, indent=4)
    if chapter.says:
        out.print(Text(f"\n    {chapter.says}"))
    if chapter.series is not None:
        out.print()
        chart.draw(chapter.series, chapter.series_title, plot)


def _as_json(chapter: Chapter) -> dict[str, object]:
    columns = [column.rstrip(">") for column in chapter.columns]
    told = dict(chapter.facts)
    if chapter.rows:
        told["rows"] = [dict(zip(columns, row, strict=True)) for row in chapter.rows]
    if chapter.says:
        told["says"] = chapter.says
    return told
