"""The parameters of an order that has none: one value that all such orders share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn


class NoParameters(Mapping[str, Any]):
    """A mapping with nothing in it, that nothing can be put into.

    Most orders have no parameters. Were each given an empty dict of its own, two more objects an order would
    be there for Python's cyclic garbage collector to count.

    Example:
        >>> NO_PARAMETERS, NO_PARAMETERS == {}, dict(NO_PARAMETERS)
        ({}, True, {})
    """

    __slots__ = ()

    def __getitem__(self, key: str) -> NoReturn:
        """Raise KeyError, as any mapping does for what is not there."""
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        """Return an iterator over nothing."""
        return iter(())

    def __len__(self) -> int:
        """Return 0."""
        return 0

    def __repr__(self) -> str:
        """Return what an empty dict is written as."""
        return "{}"

    def __reduce__(self) -> str:
        """Have a copy, also one that went to another process, be this very object."""
        return "NO_PARAMETERS"


NO_PARAMETERS = NoParameters()
"""The only one."""
