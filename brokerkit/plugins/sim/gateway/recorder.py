"""A record of every frame in both directions, as text that people can read and programs can replay.

One line per frame: seconds since the record began, connection number, `>` from the client or `<` from the server,
and the fields, each terminated by `|`. A vertical bar, backslash or newline in a field is escaped with a backslash.
A frame whose last field is unterminated lacks the last `|`. Lines that start with `#` are comments.
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
_ESCAPED = re.compile(r"\\.")
_TEXT = r"(?:\\.|[^\\|])*"
_FIELD = re.compile(rf"({_TEXT})\|")
_LINE = re.compile(
    rf"(?P<time>\d+\.\d+) (?P<connection>\d+) (?P<direction>[<>]) (?P<fields>(?:{_TEXT}\|)*)(?P<rest>{_TEXT})"
)


@attrs.frozen
class RecordedFrame:
    """One frame of a record.

    Attributes:
        time: Seconds since the record began.
        connection: The connection's number, counted from 1.
        from_client: Whether the client sent it.
        fields: Its fields.
        ended: Whether the last field is terminated by NUL, as the protocol requires.
    """

    time: float
    connection: int
    from_client: bool
    fields: tuple[str, ...]
    ended: bool = True

    @classmethod
    def of(cls, time: float, connection: int, payload: bytes, *, from_client: bool) -> RecordedFrame:
        """Return the record of a frame's payload."""
        text = payload.decode("utf-8", "backslashreplace")
        ended = text.endswith("\0")
        return cls(time, connection, from_client, tuple(text.removesuffix("\0").split("\0")), ended)

    @property
    def payload(self) -> bytes:
        """The frame's payload, as it was sent."""
        return ("\0".join(self.fields) + ("\0" if self.ended else "")).encode()

    def line(self) -> str:
        """Return the frame as one line of text, without a newline."""
        joined = "".join(_SPECIAL.sub(lambda m: _ESCAPES[m.group()], field) + "|" for field in self.fields)
        written = joined if self.ended else joined[:-1]
        return f"{self.time:.6f} {self.connection} {'>' if self.from_client else '<'} {written}"


class Recorder:
    """Writes frames to a text stream as they pass."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._began = time.monotonic()

    def record(self, connection: int, payload: bytes, *, from_client: bool) -> None:
        """Write one frame."""
        frame = RecordedFrame.of(time.monotonic() - self._began, connection, payload, from_client=from_client)
        self._stream.write(frame.line() + "\n")

    def remark(self, connection: int, text: str) -> None:
        """Write a comment about a connection."""
        self._stream.write(f"# {time.monotonic() - self._began:.6f} {connection} {text}\n")

    def flush(self) -> None:
        """Flush the stream."""
        self._stream.flush()


def read_record(lines: Iterable[str], name: str = "record") -> Iterator[RecordedFrame]:
    """Yield the frames of a record.

    Args:
        lines: The record's lines; blank lines and comments are skipped.
        name: The record's name in error messages.

    Raises:
        DataFileError: A line is not a recorded frame; the error gives its number.

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
            raise DataFileError(f"{name}, line {number}: {text[:60]!r} is not a recorded frame.")
        written = [*_FIELD.findall(match["fields"]), *([match["rest"]] if match["rest"] else [])]
        fields = tuple(_ESCAPED.sub(lambda m: _UNESCAPES.get(m.group(), m.group()[1]), field) for field in written)
        from_client = match["direction"] == ">"
        yield RecordedFrame(float(match["time"]), int(match["connection"]), from_client, fields, not match["rest"])
