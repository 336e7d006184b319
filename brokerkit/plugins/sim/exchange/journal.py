"""The event log: one row for each thing that happened, in order. See `entries` for what a row says."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from brokerkit.plugins.sim.exchange.entries import FILL, STATUS, Entry, Execution, Status
from brokerkit.spec.broker_order import OrderState

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder


class Journal:
    """The event log, which grows as long as nothing of it is forgotten.

    That an order began to work as it was placed, when it was placed, is kept as its number alone. What else
    happens most, another state of an order as it was placed and an execution, is kept as a plain tuple of
    numbers and texts: Python's cyclic garbage collector forgets such tuples at first sight, so that it has
    no more to look through in a long run than in a short one. All else is kept as an entry.

    Attributes:
        rows: What happened, oldest first.
        lives: Orders by the exchange's number of them, for the rows that name one.
    """

    __slots__ = ("lives", "rows")

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.lives: dict[int, LiveOrder] = {}

    def __len__(self) -> int:
        """Return how many things have happened."""
        return len(self.rows)

    def is_status(self, at: int) -> bool:
        """Return whether a row tells of an order's state, and not of a trade or of anything else."""
        row = self.rows[at]
        return row.__class__ is int or row[0] == STATUS

    def append(self, entry: Entry) -> None:
        """Put an entry into the log."""
        self.rows.append(entry)

    def entry(self, at: int) -> Entry:
        """Return one entry by its place."""
        row = self.rows[at]
        if row.__class__ is int:
            live = self.lives[row]
            return Status(STATUS, live.submitted, live, OrderState.WORKING, live.placed, 0, "")
        if row.__class__ is not tuple:
            return row  # type: ignore[no-any-return]  # because what is no plain tuple is an entry
        live = self.lives[row[2]]
        if row[0] == FILL:
            return Execution(FILL, row[1], live, row)
        _, time, _, state, fills, reason = row
        return Status(STATUS, time, live, OrderState(state), live.placed, fills, reason)

    def entries(self, start: int = 0) -> list[Entry]:
        """Return the entries from a place on."""
        return [self.entry(at) for at in range(start, len(self.rows))]

    def time_of(self, at: int) -> int:
        """Return when what a row tells of happened."""
        row = self.rows[at]
        time: int = self.lives[row].submitted if row.__class__ is int else row[1]
        return time

    def forget(self, before: int, most: int) -> tuple[int, int]:
        """Drop rows older than an instant, `most` at most; return how many, and up to which instant none is left."""
        count = bisect_left(range(most), before, key=self.time_of)
        del self.rows[:count]
        return count, min(before, self.time_of(0)) if self.rows else before
