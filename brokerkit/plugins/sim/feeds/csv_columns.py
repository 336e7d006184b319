"""Strict reading of columns from a CSV file: every error gives the file and the row."""

from __future__ import annotations

import csv
import enum
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from brokerkit._base_error import closest_match
from brokerkit.errors import DataFileError
from brokerkit.plugins.sim.exchange.units import nanoseconds

if TYPE_CHECKING:
    import pandas as pd

Columns = dict[str, NDArray[Any]]

LINE_END = b"\n"
_NOT_KNOWN = ("", "nan", "NaN", "NA")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_USUAL_TIME = re.compile(r"(?:19|20)\d\d-\d\d-\d\d(?:[T ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ?)?", re.ASCII)


class Kind(enum.Enum):
    """What the cells of a column contain.

    `TIME` is a date or a time in ISO 8601; without an offset it is kept as written. In an array
    it is int64 nanoseconds. `NUMBER` and `OPTIONAL_NUMBER` are float64; an optional cell
    that is empty, `nan` or `NA` is NaN. `MONTH` is a contract's `YYYYMM00`, `YYYYMM` or `YYYYMMDD`, int64.
    """

    TIME = "a date or time"
    NUMBER = "a number"
    OPTIONAL_NUMBER = "a number or empty"
    MONTH = "a contract's date"


_TYPES = {Kind.TIME: "str", Kind.NUMBER: "float64", Kind.OPTIONAL_NUMBER: "float64", Kind.MONTH: "int64"}


def place_of(path: Path, index: int) -> str:
    """Return the place of the data row with an index: row 1 of a CSV file is the header."""
    return f"{path}, row {index + 2}"


def read_columns(path: Path, wanted: Mapping[str, Kind]) -> Columns:
    """Return some columns of a CSV file as arrays of equal length; other columns are ignored.

    Raises:
        DataFileError: The file cannot be read, is not UTF-8, is empty or truncated, lacks a column, or
            has a cell of the wrong kind.
    """
    data = _content(path)
    try:
        return _columns_of(path, data, wanted)
    except csv.Error as error:
        raise not_csv(path, error) from error


def not_csv(path: Path, error: csv.Error) -> DataFileError:
    """Return the error for a file that cannot be split into rows and cells."""
    return DataFileError(f"The file is not valid CSV: {error}.", place=str(path))


def check_rising(path: Path, time: NDArray[np.int64], place: Callable[[Path, int], str] = place_of) -> None:
    """Check that times strictly increase.

    Raises:
        DataFileError: A time occurs twice, or goes back.
    """
    wrong = np.flatnonzero(time[1:] <= time[:-1])
    if not len(wrong):
        return
    at = int(wrong[0]) + 1
    now, before = (np.datetime64(int(time[n]), "ns").astype("datetime64[s]") for n in (at, at - 1))
    fact = f"The time {now} occurs twice." if now == before else f"The time {now} is before {before}, the row before."
    raise DataFileError(fact, place=place(path, at), remedy="Sort the rows by time, and give each time once.")


def _columns_of(path: Path, data: bytes, wanted: Mapping[str, Kind]) -> Columns:
    header = _header(path, data, wanted)
    rows = _row_count(data, len(header))
    if rows == 0:
        raise DataFileError("The file has a header and no rows.", place=str(path))
    found = None if rows is None else _fast(data, wanted, rows)
    if found is None:
        raise _first_fault(path, data, header, wanted)
    return found


def _content(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataFileError(f"Cannot be read: {error.strerror}.", place=str(path)) from error
    if not data.removeprefix(BYTE_ORDER_MARK).strip():
        raise DataFileError("The file is empty.", place=str(path))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data.count(LINE_END, 0, error.start) + 1
        raise DataFileError(
            f"Byte {data[error.start]:#04x} is not UTF-8.", place=f"{path}, row {row}", remedy="Save it as UTF-8."
        ) from error
    if not data.endswith(LINE_END):
        raise DataFileError(
            "The last row has no line end: the file may be truncated.",
            place=f"{path}, row {data.count(LINE_END) + 1}",
            remedy="Fetch it again; if it is complete, end its last row with a newline.",
        )
    return data.removeprefix(BYTE_ORDER_MARK)


def _header(path: Path, data: bytes, wanted: Mapping[str, Kind]) -> list[str]:
    header = cells_of(data.partition(LINE_END)[0])
    missing = [name for name in wanted if name not in header]
    if missing:
        near = closest_match(missing[0], header)
        raise DataFileError(
            f"Column {missing[0]!r} is missing; the header has {', '.join(map(repr, header)) or 'none'}.",
            place=f"{path}, row 1",
            remedy=f"Rename {near!r} to {missing[0]!r}." if near else f"The columns are {', '.join(wanted)}.",
        )
    if len(set(header)) < len(header):
        raise DataFileError(f"A column occurs twice: {', '.join(header)}.", place=f"{path}, row 1")
    return header


def cells_of(line: bytes) -> list[str]:
    """Return the cells of a line; none for an empty line."""
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    return next(csv.reader([text]), [])


def _row_count(data: bytes, width: int) -> int | None:
    """Return how many rows follow the header, or None if one has not as many cells as the header."""
    rows = data.partition(LINE_END)[2]
    if b'"' in rows:
        widths = [len(cells) for cells in _rows(data)]
        return len(widths) - 1 if set(widths) == {width} else None
    text = np.frombuffer(rows, np.uint8)
    marks = text[(text == ord(",")) | (text == ord("\n"))] == ord("\n")
    if len(marks) % width:
        return None
    ends = marks.reshape(-1, width)
    return len(ends) if ends[:, -1].all() and not ends[:, :-1].any() else None


def _rows(data: bytes) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(data.decode("utf-8"), newline=""))


def _fast(data: bytes, wanted: Mapping[str, Kind], rows: int) -> Columns | None:
    """Return the columns, or None if anything is wrong."""
    import pandas as pd

    types = {name: _TYPES[kind] for name, kind in wanted.items()}
    try:
        frame = pd.read_csv(
            io.BytesIO(data),
            usecols=list(wanted),
            dtype=types,
            skip_blank_lines=False,
            keep_default_na=False,
            na_values=list(_NOT_KNOWN),
            **_exact_floats(),
        )
        found = {name: _array(frame[name], kind) for name, kind in wanted.items()}
    except (ValueError, OverflowError):
        return None
    return found if len(frame) == rows and _are_sound(found, wanted) else None


def _exact_floats() -> dict[str, Any]:
    """Return the option that makes pandas read each number as the nearest float; from 3.1 on it always does."""
    import pandas as pd

    major, minor = (int(part) for part in pd.__version__.split(".")[:2])
    return {} if (major, minor) >= (3, 1) else {"float_precision": "round_trip"}


def _array(column: pd.Series[Any], kind: Kind) -> NDArray[Any]:
    return _times(column) if kind is Kind.TIME else column.to_numpy()


def _times(cells: pd.Series[Any]) -> NDArray[np.int64]:
    """Return times as nanoseconds: in UTC with an offset, as written without one."""
    import pandas as pd

    times = pd.to_datetime(cells, utc=True, format="ISO8601")
    if times.isna().any():
        raise ValueError("a cell is empty")
    found: NDArray[np.int64] = pd.DatetimeIndex(times).as_unit("ns").asi8
    return found


def _are_sound(found: Columns, wanted: Mapping[str, Kind]) -> bool:
    """Return whether numbers are finite, or missing where allowed, and contract dates are dates."""
    for name, kind in wanted.items():
        column = found[name]
        if kind is Kind.NUMBER and not np.isfinite(column).all():
            return False
        if kind is Kind.OPTIONAL_NUMBER and np.isinf(column).any():
            return False
        if kind is Kind.MONTH and not all(_is_month(str(one)) for one in np.unique(column)):
            return False
    return True


# -- error messages ----------------------------------------------------------------------


def _first_fault(path: Path, data: bytes, header: Sequence[str], wanted: Mapping[str, Kind]) -> DataFileError:
    """Return the error for the first fault in a file that could not be read."""
    for number, cells in enumerate(_rows(data), 1):
        fact = _fault_in(cells, header, wanted) if number > 1 else ""
        if fact:
            return DataFileError(fact, place=f"{path}, row {number}", remedy="Correct or remove the row.")
    return DataFileError(
        "The rows cannot be read as columns.",
        place=str(path),
        remedy="Write times in ISO 8601, numbers with a decimal point, and cells without quotes.",
    )


def _fault_in(cells: Sequence[str], header: Sequence[str], wanted: Mapping[str, Kind]) -> str:
    if len(cells) != len(header):
        return f"The row has {len(cells)} cells, and the header has {len(header)}."
    for name, cell in zip(header, cells, strict=True):
        if name in wanted and not _CHECKS[wanted[name]](cell):
            return f"{name} is {cell!r}, which is not {wanted[name].value}."
    return ""


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def parsed_time(cell: str) -> int | None:
    """Return a date or time as nanoseconds, in UTC if it has no offset; None if it is neither."""
    if _USUAL_TIME.fullmatch(cell):
        return _usual_time(cell)
    import pandas as pd  # imported here because it is slow to import, and to read a single cell

    try:
        times = pd.to_datetime([cell], utc=True, format="ISO8601").as_unit("ns")
    except (ValueError, OverflowError):
        return None
    return None if times.isna().any() else int(times.asi8[0])


def _usual_time(cell: str) -> int | None:
    try:
        return nanoseconds(datetime.fromisoformat(cell.removesuffix("Z")).replace(tzinfo=timezone.utc))
    except ValueError:
        return None


def _is_time(cell: str) -> bool:
    return parsed_time(cell) is not None


def _is_month(cell: str) -> bool:
    if not (cell.isascii() and cell.isdigit() and len(cell) in (6, 8)):
        return False
    year, month, day = int(cell[:4]), int(cell[4:6]), int(cell[6:] or 0)
    try:
        return bool(date(year, month, day or 1))
    except ValueError:
        return False


_CHECKS: dict[Kind, Callable[[str], bool]] = {
    Kind.TIME: _is_time,
    Kind.NUMBER: _is_number,
    Kind.OPTIONAL_NUMBER: lambda cell: cell in _NOT_KNOWN or _is_number(cell),
    Kind.MONTH: _is_month,
}
