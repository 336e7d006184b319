"""How long a call may wait: a number of seconds, checked before anything is waited for."""

from __future__ import annotations

import numbers

from brokerkit.errors import InvalidArgument, WrongArgumentType
from brokerkit.spec.argument_types import described

LONGEST = 100 * 365 * 24 * 3600
"""A hundred years: more than any order works, and less than what clocks and locks can count."""


def seconds_of(timeout: float, call: str = "OrderControl.wait") -> float:
    """Return the seconds that a call was told to wait at most, as an int or a float of Python's own.

    Args:
        timeout: What it was given. Numbers of numpy are numbers too.
        call: Which call it is, as errors name it.

    Raises:
        WrongArgumentType: It is not an int or float.
        InvalidArgument: It is negative, not a number, or longer than a hundred years.

    Example:
        >>> seconds_of(60)
        60
    """
    if not isinstance(timeout, numbers.Real):
        raise WrongArgumentType(
            f"{call.rpartition('.')[2]}() was given timeout = {described(timeout)}.",
            place=call,
            remedy="It takes seconds, an int or a float. Nothing was waited for.",
        )
    if not 0 <= timeout <= LONGEST:
        raise InvalidArgument(
            f"{call.rpartition('.')[2]}() was given timeout = {described(timeout)}.",
            place=call,
            remedy=f"Give seconds from 0 to {LONGEST:,}. Nothing was waited for.",
        )
    return int(timeout) if isinstance(timeout, numbers.Integral) else float(timeout)
