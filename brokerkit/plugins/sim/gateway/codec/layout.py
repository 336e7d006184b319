"""The words in which a message's layout is stated: fields in order, gates, conditions, repetition.

A layout is a tuple of items. A `str` names an attribute, dotted when it sits in a part of the message
(`"order.tif"`); the others are below. Types are never repeated here: they are the attribute's annotation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Union

import attrs

NEVER = 10**6


@attrs.frozen
class Gate:
    """Items that travel only from server version `since` up to, not including, `before`."""

    items: tuple[Item, ...]
    since: int = 0
    before: int = NEVER

    def admits(self, version: int) -> bool:
        """Tell whether the items travel at this server version."""
        return self.since <= version < self.before


@attrs.frozen
class When:
    """Items that travel only if the attribute at `path` has the value asked for.

    With no `equals` the attribute must be true (not empty, not zero, not unset); `positive` asks for
    a number above zero.
    """

    path: str
    items: tuple[Item, ...]
    equals: str | float | None = None
    positive: bool = False

    def holds(self, value: object) -> bool:
        """Tell whether the items travel, given the attribute's value."""
        if self.positive:
            return isinstance(value, (int, float)) and value > 0
        if self.equals is not None:
            return value == self.equals
        return bool(value)

    def __str__(self) -> str:
        if self.positive:
            return f"if {self.path} > 0"
        return f"if {self.path}" if self.equals is None else f"if {self.path} = {self.equals}"


@attrs.frozen
class Filler:
    """A field that always carries the same text and means nothing to us."""

    name: str
    text: str = ""


@attrs.frozen
class Part:
    """A repeated or optional part as another message spells it: the same class, other fields."""

    path: str
    names: tuple[str, ...]


Item = Union[str, Gate, When, Filler, Part]  # noqa: UP007 because the alias names itself before it exists


# Markers for annotations ---------------------------------------------------------------------------------------


@attrs.frozen
class Counted:
    """A tuple that travels as its length, then its elements; `only` narrows the fields of each."""

    only: tuple[str, ...] = ()


@attrs.frozen
class Flagged:
    """A part that travels as 0, or as 1 and its fields."""


@attrs.frozen
class Tagged:
    """A tuple of different classes: its length, then for each its tag and fields."""

    variants: tuple[tuple[int, type], ...]


@attrs.frozen
class Without:
    """A part that travels without these of its fields."""

    names: tuple[str, ...]


@attrs.frozen
class Versions:
    """A field that travels only at some server versions."""

    since: int = 0
    before: int = NEVER


# Shorthands ----------------------------------------------------------------------------------------------------


def since(version: int, *items: Item) -> Gate:
    """Return a gate that opens at a server version."""
    return Gate(items, since=version)


def before(version: int, *items: Item) -> Gate:
    """Return a gate that closes at a server version."""
    return Gate(items, before=version)


def of(owner: str, names: str | Iterable[str]) -> tuple[str, ...]:
    """Return dotted paths for names (one text, separated by blanks, or several) of one part."""
    words = names.split() if isinstance(names, str) else names
    return tuple(f"{owner}.{name}" for name in words)
