"""Keeps secrets out of the errors that an opened broker raises."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import attrs

from brokerkit.errors import BrokerkitError
from brokerkit.spec.middleware import Call, Middleware


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
    """Mask the texts of an error and of what caused it, so that neither message nor traceback shows a secret."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        if isinstance(current, BrokerkitError):
            current.hide(mask)
        else:
            current.args = tuple(mask(each) if isinstance(each, str) else each for each in current.args)
        current = current.__cause__ or current.__context__
