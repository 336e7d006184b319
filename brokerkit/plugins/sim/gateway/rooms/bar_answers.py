"""Historical bars as sent: encoded from columns, and cached as text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from zoneinfo import ZoneInfo

import attrs
import numpy as np

from brokerkit.plugins.sim.exchange.units import SECOND, time_of
from brokerkit.plugins.sim.gateway.codec import PreparedRows
from brokerkit.plugins.sim.gateway.codec.responses.history import Bar
from brokerkit.plugins.sim.gateway.codec.wire import NUMBER, SIZE
from brokerkit.plugins.sim.gateway.market.bars import DAY_SECONDS, Bars, Floats, Ints
from brokerkit.plugins.sim.gateway.times import ZONED_TIMES_SINCE

EPOCH_FORMAT = 2
CACHED_CHARACTERS = 64 << 20
CACHED_QUESTIONS = 256

TRADES, MIDPOINT, BID, ASK, BID_ASK = "TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK"
KINDS = (TRADES, MIDPOINT, BID, ASK, BID_ASK)
"""The supported values of whatToShow."""


def shown_as(bars: Bars, kind: str, half_spread: float) -> Bars:
    """Return bars as shown for a kind of data: quotes are half a spread away, and have no volume."""
    shift = {BID: -half_spread, ASK: half_spread}.get(kind, 0.0)
    if kind == TRADES:
        return bars
    no_volume = np.full(len(bars), -1.0)
    moved = [np.round(column + shift, 10) for column in (bars.open, bars.high, bars.low, bars.close)]
    if kind == BID_ASK:
        moved = [
            np.round(column, 10)
            for column in (
                bars.open - half_spread,
                bars.high + half_spread,
                bars.low - half_spread,
                bars.close + half_spread,
            )
        ]
    first, highest, lowest, last = moved
    return Bars(bars.start, bars.end, first, highest, lowest, last, no_volume)


def dates(starts: Ints, seconds: int, format_date: int, zone: str, zone_name: str, version: int) -> list[str]:
    """Return the bars' dates in the format requested.

    Args:
        starts: Nanoseconds UTC; for a daily bar, midnight UTC of its date.
        seconds: The length of a bar; bars of a day and longer get dates.
        format_date: 1 for local times, 2 for seconds since 1970.
        zone: IANA name of the zone of local times.
        zone_name: The name to print for it.
        version: The session's server version.
    """
    if seconds >= DAY_SECONDS:
        days = starts.astype("datetime64[ns]").astype("datetime64[D]")
        return [text.replace("-", "") for text in np.datetime_as_string(days).tolist()]
    if format_date == EPOCH_FORMAT:
        return [str(second) for second in (starts // SECOND).tolist()]
    local = _local(starts, zone)
    texts = np.datetime_as_string(local.astype("datetime64[ns]").astype("datetime64[s]")).tolist()
    if version >= ZONED_TIMES_SINCE:
        return [f"{t[:4]}{t[5:7]}{t[8:10]} {t[11:]} {zone_name}" for t in texts]
    return [f"{t[:4]}{t[5:7]}{t[8:10]}  {t[11:]}" for t in texts]


def _local(moments: Ints, zone: str) -> Ints:
    if zone == "UTC" or not len(moments):
        return moments
    hour = 3600 * SECOND
    hours, place = np.unique(moments // hour, return_inverse=True)
    tz = ZoneInfo(zone)
    offsets = []
    for each in hours.tolist():
        found = time_of(each * hour).astimezone(tz).utcoffset()
        offsets.append(0 if found is None else int(found.total_seconds()) * SECOND)
    return np.asarray(moments + np.asarray(offsets, dtype=np.int64)[place], dtype=np.int64)


def _numbers(column: Floats, cells: dict[float, str]) -> list[str]:
    """Format a column of prices, each distinct price once."""
    write = NUMBER.write
    found = []
    for value in column.tolist():
        text = cells.get(value)
        if text is None:
            text = cells[value] = write(value)
        found.append(text)
    return found


def _sizes(column: Floats) -> list[str]:
    if bool((column == np.floor(column)).all()):
        return [str(value) for value in column.astype(np.int64).tolist()]
    return [SIZE.write(value) for value in column.tolist()]


def prepared(bars: Bars, date_texts: list[str]) -> PreparedRows:
    """Return bars encoded as rows of a historicalData message, in the field order of `Bar`."""
    if not len(bars):
        return PreparedRows(0, "")
    average = np.where(bars.volume < 0, -1.0, np.round((bars.high + bars.low + bars.close) / 3, 6))
    counts = np.where(bars.volume < 0, -1.0, np.ceil(bars.volume))
    cells: dict[float, str] = {}
    columns: dict[str, Iterable[str]] = {
        "date": date_texts,
        "open": _numbers(bars.open, cells),
        "high": _numbers(bars.high, cells),
        "low": _numbers(bars.low, cells),
        "close": _numbers(bars.close, cells),
        "volume": _sizes(bars.volume),
        "average": _numbers(average, {}),
        "count": _sizes(counts),
    }
    ordered = [columns[field.name] for field in attrs.fields(Bar)]
    return PreparedRows(len(bars), "\0".join(map("\0".join, zip(*ordered, strict=True))))


_NO_ROWS = PreparedRows(0, "")


def _joined(first: PreparedRows, last: PreparedRows) -> PreparedRows:
    """Return two blocks of rows as one."""
    texts = [rows.text for rows in (first, last) if rows.count]
    return PreparedRows(first.count + last.count, "\0".join(texts))


class AnswerCache:
    """Encoded rows of recent answers, by their bars, and which of them answered recent requests.

    While the clock runs, the same request never comes twice, since its end is always later. But the ended bars are
    mostly the same, and so are their rows. The last bar may be unfinished, and is encoded each time.

    Args:
        characters: The total length of all rows; beyond it the oldest are dropped.
        questions: The number of requests remembered, and of blocks of rows at most four times as many: short ones cost
            more than their text.
    """

    def __init__(self, characters: int = CACHED_CHARACTERS, questions: int = CACHED_QUESTIONS) -> None:
        self._max_characters, self._max_questions = characters, questions
        self._answers: OrderedDict[Hashable, tuple[Hashable, PreparedRows]] = OrderedDict()
        self._rows: OrderedDict[Hashable, PreparedRows] = OrderedDict()
        self.characters = 0

    def get(self, question: Hashable) -> PreparedRows | None:
        """Return the rows that answered a request, or None."""
        key, last = self._answers.get(question, (None, _NO_ROWS))
        rows = self._rows.get(key)
        return None if rows is None else _joined(rows, last)

    def rows(
        self, question: Hashable, key: Hashable, encode: Callable[[], PreparedRows], last: PreparedRows = _NO_ROWS
    ) -> PreparedRows:
        """Return the rows of some bars, encoding them if they are not cached, and remember the request.

        Args:
            question: The request.
            key: Identifies the bars except the last one, and how they are shown.
            encode: Encodes all rows except the last one.
            last: The row of the last bar.
        """
        self._answers[question] = key, last
        if len(self._answers) > self._max_questions:
            self._answers.popitem(last=False)
        found = self._rows.get(key)
        if found is None:
            found = self._rows[key] = encode()
            self.characters += len(found.text)
            self._make_room()
        self._rows.move_to_end(key)
        return _joined(found, last)

    def _make_room(self) -> None:
        while len(self._rows) > 1 and (
            self.characters > self._max_characters or len(self._rows) > 4 * self._max_questions
        ):
            self.characters -= len(self._rows.popitem(last=False)[1].text)


def bars_key(bars: Bars) -> Hashable:
    """Return a key for bars of one series, whose past does not change: length, first and last bar."""
    if not len(bars):
        return ()
    last = (float(column[-1]) for column in (bars.open, bars.high, bars.low, bars.close, bars.volume))
    return len(bars), int(bars.start[0]), float(bars.open[0]), int(bars.start[-1]), int(bars.end[-1]), *last
