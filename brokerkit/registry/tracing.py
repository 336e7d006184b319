"""Tracing: log every hook call and its outcome, without changing either."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import pluggy

logger: logging.Logger = logging.getLogger("brokerkit.trace")

TRACE_VARIABLE = "BROKERKIT_TRACE"


def trace_when_asked(manager: pluggy.PluginManager, broker_name: str, mask: Callable[[str], str]) -> None:
    """Log each call and its outcome at INFO to `brokerkit.trace` when `$BROKERKIT_TRACE` is set and not 0.

    A program that has not set up logging gets it on its standard error. Without the variable nothing
    is added, and a call costs nothing more.
    """
    if os.environ.get(TRACE_VARIABLE, "0") == "0":
        return
    if not logger.hasHandlers():
        logger.addHandler(logging.StreamHandler())
    logger.setLevel(logging.INFO)

    def before(hook_name: str, implementations: object, arguments: Mapping[str, Any]) -> None:
        named = ", ".join(f"{name}={_written(value)}" for name, value in arguments.items())
        logger.info("%s: %s(%s)", broker_name, hook_name, mask(named))

    def after(outcome: pluggy.Result[Any], hook_name: str, implementations: object, arguments: object) -> None:
        error = outcome.exception
        told = (
            f"raised {type(error).__name__}: {error}"
            if error is not None
            else f"returned {_written(outcome.get_result())}"
        )
        logger.info("%s: %s %s", broker_name, hook_name, mask(told))

    manager.add_hookcall_monitoring(before, after)


def _written(value: Any) -> str:
    """Return a value's repr on one line; a table of prices as its size."""
    if shape := getattr(value, "shape", ()):
        return f"a {type(value).__name__} of {shape[0]} rows"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_written(key)}: {_written(item)}' for key, item in value.items())}}}"
    written = repr(value)
    if "\n" in written and attrs.has(type(value)):
        fields = (field.name for field in attrs.fields(type(value)))
        return f"{type(value).__name__}({', '.join(f'{name}={_written(getattr(value, name))}' for name in fields)})"
    return " ".join(written.splitlines())
