"""IB's pacing rules for historical data, applied before a request is sent."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Hashable

import attrs

_MOST_OPEN = 45
_MOST_A_SECOND = 25
_WINDOW = 600.0
_MOST_SMALL = 60
_BURST_WINDOW = 2.0
_MOST_IN_BURST = 5
_IDENTICAL_AFTER = 15.0
_MARGIN = 0.05


@attrs.define
class SmallBarRules:
    """The rules for bars of 30 seconds or less, on any monotonic clock.

    No identical request within 15 seconds; fewer than six in two seconds for one contract, exchange
    and type of data; at most 60 in ten minutes, where quotes count twice.
    """

    _sent: deque[float] = attrs.field(factory=deque, init=False)
    _burst: defaultdict[Hashable, deque[float]] = attrs.field(factory=lambda: defaultdict(deque), init=False)
    _identical: dict[Hashable, float] = attrs.field(factory=dict, init=False)

    def wait(self, now: float, request: Hashable, stream: Hashable, weight: int = 1) -> float:
        """Return the seconds until a request complies with every rule; 0 if it does now.

        Args:
            now: The time in seconds.
            request: The key by which identical requests are recognised.
            stream: Contract, exchange and type of data.
            weight: 2 for quotes, 1 for everything else.
        """
        _drop_before(self._sent, now - _WINDOW)
        burst = self._burst[stream]
        _drop_before(burst, now - _BURST_WINDOW)
        waits = [self._identical.get(request, -_WINDOW) + _IDENTICAL_AFTER - now]
        over = len(self._sent) + weight - _MOST_SMALL
        if over > 0:
            waits.append(self._sent[over - 1] + _WINDOW - now)
        if len(burst) >= _MOST_IN_BURST:
            waits.append(burst[0] + _BURST_WINDOW - now)
        longest = max(waits)
        return longest + _MARGIN if longest > 0 else 0.0

    def count(self, now: float, request: Hashable, stream: Hashable, weight: int = 1) -> None:
        """Record that a request is sent now."""
        self._forget_what_is_over(now)
        self._sent.extend([now] * weight)
        self._burst[stream].append(now)
        self._identical[request] = now

    def _forget_what_is_over(self, now: float) -> None:
        self._identical = {each: sent for each, sent in self._identical.items() if sent > now - _IDENTICAL_AFTER}
        for stream in [each for each, burst in self._burst.items() if not burst or burst[-1] < now - _BURST_WINDOW]:
            del self._burst[stream]


@attrs.define
class MessageRule:
    """A maximum number of requests in any second, on any monotonic clock.

    IB accepts 50 messages per second by its own clock, drops any more, and disconnects repeat offenders. The client
    library limits itself to 45 by our clock, but in bursts: two bursts that a busy Gateway reads within one second are
    too many. Two of half the size are not, and only history is requested by the hundred.

    Attributes:
        most: The maximum.
    """

    most: int = _MOST_A_SECOND
    _sent: deque[float] = attrs.field(factory=deque, init=False)

    def wait(self, now: float) -> float:
        """Return the seconds until a request complies with the rule; 0 if it does now."""
        _drop_before(self._sent, now - 1.0)
        return self._sent[0] + 1.0 + _MARGIN - now if len(self._sent) >= self.most else 0.0

    def count(self, now: float) -> None:
        """Record that a request is sent now."""
        self._sent.append(now)


class HistoryPacing:
    """Delays history requests until IB's rules allow them: never more than 50 open, and the rules for small bars.

    It belongs to one connection, in whose event loop it waits, and serves all of its requests.
    """

    def __init__(self) -> None:
        self._open = asyncio.Semaphore(_MOST_OPEN)
        self._turn = asyncio.Lock()
        self._rules = SmallBarRules()
        self._messages = MessageRule()

    @contextlib.asynccontextmanager
    async def slot(
        self, request: Hashable, stream: Hashable, *, is_small: bool, weight: int = 1
    ) -> AsyncIterator[None]:
        """Wait until a request may be sent; it counts as open until the block ends."""
        async with self._open:
            if is_small:
                await self._wait_for_small_bars(request, stream, weight)
            await self._wait_for_message_rate()
            yield

    async def _wait_for_small_bars(self, request: Hashable, stream: Hashable, weight: int) -> None:
        async with self._turn:
            while (wait := self._rules.wait(time.monotonic(), request, stream, weight)) > 0:
                await asyncio.sleep(wait)
            self._rules.count(time.monotonic(), request, stream, weight)

    async def _wait_for_message_rate(self) -> None:
        while (wait := self._messages.wait(time.monotonic())) > 0:
            await asyncio.sleep(wait)
        self._messages.count(time.monotonic())


def _drop_before(times: deque[float], moment: float) -> None:
    while times and times[0] < moment:
        times.popleft()
