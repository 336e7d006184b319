"""What is due and when, in a deterministic order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

BAR_BODY, SESSION_CLOSE, CONTRACT_END, ARRIVAL, SESSION_OPEN, NOTICE, BAR_OPEN = range(7)
"""The order within one instant: a bar's end, closings, messages, openings, then the next bar's open."""

RANK_BITS = 3
"""A moment is one number, the time with the rank as its lowest bits: numbers compare faster than tuples."""

Action = Callable[[Any], None]
Due = tuple[Action, Any]


class Agenda:
    """Actions by time, then rank, then order of insertion.

    A bar's open is not processed until the clock moves past it, so that orders sent at that very
    instant take part in it. Everything due at one moment is kept together, so that the cost per contract
    does not grow if a thousand contracts' bars end at one instant.

    Attributes:
        moments: A heap of the distinct moments at which something is due.
        reached: The current moment, or the moment up to which everything is done.
    """

    __slots__ = ("_due", "moments", "reached")

    def __init__(self, now: int) -> None:
        self.moments: list[int] = []
        self.reached = now << RANK_BITS | BAR_OPEN
        self._due: dict[int, Due | deque[Due]] = {}

    def put(self, time: int, rank: int, action: Action, argument: Any = None) -> None:
        """Schedule an action for when the clock reaches a time."""
        when, due = time << RANK_BITS | rank, (action, argument)
        existing = self._due.setdefault(when, due)
        if existing is due:
            heappush(self.moments, when)
        elif isinstance(existing, deque):
            existing.append(due)
        else:
            self._due[when] = deque((existing, due))

    def take(self) -> Due:
        """Remove and return the action that is due first; there must be one."""
        self.reached = self.moments[0]
        existing = self._due[self.reached]
        if isinstance(existing, deque):
            if len(existing) > 1:
                return existing.popleft()
            existing = existing[0]
        del self._due[heappop(self.moments)]
        return existing

    def is_ahead(self, time: int, rank: int) -> bool:
        """Return whether the actions of a rank at a time are still to come."""
        return self.reached < time << RANK_BITS | rank

    def is_over(self, time: int, rank: int) -> bool:
        """Return whether all actions of a rank at a time are done."""
        return self.reached > time << RANK_BITS | rank

    @property
    def next_time(self) -> int | None:
        """When the next action is due; None if there is none."""
        return self.moments[0] >> RANK_BITS if self.moments else None
