"""A token bucket: so many calls in a time, saved up while nobody calls."""

from __future__ import annotations

import re
import threading
import time

import attrs

from brokerkit.errors import InvalidArgument

_SECONDS = {"s": 1.0, "sec": 1.0, "second": 1.0, "min": 60.0, "minute": 60.0, "h": 3600.0, "hour": 3600.0}
_RATE = re.compile(r"\s*(\d+)\s*/\s*(\d+(?:\.\d+)?)?\s*([a-z]+?)s?\s*")


@attrs.frozen
class Rate:
    """So many calls in a time.

    Attributes:
        calls: How many; also how many may come at once after a rest.
        seconds: In how many seconds.
    """

    calls: int
    seconds: float


def rate(text: str) -> Rate:
    """Return the rate that a text such as `50/s` or `60/10min` means.

    Raises:
        InvalidArgument: It means none.

    Example:
        >>> rate("60/10min")
        Rate(calls=60, seconds=600.0)
    """
    match = _RATE.fullmatch(text.lower())
    unit = match and (_SECONDS.get(match[3]) or _SECONDS.get(match[3] + "s"))
    if match is None or not unit or int(match[1]) == 0 or float(match[2] or 1) == 0:
        raise InvalidArgument(f"{text!r} is not a rate.", remedy="Write calls/time, such as '50/s' or '60/10min'.")
    return Rate(int(match[1]), float(match[2] or 1) * unit)


class TokenBucket:
    """Holds up to `rate.calls` tokens, refilled evenly. Safe from any thread; who comes first goes first."""

    def __init__(self, rate: Rate) -> None:
        self._interval = rate.seconds / rate.calls
        self._capacity = rate.calls
        self._lock = threading.Lock()
        self._full_at = time.monotonic()

    def take(self, longest_wait: float) -> float | None:
        """Take a token, and return in how many seconds it may be used; None, and take none, when that is too long."""
        with self._lock:
            now = time.monotonic()
            full_at = max(self._full_at, now) + self._interval
            wait = full_at - now - self._capacity * self._interval
            if wait > longest_wait:
                return None
            self._full_at = full_at
            return max(wait, 0.0)
