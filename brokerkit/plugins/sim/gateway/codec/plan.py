"""A message's items at one server version, compiled into steps that read and write its fields.

Adjacent plain fields are merged into one run, so that a message of 130 fields takes a few steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

import attrs

from brokerkit.plugins.sim.gateway.codec.cursor import Cursor, PreparedRows
from brokerkit.plugins.sim.gateway.codec.errors import MessageError
from brokerkit.plugins.sim.gateway.codec.layout import Filler, When
from brokerkit.plugins.sim.gateway.codec.resolve import (
    Branch,
    Choice,
    Gated,
    Optional,
    Plain,
    Resolved,
    Rows,
    class_at,
)
from brokerkit.plugins.sim.gateway.codec.runs import Run, Seen, Shared, Step, split_path

Factory = Callable[[dict[str, Any]], Any]


class _Constant:
    """A field written as a constant text; any text is accepted."""

    def __init__(self, filler: Filler) -> None:
        self.owner = ""
        self._text = filler.text

    def read(self, cursor: Cursor, seen: Seen) -> None:
        cursor.take(1)

    def write(self, message: Any, out: list[str]) -> None:
        out.append(self._text)


class _Counted:
    """A length, then that many elements."""

    def __init__(self, rows: Rows, version: int) -> None:
        self.owner, self._name = split_path(rows.path)
        self._get = attrgetter(rows.path)
        self._wire = rows.wire
        self._plan = Plan.of(rows.factory, rows.items, version) if rows.factory else None

    def read(self, cursor: Cursor, seen: Seen) -> None:
        count = cursor.count()
        values: list[Any] = []
        if self._wire:
            values = [self._wire.read(text) for text in cursor.take(count)]
        elif self._plan:
            values = [self._plan.read(cursor) for _ in range(count)]
        seen[self.owner][self._name] = tuple(values)

    def write(self, message: Any, out: list[str]) -> None:
        rows = self._get(message)
        if isinstance(rows, PreparedRows):
            out += [str(rows.count), rows.text] if rows.count else ["0"]
            return
        out.append(str(len(rows)))
        if self._wire:
            out += [self._wire.write(row) for row in rows]
        elif self._plan:
            for row in rows:
                self._plan.write(row, out)


class _Variants:
    """A length, then for each element its tag and the fields of its kind."""

    def __init__(self, choice: Choice, version: int) -> None:
        self.owner, self._name = split_path(choice.path)
        self._get = attrgetter(choice.path)
        self._plans = {tag: Plan.of(kind, items, version) for tag, (kind, items) in choice.variants.items()}
        self._tags = {kind: tag for tag, (kind, _) in choice.variants.items()}

    def read(self, cursor: Cursor, seen: Seen) -> None:
        seen[self.owner][self._name] = tuple(self._read_one(cursor) for _ in range(cursor.count()))

    def _read_one(self, cursor: Cursor) -> Any:
        (tag,) = cursor.take(1)
        plan = self._plans.get(int(tag)) if tag.isascii() and tag.isdigit() and len(tag) < 4 else None
        if plan is None:
            raise MessageError(f"{tag[:60]!r} is not a kind of {self._name}; the kinds are {sorted(self._plans)}")
        return plan.read(cursor)

    def write(self, message: Any, out: list[str]) -> None:
        rows = self._get(message)
        out.append(str(len(rows)))
        for row in rows:
            tag = self._tags[type(row)]
            out.append(str(tag))
            self._plans[tag].write(row, out)


class _Flagged:
    """0, or 1 and the fields of a part."""

    def __init__(self, optional: Optional, version: int) -> None:
        self.owner, self._name = split_path(optional.path)
        self._get = attrgetter(optional.path)
        self._plan = Plan.of(optional.factory, optional.items, version)

    def read(self, cursor: Cursor, seen: Seen) -> None:
        (flag,) = cursor.take(1)
        if flag not in ("", "0", "1"):
            raise MessageError(f"{flag[:60]!r} is not a flag for {self._name}")
        seen[self.owner][self._name] = self._plan.read(cursor) if flag == "1" else None

    def write(self, message: Any, out: list[str]) -> None:
        part = self._get(message)
        out.append("0" if part is None else "1")
        if part is not None:
            self._plan.write(part, out)


class _Conditional:
    """Steps taken only if an attribute, already read, has a given value."""

    def __init__(self, branch: Branch, version: int) -> None:
        self._when: When = branch.when
        self._condition_owner, self._name = split_path(branch.when.path)
        self._get = attrgetter(branch.when.path)
        self._steps = tuple(_steps(branch.items, version))
        owners = {self._condition_owner, *(step.owner for step in self._steps)}
        self.owner = owners.pop() if len(owners) == 1 else ""

    def read(self, cursor: Cursor, seen: Seen) -> None:
        if self._when.holds(seen[self._condition_owner].get(self._name)):
            for step in self._steps:
                step.read(cursor, seen)

    def write(self, message: Any, out: list[str]) -> None:
        if self._when.holds(self._get(message)):
            for step in self._steps:
                step.write(message, out)


def _admitted(items: Iterable[Resolved], version: int) -> Iterator[Resolved]:
    for item in items:
        if not isinstance(item, Gated):
            yield item
        elif item.gate.admits(version):
            yield from _admitted(item.items, version)


def _steps(items: Iterable[Resolved], version: int) -> Iterator[Step]:
    def kind(item: Resolved) -> tuple[bool, str]:
        return (True, split_path(item.path)[0]) if isinstance(item, Plain) else (False, "")

    for (plain, owner), group in groupby(_admitted(items, version), kind):
        if plain:
            yield Run(owner, [item for item in group if isinstance(item, Plain)])
        else:
            yield from (_step(item, version) for item in group)


def _step(item: Resolved, version: int) -> Step:
    if isinstance(item, Filler):
        return _Constant(item)
    if isinstance(item, Rows):
        return _Counted(item, version)
    if isinstance(item, Choice):
        return _Variants(item, version)
    if isinstance(item, Optional):
        return _Flagged(item, version)
    if isinstance(item, Branch):
        return _Conditional(item, version)
    raise TypeError(f"{item!r} is not a step")


def _owners(items: Iterable[Resolved]) -> Iterator[str]:
    for item in items:
        if isinstance(item, (Gated, Branch)):
            yield from _owners(item.items)
        elif not isinstance(item, Filler):
            yield split_path(item.path)[0]


def _shared(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield the steps, with adjacent ones of the same part combined."""
    for owner, group in groupby(steps, lambda step: step.owner):
        if owner:
            yield Shared(owner, tuple(group))
        else:
            yield from group


def _factory(kind: type) -> Factory:
    """Return a function that makes an object from its attributes.

    A class without slots gets its `__dict__` directly: passing 150 attributes to `__init__` takes ten times as long.
    """
    if "__slots__" in vars(kind):
        return lambda values: kind(**values)
    defaults = {field.name: field.default for field in attrs.fields(kind)}

    def made(values: dict[str, Any]) -> Any:
        found: Any = object.__new__(kind)
        object.__setattr__(found, "__dict__", defaults | values)
        return found

    return made


@attrs.frozen
class Plan:
    """The steps of one class at one server version."""

    factory: Factory
    steps: tuple[Step, ...]
    parts: Mapping[str, Factory]

    @classmethod
    def of(cls, kind: type, items: tuple[Resolved, ...], version: int) -> Plan:
        """Return the plan of a class, given its resolved items."""
        parts = {owner: _factory(class_at(kind, owner)) for owner in set(_owners(items)) if owner}
        return cls(_factory(kind), tuple(_shared(_steps(items, version))), parts)

    def read(self, cursor: Cursor) -> Any:
        """Read the class's fields and return an object; raise `MessageError` if they are invalid."""
        seen: Seen = {"": {}}
        for owner in self.parts:
            seen[owner] = {}
        for step in self.steps:
            step.read(cursor, seen)
        values = seen[""]
        for owner, part in self.parts.items():
            values[owner] = part(seen[owner])
        return self.factory(values)

    def write(self, message: Any, out: list[str]) -> None:
        """Write the fields of an object to `out`."""
        for step in self.steps:
            step.write(message, out)
