"""`brokerkit download`: the bars of many contracts, saved to files; resumes after an interruption."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from brokerkit.cli.commands.prices import FREQUENCIES
from brokerkit.cli.exit_codes import exit_code_of
from brokerkit.cli.instrument_facts import note_facts
from brokerkit.cli.options import BrokerChoice, asks_broker, range_options
from brokerkit.cli.output import print_json, print_table
from brokerkit.cli.price_folder import PriceFolder, Request
from brokerkit.errors import BrokerkitError, MissingData
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

if TYPE_CHECKING:
    from brokerkit import Broker

_BATCH = 8


@attrs.define
class Report:
    """What a download did.

    Attributes:
        folder: Where the files are.
        saved: Contract and number of bars of each file written now.
        kept: Contracts whose files were there already.
        errors: What went wrong, by contract.
    """

    folder: Path
    saved: dict[str, int] = attrs.field(factory=dict)
    kept: list[str] = attrs.field(factory=list)
    errors: dict[str, BrokerkitError] = attrs.field(factory=dict)


@click.command("download")
@click.argument("names", nargs=-1, metavar="[INSTRUMENT[/DATE]]...")
@click.option("--all", "everything", is_flag=True, help="Every instrument that has prices.")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, help="The folder to fill."
)
@click.option("--format", "file_format", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--frequency", "-f", type=FREQUENCIES, default="1d", show_default=True, help="The length of a bar.")
@click.option("--refresh", is_flag=True, help="Download files again that already exist.")
@range_options
@asks_broker
def command(
    choice: BrokerChoice,
    names: tuple[str, ...],
    everything: bool,
    folder: Path,
    file_format: str,
    frequency: str,
    refresh: bool,
    start: datetime | None,
    end: datetime | None,
    as_json: bool,
) -> None:
    """Save the bars of many contracts to Parquet or CSV; resumes after an interruption.

    CORN means every contract of CORN that has prices, including expired ones; CORN/202312 means one. Each
    contract becomes one file. Existing files are kept, so running the same command again resumes where it
    stopped. What a point is worth, tick, commission and exchange go to instruments.csv. A simulated broker takes the
    folder as its --data.
    """
    if not names and not everything:
        raise click.UsageError("Name instruments or contracts, or give --all.")
    with choice.open() as broker:
        request = Request(broker.name, broker.data, frequency, _iso(start), _iso(end), file_format)
        target = PriceFolder.opened(folder, request, refresh=refresh)
        contracts = list(_contracts_named(broker, names or tuple(broker.prices.get_instruments_with_price_data())))
        report = _download(broker, target, contracts, (start, end), refresh=refresh)
        there = [each for each in contracts if str(each) in report.saved or target.file_of(each).exists()]
        report.errors.update(note_facts(broker, folder, there))
    _print(report, as_json=as_json)
    _exit_on_failure(report)


def _iso(time: datetime | None) -> str:
    return time.isoformat() if time else ""


def _contracts_named(broker: Broker, names: Sequence[str]) -> Iterable[FuturesContract]:
    for name in names:
        instrument, slash, date = name.partition("/")
        if slash:
            yield FuturesContract(instrument, date)
        else:
            for each in broker.prices.contract_dates_with_price_data_for_instrument_code(instrument):
                yield FuturesContract(instrument, each)


def _download(
    broker: Broker,
    target: PriceFolder,
    contracts: Sequence[FuturesContract],
    span: tuple[datetime | None, datetime | None],
    *,
    refresh: bool,
) -> Report:
    report = Report(target.path)
    report.kept = [str(contract) for contract in contracts if not refresh and target.file_of(contract).exists()]
    wanted = [contract for contract in contracts if str(contract) not in set(report.kept)]
    frequency = Frequency(target.request.frequency)
    with _progress() as progress:
        task = progress.add_task("bars", total=len(contracts), completed=len(report.kept))
        for first in range(0, len(wanted), _BATCH):
            batch = wanted[first : first + _BATCH]
            progress.update(task, description=batch[0].instrument_code)
            _download_batch(broker, target, batch, frequency, span, report)
            progress.advance(task, len(batch))
    return report


def _download_batch(
    broker: Broker,
    target: PriceFolder,
    batch: Sequence[FuturesContract],
    frequency: Frequency,
    span: tuple[datetime | None, datetime | None],
    report: Report,
) -> None:
    answer = broker.prices.get_prices_for_contract_objects(batch, frequency, *span)
    for contract, bars in answer.frames.items():
        target.save(contract, bars)
        report.saved[str(contract)] = len(bars)
    report.errors.update({str(contract): error for contract, error in answer.errors.items()})


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:>12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        errors = {name: error.as_dict() for name, error in report.errors.items()}
        print_json({"folder": report.folder, "saved": report.saved, "kept": report.kept, "errors": errors})
        return
    bars = sum(report.saved.values())
    click.echo(f"{len(report.saved)} contracts saved with {bars:,} bars, {len(report.kept)} kept, in {report.folder}")
    empty = [name for name, error in report.errors.items() if isinstance(error, MissingData)]
    if empty:
        click.echo(f"{len(empty)} contracts have no such bars: {empty[0]}{f' to {empty[-1]}' if empty[1:] else ''}")
    failed = [(name, error) for name, error in report.errors.items() if not isinstance(error, MissingData)]
    if failed:
        print_table(["contract", "what went wrong"], failed, title="Not saved")


def _exit_on_failure(report: Report) -> None:
    """End with the code of the first error that is more than 'there are no bars'."""
    failures = [error for error in report.errors.values() if not isinstance(error, MissingData)]
    if failures or (report.errors and not report.saved and not report.kept):
        worst = (failures or list(report.errors.values()))[0]
        raise click.exceptions.Exit(exit_code_of(worst))
