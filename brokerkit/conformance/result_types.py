"""Compares a value with the type that the contract declares for it."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any


def mismatch(name: str, value: object, declared: Any) -> str:
    """Return how a value differs from its declared type, or an empty text.

    Example:
        >>> mismatch("get_list_of_fxcodes", ["GBPUSD", None], list[str])
        'get_list_of_fxcodes[1] is a NoneType, declared is str'
    """
    origin = typing.get_origin(declared)
    if declared is Any:
        return ""
    if origin in (typing.Union, types.UnionType):
        options = [mismatch(name, value, option) for option in typing.get_args(declared)]
        return "" if "" in options else options[0]
    if origin in (list, tuple, Sequence):
        return _of_items(name, value, origin, typing.get_args(declared))
    if origin in (dict, Mapping):
        return "" if isinstance(value, Mapping) else _said(name, value, declared)
    return _of_class(name, value, declared)


def _of_items(name: str, value: object, origin: Any, arguments: tuple[Any, ...]) -> str:
    if not isinstance(value, origin):
        return f"{name} is a {type(value).__name__}, declared is {origin.__name__}"
    items = enumerate(typing.cast("Sequence[object]", value))
    return next((text for place, item in items if (text := mismatch(f"{name}[{place}]", item, arguments[0]))), "")


def _of_class(name: str, value: object, declared: Any) -> str:
    if getattr(declared, "_is_protocol", False):
        missing = [each for each in vars(declared) if not each.startswith("_") and not hasattr(value, each)]
        return f"{name} lacks {', '.join(missing)} of {declared.__name__}" if missing else ""
    if declared is date and isinstance(value, datetime):
        return f"{name} is a datetime, declared is date"
    if declared is int and isinstance(value, bool):
        return f"{name} is a bool, declared is int"
    return "" if isinstance(value, declared) else _said(name, value, declared)


def _said(name: str, value: object, declared: Any) -> str:
    return f"{name} is a {type(value).__name__}, declared is {getattr(declared, '__name__', declared)}"
