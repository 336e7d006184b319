"""What types of arguments a hook takes, read from its annotations, so that a wrong one is named before any call."""

from __future__ import annotations

import collections.abc
import functools
import inspect
import numbers
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

_LONG = 80
"""Characters from which on a value's repr says less than its type does."""

_KIND = {float: (float, numbers.Real), int: (int, numbers.Integral)}
"""What else stands for a number: numpy's are numbers too."""


def described(value: object) -> str:
    """Return a value as an error shows one of the wrong type: with its type, and without its repr if that is long.

    Example:
        >>> described("2")
        "'2', of type str"
    """
    written, kind = repr(value), type(value).__name__
    return f"{written}, of type {kind}" if len(written) < _LONG else f"a value of type {kind}"


@attrs.frozen
class ArgumentType:
    """What one argument may be.

    Attributes:
        written: As the signature says it.
        kinds: It is an object of one of these classes.
        members: Or has all of these attributes, where there are any: those of a Protocol.
        items: And where it is a sequence, each item is an object of one of these; empty says nothing of them.
    """

    written: str
    kinds: tuple[type, ...]
    members: tuple[str, ...] = ()
    items: tuple[type, ...] = ()

    @property
    def usual(self) -> type | None:
        """The class of most values, which alone says that one is right; None where more must be looked at."""
        return None if self.items or not self.kinds else self.kinds[0]

    def accepts(self, value: object) -> bool:
        """Return whether a value is of the type."""
        if not isinstance(value, self.kinds):
            return bool(self.members) and all(hasattr(value, name) for name in self.members)
        return not (self.items and isinstance(value, Sequence)) or all(isinstance(item, self.items) for item in value)


@functools.lru_cache(maxsize=512)
def argument_types(function: Callable[..., Any]) -> Mapping[str, ArgumentType]:
    """Return what each argument of a hook may be, by name, for those whose annotation can be read.

    Example:
        >>> from brokerkit.spec.orders import Orders
        >>> types = argument_types(Orders.put_order_on_stack)
        >>> types["order"].written, types["order"].accepts("GOLD")
        ('Order', False)
    """
    found = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        try:
            annotation = eval(str(parameter.annotation), function.__globals__)  # a name of the contract's own modules
        except NameError:
            continue  # imported for type checkers only
        found[name] = _argument_type(annotation, str(parameter.annotation))
    return found


def _argument_type(annotation: Any, written: str) -> ArgumentType:
    kinds: list[type] = []
    members: tuple[str, ...] = ()
    items: tuple[type, ...] = ()
    united = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    for each in typing.get_args(annotation) if united else (annotation,):
        origin: Any = typing.get_origin(each)
        if each is None:
            kinds.append(type(None))
        elif getattr(each, "_is_protocol", False):
            members += tuple(name for name in vars(each) if not name.startswith("_"))
        elif origin is not None:
            kinds.append(origin)
            items = typing.get_args(each) if origin is collections.abc.Sequence else ()
        else:
            kinds += _KIND.get(each, (each,))
    return ArgumentType(written, tuple(kinds), members, items)
