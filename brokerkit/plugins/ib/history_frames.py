"""Parses IB's history messages straight into columns, without an object per bar.

numpy and pandas are imported by the first request for bars, because their import takes too long for opening a broker.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.spec.prices import BAR_COLUMNS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_HEAD = 5
_FIELDS_A_BAR = 8
_DAY_FORM = 8


@attrs.frozen(eq=False)
class BarColumns:
    """The bars of one message.

    Attributes:
        seconds: Each bar's start in epoch seconds, UTC; for a daily bar, midnight of its date.
        prices: Open, high, low, close and volume, one row each.
    """

    seconds: NDArray[np.int64]
    prices: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.seconds)


def prepare() -> None:
    """Import pandas in the caller's thread, because the import would block the client's thread for too long."""
    importlib.import_module("pandas")


def parse_bars(fields: Sequence[str]) -> BarColumns:
    """Return the bars of a history message.

    Args:
        fields: The message's fields: id, request, start, end, count, then eight per bar.

    Example:
        >>> bars = parse_bars(["17", "7", "", "", "1", "20240102", "1", "3", "0.5", "2", "40", "1.5", "9"])
        >>> bars.seconds.tolist(), bars.prices[:, 0].tolist()
        ([1704153600], [1.0, 3.0, 0.5, 2.0, 40.0])
    """
    import numpy as np

    count = int(fields[4])
    end = _HEAD + count * _FIELDS_A_BAR
    if count == 0:
        return BarColumns(np.empty(0, np.int64), np.empty((5, 0)))
    times = fields[_HEAD:end:_FIELDS_A_BAR]
    columns = [
        np.fromiter(map(float, fields[_HEAD + place : end : _FIELDS_A_BAR]), np.float64, count) for place in range(1, 6)
    ]
    return BarColumns(_seconds(times), np.vstack(columns))


def _seconds(times: Sequence[str]) -> NDArray[np.int64]:
    import numpy as np

    if len(times[0]) == _DAY_FORM:
        return np.fromiter((_midnight(day) for day in times), np.int64, len(times))
    return np.fromiter(map(int, times), np.int64, len(times))


def _midnight(day: str) -> int:
    return int(datetime(int(day[:4]), int(day[4:6]), int(day[6:]), tzinfo=timezone.utc).timestamp())


def frame_of(parts: Sequence[BarColumns], start: int | None, end: int | None) -> pd.DataFrame:
    """Return the bars of several answers as one frame: sorted, without duplicates, restricted to a range.

    Args:
        parts: The answers, in any order; overlapping bars are included once.
        start: The earliest time of a bar, in epoch seconds.
        end: The time before which every bar must start.
    """
    import numpy as np
    import pandas as pd

    seconds = np.concatenate([part.seconds for part in parts])
    prices = np.concatenate([part.prices for part in parts], axis=1)
    order = np.unique(seconds, return_index=True)[1]
    seconds, prices = seconds[order], prices[:, order]
    inside = np.ones(len(seconds), dtype=bool)
    if start is not None:
        inside &= seconds >= start
    if end is not None:
        inside &= seconds < end
    index = pd.DatetimeIndex(seconds[inside].astype("datetime64[s]").astype("datetime64[ns]"), tz="UTC", name="time")
    frame: pd.DataFrame = pd.DataFrame(prices[:, inside].T, index=index, columns=list(BAR_COLUMNS))
    return frame


class ColumnReader:
    """Reads selected history messages as columns; all others are handled by the library."""

    def __init__(self, ib: Any) -> None:
        self._wrapper = ib.wrapper
        self._wanted: set[int] = set()
        handlers = ib.client.decoder.handlers
        self._others: Callable[[list[str]], None] = handlers[17]
        handlers[17] = self._handle

    def want(self, request_id: int) -> None:
        """Read the answer to a request as columns."""
        self._wanted.add(request_id)

    def forget(self, request_id: int) -> None:
        """Stop doing so, because the request failed or was abandoned."""
        self._wanted.discard(request_id)

    def _handle(self, fields: list[str]) -> None:
        request_id = int(fields[1])
        if request_id not in self._wanted:
            self._others(fields)
            return
        self._wanted.discard(request_id)
        self._wrapper._endReq(request_id, parse_bars(fields))
