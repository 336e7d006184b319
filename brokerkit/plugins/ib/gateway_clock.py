"""The Gateway's clock: requested rarely, and extrapolated in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

_AGE = 5.0
_STEP = timedelta(seconds=2)  # the Gateway sends whole seconds, so a smaller difference means nothing


class GatewayClock:
    """The Gateway's time.

    Args:
        ask: Requests the Gateway's time and returns it, aware UTC.
    """

    def __init__(self, ask: Callable[[], datetime]) -> None:
        self._ask = ask
        self._last: tuple[float, datetime] | None = None
        self._ahead = timedelta()

    def recent(self) -> datetime:
        """Return the Gateway's time, from an answer at most a few seconds old."""
        last, now = self._last, time.monotonic()
        if last is not None and now - last[0] <= _AGE:
            return last[1] + timedelta(seconds=now - last[0])
        answer = self._ask()
        self.set(answer)
        return answer

    def set(self, answer: datetime) -> None:
        """Set the clock from the Gateway's answer to a time request."""
        self._last = (time.monotonic(), answer)
        ahead = answer - _now()
        self._ahead = ahead if abs(ahead) > _STEP else timedelta()

    def forget(self) -> None:
        """Discard the last answer, so that the next call requests the time."""
        self._last = None

    def advance_to(self, stamp: datetime) -> None:
        """Advance the clock to a timestamp from the Gateway: its clock cannot be behind it."""
        ahead = stamp - _now()
        if ahead > self._ahead and abs(ahead) > _STEP:
            self._ahead = ahead

    def at(self, moment: datetime) -> datetime:
        """Convert a time by this machine's clock to the Gateway's clock, by their last known difference.

        The library stamps messages with this machine's clock. No request is made, so this can be called in any thread.
        """
        return moment + self._ahead


def _now() -> datetime:
    return datetime.now(timezone.utc)
