"""Adjacent plain fields, read and written together, with a cache of recent values.

Most of an order's terms are those of the order before, and a part of a message is sent more than once.
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
    """One step of a plan, in both directions; `owner` names the part of the message that contains its fields."""

    owner: str

    def read(self, cursor: Cursor, seen: Seen) -> None:
        """Read the step's fields into `seen`."""

    def write(self, message: Any, out: list[str]) -> None:
        """Write the step's fields of `message` to `out`."""


def split_path(path: str) -> tuple[str, str]:
    """Return an attribute's part of the message, blank for the message itself, and its name."""
    owner, _, name = path.rpartition(".")
    return owner, name


_MAX_CACHED = 512
"""The most texts of objects, and the most decoded values, that a step caches."""

_MAX_CACHED_LENGTH = 4096
"""Longer texts are never cached: clients must not fill the memory."""

_LONG_RUN = 6
"""Runs in a part with at least this many fields cache what they read and wrote: most of an order's terms are those of
the order before. The message's own fields differ each time.
"""


def _cache(cached: dict[K, V], key: K, value: V) -> None:
    if len(cached) >= _MAX_CACHED:
        cached.clear()
    cached[key] = value


class Run:
    """Adjacent plain fields in one part of the message."""

    def __init__(self, owner: str, plains: list[Plain]) -> None:
        self.owner = owner
        self._names = [split_path(plain.path)[1] for plain in plains]
        self._readers = [plain.wire.read for plain in plains]
        self._writers = [plain.wire.write for plain in plains]
        self._get = attrgetter(*(plain.path for plain in plains))
        cached = bool(owner) and len(plains) >= _LONG_RUN
        self._decoded: dict[str, dict[str, Any]] | None = {} if cached else None
        self._encoded: dict[tuple[Any, ...], str] | None = {} if cached else None

    def read(self, cursor: Cursor, seen: Seen) -> None:
        """Read the fields into `seen`."""
        texts = cursor.take(len(self._names))
        if self._decoded is None:
            seen[self.owner].update(self._values(texts))
            return
        key = "\0".join(texts)
        found = self._decoded.get(key)
        if found is None:
            found = dict(self._values(texts))
            if len(key) <= _MAX_CACHED_LENGTH:
                _cache(self._decoded, key, found)
        seen[self.owner].update(found)

    def _values(self, texts: list[str]) -> Iterator[tuple[str, Any]]:
        values = [read(text) for read, text in zip(self._readers, texts, strict=True)]
        return zip(self._names, values, strict=True)

    def write(self, message: Any, out: list[str]) -> None:
        """Write the fields of `message` to `out`."""
        if len(self._writers) == 1:
            out.append(self._writers[0](self._get(message)))
        elif self._encoded is None:
            out += self._texts(self._get(message))
        else:
            values = self._get(message)
            text = self._encoded.get(values)
            if text is None:
                text = "\0".join(self._texts(values))
                if len(text) <= _MAX_CACHED_LENGTH:
                    _cache(self._encoded, values, text)
            out.append(text)

    def _texts(self, values: tuple[Any, ...]) -> list[str]:
        return [write(value) for write, value in zip(self._writers, values, strict=True)]


class Shared:
    """Adjacent steps in one part. Parts are immutable: each is encoded once, and sent many times."""

    def __init__(self, owner: str, steps: tuple[Step, ...]) -> None:
        self.owner = owner
        self._steps = steps
        self._part = attrgetter(owner)
        self._encoded: dict[int, tuple[Any, list[str]]] = {}

    def read(self, cursor: Cursor, seen: Seen) -> None:
        """Read the fields of every step into `seen`."""
        for step in self._steps:
            step.read(cursor, seen)

    def write(self, message: Any, out: list[str]) -> None:
        """Write the part of `message` to `out`, from the cache if it was encoded before."""
        part = self._part(message)
        known = self._encoded.get(id(part))
        if known is None:
            fields: list[str] = []
            for step in self._steps:
                step.write(message, fields)
            known = (part, ["\0".join(fields)] if fields else [])
            if sum(map(len, known[1])) <= _MAX_CACHED_LENGTH:
                _cache(self._encoded, id(part), known)  # holding the part keeps its id from being reused
        out += known[1]
