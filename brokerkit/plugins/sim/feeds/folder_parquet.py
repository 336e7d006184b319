"""Columns of bars from a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from brokerkit.errors import DataFileError, MissingDependency
from brokerkit.plugins.sim.feeds.csv_columns import Columns

if TYPE_CHECKING:
    import pyarrow as pa


def place_of(path: Path, index: int) -> str:
    """Return the place of the row with an index; a Parquet file has no header, so its first row is row 1."""
    return f"{path}, row {index + 1}"


def read_parquet(path: Path, numbers: tuple[str, ...], optional: tuple[str, ...]) -> Columns:
    """Return the column `time` as int64 nanoseconds UTC, and columns of numbers as float64.

    Args:
        path: The file.
        numbers: Columns of finite numbers.
        optional: Columns of numbers in which missing values are NaN.

    Raises:
        MissingDependency: pyarrow is not installed.
        DataFileError: The file is damaged, lacks a column, or has a column of another type.
    """
    table = _table(path, ("time", *numbers, *optional))
    if not table.num_rows:
        raise DataFileError("The file has no rows.", place=str(path))
    found: Columns = {"time": _times(path, table.column("time"))}
    for name in (*numbers, *optional):
        found[name] = _numbers(path, name, table.column(name), has_gaps=name in optional)
    return found


def parquet_edges(path: Path) -> tuple[int, int]:
    """Return the first and the last time in a file, nanoseconds UTC; only its column of times is read.

    Raises:
        MissingDependency: pyarrow is not installed.
        DataFileError: The file is damaged, or has no rows or no column `time`.
    """
    times = _times(path, _table(path, ("time",)).column("time"))
    if not len(times):
        raise DataFileError("The file has no rows.", place=str(path))
    return int(times[0]), int(times[-1])


def _table(path: Path, names: tuple[str, ...]) -> pa.Table:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingDependency(
            "Parquet needs pyarrow, which is not installed.",
            place=str(path),
            remedy="pip install 'brokerkit[parquet]', or use CSV files.",
        ) from error
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in names if name not in file.schema_arrow.names]
            if missing:
                columns = ", ".join(map(repr, file.schema_arrow.names))
                raise DataFileError(f"Column {missing[0]!r} is missing; the file has {columns}.", place=str(path))
            return file.read(columns=list(names), use_pandas_metadata=False)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise DataFileError(
            f"Not a complete Parquet file: {reason}.", place=str(path), remedy="Fetch it again."
        ) from error


def _times(path: Path, column: Any) -> Any:
    import pyarrow as pa

    if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
        raise DataFileError(f"time is of type {column.type}, not a timestamp.", place=str(path))
    if column.null_count:
        raise DataFileError("time is empty.", place=place_of(path, int(np.argmax(column.is_null().to_numpy()))))
    try:
        return column.cast(pa.timestamp("ns")).cast(pa.int64()).to_numpy()
    except pa.ArrowInvalid as error:
        raise DataFileError(f"A time is out of range: {error}.", place=str(path)) from error


def _numbers(path: Path, name: str, column: Any, *, has_gaps: bool) -> Any:
    import pyarrow as pa

    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        raise DataFileError(f"{name} is of type {column.type}, not a number.", place=str(path))
    values = column.cast(pa.float64(), safe=False).to_numpy()
    wrong = np.isinf(values) if has_gaps else ~np.isfinite(values)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataFileError(f"{name} is {values[at]}, which is not a number.", place=place_of(path, at))
    return values
