"""IB's history messages as columns, parsed from the frame's fields without an object a bar.

numpy and pandas are imported by whoever asks for bars first: opening a broker must not cost the second they take.
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
        seconds: Each bar's start in seconds since 1970, UTC; a daily bar's date at midnight.
        prices: Open, high, low, close and volume, a row each.
    """

    seconds: NDArray[np.int64]
    prices: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.seconds)


def prepare() -> None:
    """Import what frames are made of, in the caller's thread: the client's must not be held up for so long."""
    importlib.import_module("pandas")


def parse_bars(fields: Sequence[str]) -> BarColumns:
    """Return the bars of a history message.

    Args:
        fields: The message's fields: id, request, start, end, count, then eight a bar.

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
    """Return the bars of several answers as one frame: in order, each time once, inside a range.

    Args:
        parts: Answers, in any order; where they overlap, the same bar counts once.
        start: The first bar's time at the earliest, in seconds.
        end: Every bar's time is before this.
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
    """Takes history messages that were asked for as columns; all others go the library's own way."""

    def __init__(self, ib: Any) -> None:
        self._wrapper = ib.wrapper
        self._wanted: set[int] = set()
        handlers = ib.client.decoder.handlers
        self._others: Callable[[list[str]], None] = handlers[17]
        handlers[17] = self._handle

    def want(self, request_id: int) -> None:
        """Take the answer to a request as columns."""
        self._wanted.add(request_id)

    def forget(self, request_id: int) -> None:
        """Take it no more: it failed, or nobody waits."""
        self._wanted.discard(request_id)

    def _handle(self, fields: list[str]) -> None:
        request_id = int(fields[1])
        if request_id not in self._wanted:
            self._others(fields)
            return
        self._wanted.discard(request_id)
        self._wrapper._endReq(request_id, parse_bars(fields))
