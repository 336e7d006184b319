"""The ends of all listings' bars, in order: the steps of a clock that moves bar by bar."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from brokerkit.plugins.sim.exchange.bars import WINDOW, BarSeries

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.venue import Venue


class Timeline:
    """Distinct bar ends after an instant, collected one window at a time."""

    __slots__ = ("_at", "_known")

    def __init__(self) -> None:
        self._known: list[int] = []
        self._at = 0

    def forget(self) -> None:
        """Discard the known ends: bars were added."""
        self._known, self._at = [], 0

    def after(self, venue: Venue, count: int) -> int | None:
        """Return the end of the `count`-th bar from now; the last end if there are fewer; None without bars."""
        known, at, now = self._known, self._at, venue.now
        size = len(known)
        while at < size and known[at] <= now:
            at += 1
        if at + count > size:
            all_series = [listing.series for listing in venue.listings.values()]
            self._known = known = _merged(now, max(count, WINDOW), all_series)
            at, size = 0, len(known)
        self._at = at
        return known[min(at + count, size) - 1] if known else None


def _merged(now: int, count: int, all_series: Iterable[BarSeries]) -> list[int]:
    columns = [ends for series in all_series if (ends := series.ends_after(now, count))]
    if len(columns) <= 1:
        return columns[0] if columns else []
    full = [ends[-1] for ends in columns if len(ends) == count]
    horizon = min(full) if full else max(ends[-1] for ends in columns)
    return sorted({end for ends in columns for end in ends if end <= horizon})
