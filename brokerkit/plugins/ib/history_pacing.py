"""IB's pacing rules for historical data, kept before the wire."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Hashable

_MOST_OPEN = 45
_WINDOW = 600.0
_MOST_SMALL = 60
_BURST_WINDOW = 2.0
_MOST_IN_BURST = 5
_IDENTICAL_AFTER = 15.0
_MARGIN = 0.05


class HistoryPacing:
    """Lets a history request go when IB's rules allow it.

    At most 50 open at once, for bars of any length. For bars of 30 seconds or less: not the same
    request within 15 seconds, fewer than six in two seconds for one contract, exchange and kind of
    data, and at most 60 in ten minutes, of which quotes count twice.

    It belongs to one connection, whose loop it waits in, and serves all of its requests.
    """

    def __init__(self) -> None:
        self._open = asyncio.Semaphore(_MOST_OPEN)
        self._turn = asyncio.Lock()
        self._small: deque[float] = deque()
        self._burst: defaultdict[Hashable, deque[float]] = defaultdict(deque)
        self._identical: dict[Hashable, float] = {}

    @contextlib.asynccontextmanager
    async def slot(
        self, request: Hashable, stream: Hashable, *, is_small: bool, weight: int = 1
    ) -> AsyncIterator[None]:
        """Wait for the right to send a request; it counts as open until the block ends.

        Args:
            request: Everything that makes it the same as another one.
            stream: Contract, exchange and kind of data.
            is_small: Whether its bars are of 30 seconds or less.
            weight: 2 for quotes, 1 for all else.
        """
        async with self._open:
            if is_small:
                await self._wait_for_turn(request, stream, weight)
            yield

    async def _wait_for_turn(self, request: Hashable, stream: Hashable, weight: int) -> None:
        async with self._turn:
            while (wait := self._wait(time.monotonic(), request, stream, weight)) > 0:
                await asyncio.sleep(wait + _MARGIN)
            now = time.monotonic()
            self._small.extend([now] * weight)
            self._burst[stream].append(now)
            self._identical[request] = now

    def _wait(self, now: float, request: Hashable, stream: Hashable, weight: int) -> float:
        """Return the seconds until a request keeps every rule; 0 when it does now."""
        _drop_before(self._small, now - _WINDOW)
        burst = self._burst[stream]
        _drop_before(burst, now - _BURST_WINDOW)
        waits = [self._identical.get(request, -_IDENTICAL_AFTER) + _IDENTICAL_AFTER - now]
        over = len(self._small) + weight - _MOST_SMALL
        if over > 0:
            waits.append(self._small[over - 1] + _WINDOW - now)
        if len(burst) >= _MOST_IN_BURST:
            waits.append(burst[0] + _BURST_WINDOW - now)
        return max(0.0, *waits)


def _drop_before(times: deque[float], moment: float) -> None:
    while times and times[0] < moment:
        times.popleft()
