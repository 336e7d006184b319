"""Historical bars: the protocol that the gateway uses, and the simplest implementation, in memory."""

from __future__ import annotations

from typing import Protocol

import attrs
import numpy as np

from brokerkit.plugins.sim.exchange.units import SECOND, nanoseconds, time_of
from brokerkit.plugins.sim.gateway.contracts.hours import sessions_between
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.market.bars import DAY_SECONDS, Bars, merged_from


class PriceHistory(Protocol):
    """A source of historical bars. Times are nanoseconds since 1970 UTC; nothing after `end` is ever returned."""

    @property
    def version(self) -> int:
        """A number that changes whenever the data change."""
        ...

    def bars(self, listed: Listed, seconds: int, start: int, end: int) -> Bars | None:
        """Return bars of a length that start in or after `start` and have ended by `end`.

        Returns:
            The bars, including the unfinished one at the end as far as it is known; None if there are none so short.
        """
        ...

    def finest(self, listed: Listed, start: int, end: int) -> Bars:
        """Return the shortest bars that start at or after `start` and have ended by `end`."""
        ...

    def earliest(self, listed: Listed) -> int | None:
        """Return when a contract's first bar starts, or None if it has none."""
        ...


@attrs.define
class History:
    """Bars in memory. A request is served from the longest bars that are short enough.

    Attributes:
        version: A number that changes whenever the data change.
    """

    version: int = attrs.field(default=0, init=False)
    _known: dict[int, list[Bars]] = attrs.field(factory=dict, init=False)

    def add(self, listed: Listed, bars: Bars) -> None:
        """Add a series of a contract's bars; each series has its own bar length."""
        series = self._known.setdefault(listed.con_id, [])
        series.append(bars)
        self.version += 1
        series.sort(key=lambda each: each.typical_seconds)

    def shortest(self, listed: Listed) -> Bars | None:
        """Return a contract's shortest bars, or None if it has none."""
        series = self._known.get(listed.con_id)
        return series[0] if series else None

    def bars(self, listed: Listed, seconds: int, start: int, end: int) -> Bars | None:
        """Return bars of a length between two times, or None if there are none so short."""
        fitting = [bars for bars in self._known.get(listed.con_id, []) if bars.typical_seconds <= seconds]
        if not fitting:
            return None
        found = fitting[-1].ended_between(start - seconds * SECOND, end)
        if seconds >= DAY_SECONDS and found.typical_seconds < DAY_SECONDS:
            found = _ended_with_sessions(found, listed)
        return merged_from(found, seconds, listed.card.time_zone, start)

    def finest(self, listed: Listed, start: int, end: int) -> Bars:
        """Return the shortest bars between two times."""
        series = self._known.get(listed.con_id)
        return series[0].ended_between(start, end) if series else Bars.none()

    def earliest(self, listed: Listed) -> int | None:
        """Return when a contract's first bar starts, or None if it has none."""
        starts = [int(bars.start[0]) for bars in self._known.get(listed.con_id, []) if len(bars)]
        return min(starts) if starts else None


def _ended_with_sessions(bars: Bars, listed: Listed) -> Bars:
    """Return bars as if each ended at its session's close, whose day it belongs to."""
    sessions = listed.terms.sessions
    if sessions is None or not len(bars):
        return bars
    between = sessions_between(sessions, time_of(int(bars.start[0])), time_of(int(bars.end[-1])))
    closings = np.array([nanoseconds(closing) for _, closing in between] or [int(bars.end[-1])], dtype=np.int64)
    at = np.minimum(np.searchsorted(closings, bars.start, side="right"), len(closings) - 1)
    return attrs.evolve(bars, end=np.maximum(closings[at], bars.end))
