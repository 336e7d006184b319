"""Caches the types of a message's fields per class of the library, instead of looking them up for each message.

Both libraries look up the type of every field of every order, contract and execution each time they read one. An
order has more than a hundred fields, and is sent three times when it is filled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

Conversion = tuple[str, Callable[[Any], Any], Any]


def cache_field_types(ib: Any) -> None:
    """Make the library parse messages with the cached field types."""
    ib.client.decoder.parse = parse


def parse(read: Any) -> None:
    """Convert the texts in a library object to the types of their defaults, as its own `parse` does."""
    kind = type(read)
    if kind not in _known:
        _known[kind] = _conversions(kind)
    fields = vars(read)
    for name, convert, default in _known[kind]:
        given = fields[name]
        if given is not default:
            fields[name] = convert(given) if given else default


class _Flags(dict[Any, bool]):
    """What IB's texts for flags mean, each worked out once: an order has twenty flags."""

    def __missing__(self, text: Any) -> bool:
        self[text] = bool(int(text))
        return self[text]


_CONVERSIONS: dict[type[Any], Callable[[Any], Any]] = {int: int, float: float, bool: _Flags().__getitem__}
_known: dict[type[Any], tuple[Conversion, ...]] = {}


def _conversions(kind: type[Any]) -> tuple[Conversion, ...]:
    """Return the fields of a class that are not texts: name, conversion from text, default."""
    return tuple(
        (field.name, _CONVERSIONS[type(field.default)], field.default)
        for field in dataclasses.fields(kind)
        if type(field.default) in _CONVERSIONS
    )
