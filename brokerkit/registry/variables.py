"""Environment variables that look like settings: which are meant for a broker, and which for nobody."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterable

from brokerkit.errors import ConfigWarning, InvalidSetting, closest_match
from brokerkit.registry.config_file import CONFIG_VARIABLE
from brokerkit.registry.resolution import environment_name
from brokerkit.registry.tracing import TRACE_VARIABLE

PREFIX = "BROKERKIT_"
_TO_THE_CALLER = 6
"""From `_warn` through `check_variables`, `_plan`, `plan_broker` and `open_broker` to the strategy's own line."""

OWN_VARIABLES = frozenset({CONFIG_VARIABLE, TRACE_VARIABLE, "BROKERKIT_STORE_PATH", "BROKERKIT_TRACEBACK"})
"""The variables that belong to no broker."""


def prefix_of(broker: str) -> str:
    """Return what a broker's environment variables begin with.

    Example:
        >>> prefix_of("paper")
        'BROKERKIT_PAPER_'
    """
    return f"{PREFIX}{environment_name(broker)}_"


def check_variables(
    broker: str, known: Collection[str], others: Iterable[str], known_by: Callable[[str], Collection[str]]
) -> None:
    """Look at the variables that begin as this broker's do: refuse what is ambiguous, warn of what nothing declares.

    Args:
        broker: The broker's name.
        known: The variables that its settings declare.
        others: The names of the other configured brokers.
        known_by: Returns the variables that another broker's settings declare; asked only when one may be meant.

    Raises:
        InvalidSetting: A variable could as well be another broker's.
    """
    prefix = prefix_of(broker)
    rivals = [other for other in others if other != broker]
    longer = [other for other in rivals if prefix_of(other).startswith(prefix)]
    shorter = [other for other in rivals if prefix.startswith(prefix_of(other))]
    for variable in sorted(name for name in os.environ if name.startswith(prefix) and name not in OWN_VARIABLES):
        claimants = [other for other in longer if variable.startswith(prefix_of(other))]
        claimants += [other for other in shorter if variable in known_by(other)]
        if variable not in known and not claimants:
            _warn(variable, f"broker {broker!r} has no such setting", known)
        elif variable in known and claimants:
            raise InvalidSetting(
                f"${variable} can mean a setting of broker {broker!r} and of broker {claimants[0]!r}.",
                place=f"${variable}",
                remedy="Unset it and write the value into the file, or rename one of the brokers.",
            )


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
    warnings.warn(f"${variable} is set, and {fact}.{hint}", ConfigWarning, stacklevel=_TO_THE_CALLER)
