"""The Gateway's clock, as far as it was heard of: asked for rarely, and reckoned on from there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

_AGE = 5.0
_STEP = timedelta(seconds=2)  # the Gateway tells whole seconds: a smaller difference is none


class GatewayClock:
    """What the Gateway's clock shows.

    Args:
        ask: Asks the Gateway, and returns what it answers, aware UTC.
    """

    def __init__(self, ask: Callable[[], datetime]) -> None:
        self._ask = ask
        self._last: tuple[float, datetime] | None = None
        self._ahead = timedelta()

    def recent(self) -> datetime:
        """Return the time by the Gateway's clock, asked for a few seconds ago at most."""
        last, now = self._last, time.monotonic()
        if last is not None and now - last[0] <= _AGE:
            return last[1] + timedelta(seconds=now - last[0])
        told = self._ask()
        self.set(told)
        return told

    def set(self, told: datetime) -> None:
        """Take in what the Gateway answered to the question for the time."""
        self._last = (time.monotonic(), told)
        ahead = told - _now()
        self._ahead = ahead if abs(ahead) > _STEP else timedelta()

    def forget(self) -> None:
        """Ask anew the next time that the time is wanted."""
        self._last = None

    def heard(self, told: datetime) -> None:
        """Take in that the Gateway told of this time: its clock cannot be behind it."""
        ahead = told - _now()
        if ahead > self._ahead and abs(ahead) > _STEP:
            self._ahead = ahead

    def at(self, moment: datetime) -> datetime:
        """Return what the Gateway's clock showed at a moment of this machine's clock, as far as the two were compared.

        The library stamps what arrives with this machine's clock. Nothing is asked: it may be called anywhere.
        """
        return moment + self._ahead


def _now() -> datetime:
    return datetime.now(timezone.utc)
