"""Plain fields side by side: read and written in one go, and what they were last time kept.

Most of an order's terms are as in the order before, and a part of a message is told more than once.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Protocol, TypeVar

from brokerkit.plugins.sim.gateway.codec.cursor import Cursor
from brokerkit.plugins.sim.gateway.codec.resolve import Plain

Seen = dict[str, dict[str, Any]]
K = TypeVar("K")
V = TypeVar("V")


class Step(Protocol):
    """One step of a plan, in both directions; `owner` names the part of the message that all its fields are of."""

    owner: str

    def read(self, cursor: Cursor, seen: Seen) -> None:
        """Read the step's fields into `seen`."""

    def write(self, message: Any, out: list[str]) -> None:
        """Write the step's fields of `message` to `out`."""


def split_path(path: str) -> tuple[str, str]:
    """Return the part of the message that an attribute is of, blank for the message itself, and its name."""
    owner, _, name = path.rpartition(".")
    return owner, name


_KEPT = 512
"""How many objects' texts, and how many readings, a step keeps."""

_LONGEST_KEPT = 4096
"""Texts longer than this are never kept: what a client sends must not fill the memory."""

_LONG_RUN = 6
"""Runs of at least so many fields of a part keep what they read and wrote: most of an order's terms are as in the
order before. What a message has of its own is new each time.
"""


def _keep(kept: dict[K, V], key: K, value: V) -> None:
    if len(kept) >= _KEPT:
        kept.clear()
    kept[key] = value


class Run:
    """Plain fields side by side, all of one part of the message."""

    def __init__(self, owner: str, plains: list[Plain]) -> None:
        self.owner = owner
        self._names = [split_path(plain.path)[1] for plain in plains]
        self._readers = [plain.wire.read for plain in plains]
        self._writers = [plain.wire.write for plain in plains]
        self._get = attrgetter(*(plain.path for plain in plains))
        kept = bool(owner) and len(plains) >= _LONG_RUN
        self._known: dict[str, dict[str, Any]] | None = {} if kept else None
        self._spelt: dict[tuple[Any, ...], str] | None = {} if kept else None

    def read(self, cursor: Cursor, seen: Seen) -> None:
        """Read the fields into `seen`."""
        texts = cursor.take(len(self._names))
        if self._known is None:
            seen[self.owner].update(self._values(texts))
            return
        key = "\0".join(texts)
        found = self._known.get(key)
        if found is None:
            found = dict(self._values(texts))
            if len(key) <= _LONGEST_KEPT:
                _keep(self._known, key, found)
        seen[self.owner].update(found)

    def _values(self, texts: list[str]) -> Iterator[tuple[str, Any]]:
        values = [read(text) for read, text in zip(self._readers, texts, strict=True)]
        return zip(self._names, values, strict=True)

    def write(self, message: Any, out: list[str]) -> None:
        """Write the fields of `message` to `out`."""
        if len(self._writers) == 1:
            out.append(self._writers[0](self._get(message)))
        elif self._spelt is None:
            out += self._texts(self._get(message))
        else:
            values = self._get(message)
            text = self._spelt.get(values)
            if text is None:
                text = "\0".join(self._texts(values))
                if len(text) <= _LONGEST_KEPT:
                    _keep(self._spelt, values, text)
            out.append(text)

    def _texts(self, values: tuple[Any, ...]) -> list[str]:
        return [write(value) for write, value in zip(self._writers, values, strict=True)]


class Shared:
    """Steps side by side that all belong to one part. Parts are immutable: each is spelt once, and told many times."""

    def __init__(self, owner: str, steps: tuple[Step, ...]) -> None:
        self.owner = owner
        self._steps = steps
        self._part = attrgetter(owner)
        self._spelt: dict[int, tuple[Any, list[str]]] = {}

    def read(self, cursor: Cursor, seen: Seen) -> None:
        """Read the fields of every step into `seen`."""
        for step in self._steps:
            step.read(cursor, seen)

    def write(self, message: Any, out: list[str]) -> None:
        """Write the part of `message` to `out`, as it was spelt if it was before."""
        part = self._part(message)
        known = self._spelt.get(id(part))
        if known is None:
            fields: list[str] = []
            for step in self._steps:
                step.write(message, fields)
            known = (part, ["\0".join(fields)] if fields else [])
            if sum(map(len, known[1])) <= _LONGEST_KEPT:
                _keep(self._spelt, id(part), known)  # holding the part keeps its id from being used again
        out += known[1]
