"""Resolves a message class and its layout into items: every path with its wire type."""

from __future__ import annotations

import typing
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import attrs

from brokerkit.plugins.sim.gateway.codec.layout import (
    Counted,
    Filler,
    Flagged,
    Gate,
    Item,
    Part,
    Tagged,
    Versions,
    When,
    Without,
)
from brokerkit.plugins.sim.gateway.codec.wire import WireType


@attrs.frozen
class Plain:
    """One field: the path of its value, and its wire type."""

    path: str
    wire: WireType[Any]


@attrs.frozen
class Rows:
    """A counted tuple: each element one field (`wire`), or an object of `factory` with `items`."""

    path: str
    wire: WireType[Any] | None = None
    factory: type | None = None
    items: tuple[Resolved, ...] = ()


@attrs.frozen
class Choice:
    """A counted tuple of tagged variants: tag → class and its items."""

    path: str
    variants: dict[int, tuple[type, tuple[Resolved, ...]]]


@attrs.frozen
class Optional:
    """A flag, then, if it is set, an object of `factory` with `items`."""

    path: str
    factory: type
    items: tuple[Resolved, ...]


@attrs.frozen
class Branch:
    """Items present only if the condition holds."""

    when: When
    items: tuple[Resolved, ...]


@attrs.frozen
class Gated:
    """Items present only at some server versions."""

    gate: Gate
    items: tuple[Resolved, ...]


Resolved = Union[Plain, Filler, Rows, Choice, Optional, Branch, Gated]  # noqa: UP007 because it refers to itself


@cache
def hints(cls: type) -> dict[str, Any]:
    """Return a class's annotations with their markers, evaluated, in order of definition."""
    found = get_type_hints(cls, include_extras=True)
    return {name: found[name] for name in cls.__annotations__ if get_origin(found[name]) is not typing.ClassVar}


def resolve(cls: type, layout: tuple[Item, ...] = ()) -> tuple[Resolved, ...]:
    """Return a class's items in wire order: its layout, or else its annotations in order."""
    items = layout or tuple(hints(cls))
    return tuple(found for item in items for found in _resolve_item(cls, item))


def _resolve_item(cls: type, item: Item) -> tuple[Resolved, ...]:
    if isinstance(item, str):
        return _resolve_path(cls, item)
    if isinstance(item, Filler):
        return (item,)
    if isinstance(item, Gate):
        return (Gated(item, resolve(cls, item.items)),)
    if isinstance(item, When):
        return (Branch(item, resolve(cls, item.items)),)
    return _narrowed(cls, item)


def class_at(cls: type, name: str) -> type:
    """Return the class of a message's part called `name`."""
    return _class_of(hints(cls)[name])


def _annotation(cls: type, path: str) -> Any:
    owner, _, name = path.rpartition(".")
    return hints(class_at(cls, owner) if owner else cls)[name]


def _class_of(annotation: Any) -> type:
    """Return the attrs class in an annotation such as `X`, `X | None`, `tuple[X, ...]`, or `Annotated` of one."""
    if get_origin(annotation) is Annotated:
        return _class_of(get_args(annotation)[0])
    arguments = [a for a in get_args(annotation) if a not in (type(None), Ellipsis)]
    found = _class_of(arguments[0]) if arguments else annotation
    return typing.cast(type, found)


def _markers(annotation: Any) -> tuple[Any, ...]:
    return tuple(annotation.__metadata__) if get_origin(annotation) is Annotated else ()


def _resolve_path(cls: type, path: str) -> tuple[Resolved, ...]:
    annotation = _annotation(cls, path)
    markers = _markers(annotation)
    found = _by_marker(path, annotation, markers)
    for marker in markers:
        if isinstance(marker, Versions):
            return (Gated(Gate((path,), marker.since, marker.before), found),)
    return found


def _by_marker(path: str, annotation: Any, markers: tuple[Any, ...]) -> tuple[Resolved, ...]:
    for marker in markers:
        if isinstance(marker, WireType):
            return (Plain(path, marker),)
        if isinstance(marker, Counted):
            return (_rows(path, annotation, marker.only),)
        if isinstance(marker, Flagged):
            factory = _class_of(annotation)
            return (Optional(path, factory, resolve(factory)),)
        if isinstance(marker, Tagged):
            return (Choice(path, {tag: (kind, resolve(kind)) for tag, kind in marker.variants}),)
    left_out = {name for marker in markers if isinstance(marker, Without) for name in marker.names}
    part = _class_of(annotation)
    return tuple(Plain(f"{path}.{name}", _wire(part, name)) for name in hints(part) if name not in left_out)


def _wire(part: type, name: str) -> WireType[Any]:
    return next(marker for marker in _markers(hints(part)[name]) if isinstance(marker, WireType))


def _rows(path: str, annotation: Any, only: tuple[str, ...]) -> Rows:
    element = get_args(get_args(annotation)[0])[0]
    wires = [marker for marker in _markers(element) if isinstance(marker, WireType)]
    if wires:
        return Rows(path, wire=wires[0])
    factory = _class_of(element)
    return Rows(path, factory=factory, items=resolve(factory, only))


def _narrowed(cls: type, part: Part) -> tuple[Resolved, ...]:
    annotation = _annotation(cls, part.path)
    return (_rows(part.path, annotation, part.names),)
