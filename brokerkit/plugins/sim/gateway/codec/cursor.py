"""A read position in a message's fields, and pre-encoded rows."""

from __future__ import annotations

import attrs

from brokerkit.plugins.sim.gateway.codec.errors import MessageError

_MAX_DIGITS = 9


class Cursor:
    """A position in a list of fields that advances as they are read."""

    __slots__ = ("_at", "_fields")

    def __init__(self, fields: list[str], at: int = 0) -> None:
        self._fields = fields
        self._at = at

    def take(self, count: int) -> list[str]:
        """Return the next `count` fields; raise `MessageError` if there are fewer."""
        end = self._at + count
        if end > len(self._fields):
            raise MessageError(f"the message ends after {len(self._fields)} fields where {end} are needed")
        taken = self._fields[self._at : end]
        self._at = end
        return taken

    def count(self) -> int:
        """Return the next field as the number of elements that follow; raise `MessageError` if there cannot be so many.

        An element has at least one field, so a false number is found before anything is allocated for it.
        """
        (text,) = self.take(1)
        left = len(self._fields) - self._at
        if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and int(text) <= left):
            raise MessageError(f"{text[:60]!r} is not a length: {left} fields follow")
        return int(text)

    def finish(self) -> None:
        """Raise `MessageError` unless every field was read."""
        left = len(self._fields) - self._at
        if left:
            raise MessageError(f"{left} fields too many, from {self._fields[self._at][:60]!r} on")


@attrs.frozen
class PreparedRows:
    """Pre-encoded rows: their number, and their fields joined with NUL. Written unchanged."""

    count: int
    text: str
