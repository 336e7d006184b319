"""What is due and when: one heap of instants, in an order that never depends on chance."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappush
from typing import Any

BAR_BODY, SESSION_CLOSE, CONTRACT_END, ARRIVAL, SESSION_OPEN, NOTICE, BAR_OPEN = range(7)
"""What comes first at one instant: a bar's end, then closing, then messages, then opening, then the next bar's open."""

Action = Callable[[Any], None]
Due = tuple[int, int, int, Action, Any]


class Agenda:
    """Actions by time, then rank, then the order they were put in.

    The open of a bar is left until the clock moves past it, so that orders sent at that very
    instant take part in it.
    """

    __slots__ = ("_serial", "due")

    def __init__(self) -> None:
        self.due: list[Due] = []
        self._serial = 0

    def put(self, time: int, rank: int, action: Action, argument: Any = None) -> None:
        """Have an action done when the clock reaches a time."""
        self._serial += 1
        heappush(self.due, (time, rank, self._serial, action, argument))
