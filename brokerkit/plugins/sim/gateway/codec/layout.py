"""The elements of a message's layout: fields in order, version gates, conditions, repetition.

A layout is a tuple of items. A `str` names an attribute, dotted if it is in a part of the message
(`"order.tif"`); the other items are below. Types are not repeated here: they are the attribute's annotation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Union

import attrs

NEVER = 10**6


@attrs.frozen
class Gate:
    """Items present only from server version `since` up to, not including, `before`."""

    items: tuple[Item, ...]
    since: int = 0
    before: int = NEVER

    def admits(self, version: int) -> bool:
        """Return whether the items are present at this server version."""
        return self.since <= version < self.before


@attrs.frozen
class When:
    """Items present only if the attribute at `path` has a given value.

    Without `equals` the attribute must be true (not empty, zero or unset); `positive` requires a number
    above zero.
    """

    path: str
    items: tuple[Item, ...]
    equals: str | float | None = None
    positive: bool = False

    def holds(self, value: object) -> bool:
        """Return whether the items are present, given the attribute's value."""
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
    """A field with a constant text, which is ignored."""

    name: str
    text: str = ""


@attrs.frozen
class Part:
    """A repeated or optional part with fewer fields than its class has."""

    path: str
    names: tuple[str, ...]


Item = Union[str, Gate, When, Filler, Part]  # noqa: UP007 because the alias refers to itself


# Markers for annotations ---------------------------------------------------------------------------------------


@attrs.frozen
class Counted:
    """A tuple sent as its length, then its elements; `only` limits the fields of each."""

    only: tuple[str, ...] = ()


@attrs.frozen
class Flagged:
    """A part sent as 0, or as 1 and its fields."""


@attrs.frozen
class Tagged:
    """A tuple of different classes: its length, then the tag and fields of each."""

    variants: tuple[tuple[int, type], ...]


@attrs.frozen
class Without:
    """A part sent without these fields."""

    names: tuple[str, ...]


@attrs.frozen
class Versions:
    """A field present only at some server versions."""

    since: int = 0
    before: int = NEVER


# Shorthands ----------------------------------------------------------------------------------------------------


def since(version: int, *items: Item) -> Gate:
    """Return a gate for items from a server version on."""
    return Gate(items, since=version)


def before(version: int, *items: Item) -> Gate:
    """Return a gate for items below a server version."""
    return Gate(items, before=version)


def of(owner: str, names: str | Iterable[str]) -> tuple[str, ...]:
    """Return dotted paths for names in one part, given as one space-separated text or several."""
    words = names.split() if isinstance(names, str) else names
    return tuple(f"{owner}.{name}" for name in words)
