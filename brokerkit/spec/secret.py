"""Values that must not be shown: a password, a token, an account number."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterable

from brokerkit.errors import SecretUnavailable

MASK = "***"
"""What is shown in place of a secret."""


class Secret:
    """A secret text. It is masked wherever it is printed or logged, and left out of pickles.

    Declare a plugin's setting with this type; a configuration file then refers to the value as
    `{env = "NAME"}`, `{file = "PATH"}` or `{command = "..."}`.

    Example:
        >>> password = Secret("hunter2")
        >>> password, f"{password}"
        (Secret('***'), '***')
        >>> password.reveal()
        'hunter2'
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value: str | None = value

    def reveal(self) -> str:
        """Return the text itself.

        Raises:
            SecretUnavailable: This secret was unpickled; pickles do not contain the text.
        """
        if self._value is None:
            raise SecretUnavailable(
                "This secret was unpickled, and pickles do not contain secrets.",
                remedy="Open the broker in the process that uses it.",
            )
        return self._value

    def __repr__(self) -> str:
        """Return the mask, as code."""
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        """Return the mask."""
        return MASK

    def __format__(self, specification: str) -> str:
        """Return the mask."""
        return format(MASK, specification)

    def __eq__(self, other: object) -> bool:
        """Return whether both contain the same text, compared in constant time."""
        if not isinstance(other, Secret):
            return NotImplemented
        if self._value is None or other._value is None:
            return self is other
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        """Return the hash of the text."""
        return hash((Secret, self._value))

    def __reduce__(self) -> tuple[object, ...]:
        """Leave the text out of pickles and of copies made through them."""
        return (_unpickled, ())

    def __copy__(self) -> Secret:
        """Return itself: it is immutable."""
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        """Return itself: it is immutable."""
        return self


class MaskedText(str):
    """Text that a configuration gave as a secret, for a setting declared as plain `str`. Its repr is masked."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the mask."""
        return repr(MASK)

    def __reduce__(self) -> tuple[object, ...]:
        """Leave the text out of pickles."""
        return (str, (MASK,))


def masker(secrets: Iterable[str]) -> Callable[[str], str]:
    """Return a function that masks every secret in a text.

    Secrets of one or two characters are left: masking them would make the rest unreadable too.

    Example:
        >>> masker(["hunter2"])("login as me with hunter2")
        'login as me with ***'
    """
    hidden = sorted({secret for secret in secrets if len(secret) > 2}, key=len, reverse=True)
    if not hidden:
        return str
    pattern = re.compile("|".join(map(re.escape, hidden)))
    return lambda text: pattern.sub(MASK, text)


def _unpickled() -> Secret:
    secret = Secret("")
    secret._value = None
    return secret
