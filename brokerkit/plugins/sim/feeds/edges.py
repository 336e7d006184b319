"""The times of the first and the last row of a CSV file, without reading the rows between."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from brokerkit.errors import DataFileError
from brokerkit.plugins.sim.feeds.csv_columns import (
    BYTE_ORDER_MARK,
    LINE_END,
    Kind,
    cells_of,
    not_csv,
    parsed_time,
    read_columns,
)

_TAIL = 4096


def edge_times(path: Path, column: str) -> tuple[int, int]:
    """Return the times in a column of the first and the last data row.

    A time without an offset is taken as UTC. The file is not validated; reading it does that.

    Returns:
        Nanoseconds since 1970 UTC.

    Raises:
        DataFileError: It cannot be read, has no such column, or its first or last row has no valid time.
    """
    try:
        return _edges(path, column)
    except DataFileError:
        read_columns(path, {column: Kind.TIME})  # where the whole file is looked at, the row and the reason are known
        raise


def _edges(path: Path, column: str) -> tuple[int, int]:
    try:
        with path.open("rb") as file:
            header = cells_of(file.readline().removeprefix(BYTE_ORDER_MARK))
            first = file.readline()
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL, 0))
            last = file.read().rstrip().rpartition(LINE_END)[2]
        if column not in header:
            raise DataFileError(f"Column {column!r} is missing.", place=f"{path}, row 1")
        at = header.index(column)
        return _time_of(first, at, path, "first"), _time_of(last, at, path, "last")
    except OSError as error:
        raise DataFileError(f"Cannot be read: {error.strerror}.", place=str(path)) from error
    except csv.Error as error:
        raise not_csv(path, error) from error


def _time_of(line: bytes, at: int, path: Path, which: str) -> int:
    cells = cells_of(line)
    cell = cells[at] if at < len(cells) else ""
    found = parsed_time(cell)
    if found is None:
        raise DataFileError(
            f"The time of the {which} row is {cell!r}, which is not a date or time.",
            place=str(path),
            remedy="Correct or remove the row.",
        )
    return found
