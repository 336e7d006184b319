"""What both sides answer to a request: nothing, or the name of the error that refuses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plain_exchange.line import Refused
from plain_exchange.money import NoRateError

from brokerkit.errors import BrokerkitError


def named(ask: Callable[[], Any]) -> str:
    """Do something, and return the name of the error that refuses it; nothing when it is done."""
    try:
        ask()
    except BrokerkitError as problem:
        return type(problem).__name__
    except Refused as problem:
        return str(problem)
    except NoRateError:
        return "MissingFxCode"
    return ""
