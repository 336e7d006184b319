"""Series and frames on the command line: cut to a range, shown as a table, drawn, or printed as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from brokerkit.cli import chart
from brokerkit.cli.notes import note
from brokerkit.cli.output import number, print_json, print_table
from brokerkit.errors import MissingData

if TYPE_CHECKING:
    import pandas as pd

_USUAL_ROWS = 10

rows_option = click.option(
    "--rows",
    type=click.IntRange(min=0),
    default=None,
    help=f"Newest rows shown; 0 for all. [default: {_USUAL_ROWS} in a table, all in JSON]",
)


def cut(series: pd.Series[float], start: datetime | None, end: datetime | None) -> pd.Series[float]:
    """Return the part of a series at or after `start` and before `end`.

    Raises:
        MissingData: Nothing is left.
    """
    part = series
    if start is not None:
        part = part[part.index >= start]
    if end is not None:
        part = part[part.index < end]
    if part.empty:
        raise MissingData(
            f"{series.name} has no values in that range.",
            remedy=f"It has values from {series.index[0]:%Y-%m-%d} to {series.index[-1]:%Y-%m-%d}.",
        )
    return part


def show_frame(
    frame: pd.DataFrame, *, title: str, as_json: bool, plot: str | None, rows: int | None, charted: str = "close"
) -> None:
    """Print a frame with times for index, newest rows last, and draw one column of it if asked.

    Args:
        frame: Float columns.
        title: What it is, with its unit.
        as_json: Print one JSON document instead.
        plot: None, `-` for the terminal, or a file.
        rows: How many of the newest rows are shown; 0 for all, None for the usual number.
        charted: The column that is drawn.
    """
    if plot is not None:
        chart.draw(frame[charted], title, plot)
    if as_json:
        print_json(frame.iloc[-rows:] if rows else frame)
    elif plot != chart.IN_TERMINAL:
        _print_newest(frame, title, _USUAL_ROWS if rows is None else rows)


def _print_newest(frame: pd.DataFrame, title: str, rows: int) -> None:
    midnight = datetime.min.time()
    newest = frame.iloc[-rows:] if rows else frame
    stamp = "%Y-%m-%d" if all(time.time() == midnight for time in newest.index) else "%Y-%m-%d %H:%M:%S"
    print_table(
        ["time (UTC)", *(f"{name}>" for name in frame.columns)],
        (
            (f"{time:{stamp}}", *(number(value) for value in row))
            for time, row in zip(newest.index, newest.to_numpy().tolist(), strict=True)
        ),
        title=title,
    )
    hidden = len(frame) - len(newest)
    if hidden:
        note(f"{hidden:,} earlier rows since {frame.index[0]:{stamp}}; --rows 0 shows all.")
