"""Watching every hook call without standing in its way, for whoever looks for a fault."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

import pluggy

logger = logging.getLogger("brokerkit.trace")

VARIABLE = "BROKERKIT_TRACE"


def trace_when_asked(manager: pluggy.PluginManager, broker_name: str, mask: Callable[[str], str]) -> None:
    """Log each call and its outcome at INFO to `brokerkit.trace` when `$BROKERKIT_TRACE` is set and not 0.

    A program that has not set up logging gets it on its standard error. Without the variable nothing
    is added, and a call costs nothing more.
    """
    if os.environ.get(VARIABLE, "0") == "0":
        return
    if not logger.hasHandlers():
        logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.INFO)

    def before(hook_name: str, implementations: object, arguments: Mapping[str, Any]) -> None:
        named = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
        logger.info("%s: %s(%s)", broker_name, hook_name, mask(named))

    def after(outcome: pluggy.Result[Any], hook_name: str, implementations: object, arguments: object) -> None:
        error = outcome.exception
        told = f"raised {type(error).__name__}: {error}" if error is not None else f"returned {outcome.get_result()!r}"
        logger.info("%s: %s %s", broker_name, hook_name, mask(told))

    manager.add_hookcall_monitoring(before, after)
