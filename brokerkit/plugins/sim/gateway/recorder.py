"""A record of every frame in both directions, as text that a person can read and a program can replay.

One line a frame: seconds since the record began, connection number, `>` from the client or `<` from the server,
and the fields separated by `|`. A vertical bar, backslash or line end inside a field is escaped with a backslash.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from typing import IO

import attrs

from brokerkit.errors import DataFileError

_ESCAPES = {"\\": "\\\\", "|": "\\|", "\n": "\\n", "\r": "\\r"}
_UNESCAPES = {"\\\\": "\\", "\\|": "|", "\\n": "\n", "\\r": "\r"}
_SPECIAL = re.compile(r"[\\|\n\r]")
_FIELD = re.compile(r"((?:\\.|[^\\|])*)\|")
_ESCAPED = re.compile(r"\\.")
_LINE = re.compile(r"(?P<time>\d+\.\d+) (?P<connection>\d+) (?P<direction>[<>]) (?P<fields>(?:(?:\\.|[^\\|])*\|)*)")


@attrs.frozen
class RecordedFrame:
    """One frame of a record.

    Attributes:
        time: Seconds since the record began.
        connection: The number of the connection, counted from 1.
        from_client: Whether the client sent it.
        fields: Its fields.
    """

    time: float
    connection: int
    from_client: bool
    fields: tuple[str, ...]

    def line(self) -> str:
        """Return the frame as one line of text, without line end."""
        joined = "".join(_SPECIAL.sub(lambda m: _ESCAPES[m.group()], field) + "|" for field in self.fields)
        return f"{self.time:.6f} {self.connection} {'>' if self.from_client else '<'} {joined}"


class Recorder:
    """Writes frames to a text stream as they pass."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._began = time.monotonic()

    def record(self, connection: int, *, from_client: bool, fields: Iterable[str]) -> None:
        """Write one frame."""
        frame = RecordedFrame(time.monotonic() - self._began, connection, from_client, tuple(fields))
        self._stream.write(frame.line() + "\n")

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        self._stream.flush()


def read_record(lines: Iterable[str], name: str = "record") -> Iterator[RecordedFrame]:
    """Yield the frames of a record.

    Args:
        lines: The record's lines; blank ones and those that begin with `#` are skipped.
        name: What to call the record in an error.

    Raises:
        DataFileError: A line is no frame; it names the line.

    Example:
        >>> [frame.fields for frame in read_record(["0.5 1 > 71|2|7||"])]
        [('71', '2', '7', '')]
    """
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise DataFileError(f"{name}, line {number}: {text[:60]!r} is no recorded frame.")
        fields = tuple(
            _ESCAPED.sub(lambda m: _UNESCAPES.get(m.group(), m.group()[1]), field)
            for field in _FIELD.findall(match["fields"])
        )
        yield RecordedFrame(float(match["time"]), int(match["connection"]), match["direction"] == ">", fields)
