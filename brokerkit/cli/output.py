"""How results leave the command line: a table for people, one JSON document for programs."""

from __future__ import annotations

import enum
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from brokerkit.cli.layout import UNKNOWN, laid_out, pairs
from brokerkit.spec.contract import FuturesContract, FxPair

if TYPE_CHECKING:
    import pandas as pd

_PIPED_WIDTH = 200


def console() -> Console:
    """Return a console on stdout as it is now; wide and plain when it is no terminal."""
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPED_WIDTH, highlight=False)


def print_json(value: Any) -> None:
    """Print a value as one JSON document on stdout."""
    click.echo(json.dumps(jsonable(value), indent=2))


def jsonable(value: Any) -> Any:
    """Return a value as JSON can carry it.

    Exact numbers become strings, so that no digit is lost; times become ISO 8601 with their zone;
    frames and series become lists of rows; contracts are written as commands take them; other value
    types become objects.

    Example:
        >>> from brokerkit.spec.money import Money
        >>> jsonable([Money("USD", "10.50")])
        [{'currency': 'USD', 'amount': '10.50'}]
    """
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, enum.Enum):
        return jsonable(value.value)
    if isinstance(value, (Decimal, Path, FuturesContract, FxPair)):
        return str(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if hasattr(value, "to_records"):
        return _rows_of_frame(value)
    if hasattr(value, "to_frame"):
        return _rows_of_frame(value.to_frame())
    if attrs.has(type(value)):
        return {field.name: jsonable(getattr(value, field.name)) for field in attrs.fields(type(value))}
    if isinstance(value, Iterable):
        return [jsonable(item) for item in value]
    return str(value)


def _rows_of_frame(frame: pd.DataFrame) -> list[dict[str, Any]]:
    columns = [str(name) for name in frame.columns]
    return [
        {"time": time.isoformat(), **{name: jsonable(value) for name, value in zip(columns, row, strict=True)}}
        for time, row in zip(frame.index, frame.to_numpy().tolist(), strict=True)
    ]


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str = "",
    empty: str = "Nothing.",
    indent: int = 0,
) -> None:
    """Print rows under headings, numbers to the right; one below the other where the terminal is too narrow.

    Args:
        columns: Headings; one that ends in `>` is set to the right.
        rows: Cells of any type; see `cell` for how each is written.
        title: A line above.
        empty: What to say when there is no row.
        indent: Columns to leave free on the left.
    """
    out = console()
    cells = [[cell(value) for value in row] for row in rows]
    shown = laid_out(columns, cells, out.width - indent) if cells else Text(empty)
    if title:
        out.print(Text(title, style="bold"))
    out.print(Padding(shown, (0, 0, 0, indent), expand=False))


def print_facts(facts: Iterable[tuple[str, object]], *, title: str = "", indent: int = 0) -> None:
    """Print names and values, one a line, the values aligned."""
    if title:
        console().print(Text(title, style="bold"))
    shown = pairs((name, cell(value)) for name, value in facts)
    console().print(Padding(shown, (0, 0, 0, indent), expand=False))


def cell(value: object) -> Text:
    """Return a value as a person reads it; nothing known is a dash."""
    if isinstance(value, Text):
        return value
    if value is None or value == "":
        return Text(UNKNOWN, style="dim")
    if isinstance(value, bool):
        return Text("yes" if value else "no")
    if isinstance(value, datetime):
        return Text(moment(value))
    if isinstance(value, enum.Enum):
        return Text(str(value.value))
    if isinstance(value, Mapping):
        return Text(", ".join(f"{key} {cell(item)}" for key, item in value.items()) or "-")
    if isinstance(value, tuple):
        return Text(" ".join(str(cell(item)) for item in value) or "-")
    return Text(str(value))


def moment(time: datetime) -> str:
    """Return an aware time in UTC, to the minute, or to the second where there are any.

    Example:
        >>> moment(datetime(2024, 3, 1, 14, 30, tzinfo=timezone.utc))
        '2024-03-01 14:30 UTC'
    """
    utc = time.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC" if utc.second else f"{utc:%Y-%m-%d %H:%M} UTC"


def number(value: float) -> str:
    """Return a float in at most ten digits; a dash for NaN.

    Example:
        >>> number(95.715), number(float("nan"))
        ('95.715', '-')
    """
    return "-" if math.isnan(value) else f"{value:.10g}"
