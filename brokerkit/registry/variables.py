"""Environment variables that look like settings: which are meant for a broker, and which for nobody."""

from __future__ import annotations

import os
import warnings
from collections.abc import Collection, Iterable

from brokerkit.errors import ConfigWarning, InvalidSetting, closest_match
from brokerkit.registry.config_file import VARIABLE
from brokerkit.registry.resolution import environment_name

PREFIX = "BROKERKIT_"
OWN_VARIABLES = frozenset({VARIABLE, "BROKERKIT_STORE_PATH", "BROKERKIT_TRACE"})
"""The variables that belong to no broker."""


def prefix_of(broker: str) -> str:
    """Return what a broker's environment variables begin with.

    Example:
        >>> prefix_of("paper")
        'BROKERKIT_PAPER_'
    """
    return f"{PREFIX}{environment_name(broker)}_"


def check_variables(broker: str, known: Collection[str], others: Iterable[str]) -> None:
    """Look at the variables that begin as this broker's do: refuse what is ambiguous, warn of what nothing declares.

    Args:
        broker: The broker's name.
        known: The variables that its settings declare.
        others: The names of the other configured brokers.

    Raises:
        InvalidSetting: A variable could as well be another broker's.
    """
    prefix = prefix_of(broker)
    rivals = [other for other in others if other != broker and prefix_of(other).startswith(prefix)]
    for variable in sorted(name for name in os.environ if name.startswith(prefix) and name not in OWN_VARIABLES):
        rival = next((other for other in rivals if variable.startswith(prefix_of(other))), None)
        if variable in known and rival is not None:
            raise InvalidSetting(
                f"${variable} can mean a setting of broker {broker!r} and of broker {rival!r}.",
                place=f"${variable}",
                remedy="Unset it and write the value into the file, or rename one of the brokers.",
            )
        if variable not in known and rival is None:
            _warn(variable, f"broker {broker!r} has no such setting", known)


def unmatched_variables(brokers: Collection[str]) -> tuple[str, ...]:
    """Return the variables that begin with `BROKERKIT_` and with no broker's prefix: typing errors, most likely."""
    prefixes = tuple(prefix_of(broker) for broker in brokers)
    return tuple(
        sorted(
            name
            for name in os.environ
            if name.startswith(PREFIX) and name not in OWN_VARIABLES and not name.startswith(prefixes)
        )
    )


def _warn(variable: str, fact: str, known: Iterable[str]) -> None:
    match = closest_match(variable, known)
    hint = f" Did you mean ${match}?" if match else ""
    warnings.warn(f"${variable} is set, and {fact}.{hint}", ConfigWarning, stacklevel=2)
