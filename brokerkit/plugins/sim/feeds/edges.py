"""The times of the first and the last row of a CSV file, without reading what is between."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path

from brokerkit.errors import DataFileError
from brokerkit.plugins.sim.feeds.bars import to_nanoseconds

_TAIL = 4096


def edge_times(path: Path) -> tuple[int, int]:
    """Return the times in the first column of the first and the last row of data.

    Without an offset a time is taken as UTC. The file is not checked; reading it does that.

    Returns:
        Nanoseconds since 1970 UTC.

    Raises:
        DataFileError: It cannot be read, has no rows, or begins or ends with a row without a time.
    """
    try:
        with path.open("rb") as file:
            file.readline()
            first = file.readline()
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL, 0))
            last = file.read().rstrip().rpartition(b"\n")[2]
    except OSError as error:
        raise DataFileError(f"Cannot be read: {error.strerror}.", place=str(path)) from error
    return _time_of(first, path, "first"), _time_of(last, path, "last")


def _time_of(line: bytes, path: Path, which: str) -> int:
    cell = line.partition(b",")[0].strip().strip(b'"').decode("utf-8", "replace")
    try:
        found = datetime.fromisoformat(cell.replace("Z", "+00:00"))
    except ValueError as error:
        raise DataFileError(
            f"The {which} row begins with {cell!r}, which is not a date or time.",
            place=str(path),
            remedy="The first column of the file holds its times.",
        ) from error
    return to_nanoseconds(found if found.tzinfo else found.replace(tzinfo=timezone.utc))
