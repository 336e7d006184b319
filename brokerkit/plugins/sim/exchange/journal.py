"""The event log: one row per event, in order. See `entries` for the contents of a row."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from brokerkit.plugins.sim.exchange.entries import FILL, STATUS, Entry, Execution, Status
from brokerkit.spec.broker_order import OrderState

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder


class Journal:
    """The event log, which grows unless its start is forgotten.

    The most frequent event, an order that starts to work as placed at the time it was placed, is stored as
    the order's number alone. The next most frequent, another status of an order as placed, or an execution, are
    plain tuples of numbers and texts: Python's cyclic garbage collector untracks such tuples at once, so that a
    long run costs it no more than a short one. Everything else is stored as an entry.

    Attributes:
        rows: The events, oldest first.
        lives: Orders by the exchange's number, for the rows that refer to one.
    """

    __slots__ = ("lives", "rows")

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.lives: dict[int, LiveOrder] = {}

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.rows)

    def is_status(self, at: int) -> bool:
        """Return whether a row is an order's status."""
        row = self.rows[at]
        return row.__class__ is int or row[0] == STATUS

    def append(self, entry: Entry) -> None:
        """Append an entry to the log."""
        self.rows.append(entry)

    def entry(self, at: int) -> Entry:
        """Return one entry by its index."""
        return self.entry_of(self.rows[at])

    def entry_of(self, row: Any) -> Entry:
        """Return a row as an entry."""
        if row.__class__ is int:
            live = self.lives[row]
            return Status(STATUS, live.submitted, live, OrderState.WORKING, live.placed, 0, "")
        if row.__class__ is not tuple:
            return row  # type: ignore[no-any-return]  # because all but plain tuples are entries
        live = self.lives[row[2]]
        if row[0] == FILL:
            return Execution(FILL, row[1], live, row)
        _, time, _, state, fills, reason = row
        return Status(STATUS, time, live, OrderState(state), live.placed, fills, reason)

    def entries(self, start: int = 0) -> list[Entry]:
        """Return the entries from an index on."""
        return [self.entry(at) for at in range(start, len(self.rows))]

    def time_of(self, at: int) -> int:
        """Return the time of a row."""
        row = self.rows[at]
        time: int = self.lives[row].submitted if row.__class__ is int else row[1]
        return time

    def forget(self, before: int, most: int) -> tuple[int, int]:
        """Drop at most `most` rows older than an instant; return how many, and the instant up to which none is left."""
        count = bisect_left(range(most), before, key=self.time_of)
        del self.rows[:count]
        return count, min(before, self.time_of(0)) if self.rows else before
