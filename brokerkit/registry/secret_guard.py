"""Keeps secrets out of the errors that an opened broker raises."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import attrs

from brokerkit.errors import BrokerkitError
from brokerkit.spec.middleware import Call, Middleware

_OF_THE_SYSTEM = ("strerror", "filename", "filename2")
"""Where an `OSError` has its texts: it does not show its arguments."""


@attrs.define(eq=False)
class SecretGuard(Middleware):
    """Masks the secrets in every error that comes out of the plugin, and in what caused it.

    It stands innermost, so that no other middleware sees them either, and only around brokers that
    were opened with a secret: others do not pay for it.
    """

    mask: Callable[[str], str]

    def around(self, call: Call) -> Generator[None, Any, Any]:
        """Let the call happen, and mask the error that it raises."""
        try:
            return (yield)
        except Exception as error:
            hide_secrets(error, self.mask)
            raise


def hide_secrets(error: BaseException, mask: Callable[[str], str]) -> None:
    """Mask the texts of an error and of what led to it, so that neither message nor traceback shows a secret."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is not None and id(current) not in seen:
            seen.add(id(current))
            _hide(current, mask)
            waiting += [current.__cause__, current.__context__, *getattr(current, "exceptions", ())]


def _hide(error: BaseException, mask: Callable[[str], str]) -> None:
    if isinstance(error, BrokerkitError):
        error.hide(mask)
        return
    error.args = tuple(_masked(each, mask) for each in error.args)
    for name in (*_OF_THE_SYSTEM, *vars(error)):  # what an error's text is made of, besides its arguments
        value = getattr(error, name, None)
        hidden = _masked(value, mask)
        if hidden is not value:
            object.__setattr__(error, name, hidden)  # so that it is hidden in an error of a frozen class too


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Return a value as it is, or what is left of its text where that has a secret in it."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):  # such as an error's notes
        return list(map(mask, value))
    shown = str(value) if isinstance(value, str) else repr(value)
    hidden = mask(shown)
    return value if hidden == shown else hidden
