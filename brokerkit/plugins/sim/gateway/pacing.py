"""A gateway's pacing limits: messages per second, and the rules for historical data."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable

import attrs

from brokerkit.plugins.sim.gateway.settings import Limits

STRIKES = 3
"""The number of seconds over the message rate after which a client is disconnected."""

_TEN_MINUTES = 600.0


@attrs.define
class MessageRate:
    """Counts a client's messages; `admit` decides whether the next one passes.

    Attributes:
        limit: Messages per second; None for no limit.
        strikes: The number of seconds with more than that.
        first_refusal: Whether the latest refused message was the first in its second.
    """

    limit: int | None
    strikes: int = 0
    first_refusal: bool = False
    _times: deque[float] = attrs.field(factory=deque, init=False)
    _struck_at: float = attrs.field(default=-math.inf, init=False)

    def admit(self, now: float) -> bool:
        """Return whether a message that arrives at `now` (seconds) may pass; count a strike if not."""
        if self.limit is None:
            return True
        times = self._times
        while times and now - times[0] >= 1.0:
            times.popleft()
        if len(times) < self.limit:
            times.append(now)
            return True
        self.first_refusal = now - self._struck_at >= 1.0
        if self.first_refusal:
            self._struck_at = now
            self.strikes += 1
        return False

    @property
    def out(self) -> bool:
        """Whether the client has exceeded the rate too often."""
        return self.strikes >= STRIKES


@attrs.define
class HistoryPacing:
    """The rules for small bars: no repeat in 15 s, fewer than 6 requests in 2 s per contract, 60 in 10 minutes."""

    limits: Limits
    _identical: dict[Hashable, float] = attrs.field(factory=dict, init=False)
    _same_contract: dict[Hashable, deque[float]] = attrs.field(factory=dict, init=False)
    _recent: deque[tuple[float, int]] = attrs.field(factory=deque, init=False)

    def admit(self, now: float, request: Hashable, contract: Hashable, weight: int = 1) -> bool:
        """Return whether a request for small bars at `now` (seconds) is within the limits; count it if so.

        Args:
            now: Seconds on a monotonic clock.
            request: The request without its request id.
            contract: Contract, exchange and kind of data.
            weight: How much it counts: 2 for BID_ASK.
        """
        if self.limits.identical_history_seconds is None and self.limits.small_bar_requests is None:
            return True  # without limits nothing is counted: the counts would only grow
        self._forget(now)
        times = self._same_contract.setdefault(contract, deque())
        if self._repeated(now, request) or self._too_many_of(times) or self._too_many(weight):
            return False
        self._identical[request] = now
        times.append(now)
        self._recent.append((now, weight))
        return True

    def admit_bar_line(self, now: float) -> bool:
        """Return whether five-second bars may be subscribed to at `now` (seconds); count them as small bars if so."""
        if self.limits.small_bar_requests is None:
            return True
        self._forget(now)
        if self._too_many(1):
            return False
        self._recent.append((now, 1))
        return True

    def _repeated(self, now: float, request: Hashable) -> bool:
        wait = self.limits.identical_history_seconds
        return wait is not None and now - self._identical.get(request, -wait) < wait

    def _too_many_of(self, times: deque[float]) -> bool:
        return self.limits.small_bar_requests is not None and len(times) >= 5

    def _too_many(self, weight: int) -> bool:
        limit = self.limits.small_bar_requests
        return limit is not None and sum(counted for _, counted in self._recent) + weight > limit

    def _forget(self, now: float) -> None:
        while self._recent and now - self._recent[0][0] >= _TEN_MINUTES:
            self._recent.popleft()
        for key in [key for key, at in self._identical.items() if now - at >= _TEN_MINUTES]:
            del self._identical[key]
        for contract, times in list(self._same_contract.items()):
            while times and now - times[0] > 2.0:
                times.popleft()
            if not times:
                del self._same_contract[contract]
