"""The past of each contract: bars of one or several lengths, and what can be made of them."""

from __future__ import annotations

from datetime import datetime

import attrs
import numpy as np

from brokerkit.plugins.sim.exchange.units import DAY, nanoseconds
from brokerkit.plugins.sim.gateway.contracts.listed import Listed
from brokerkit.plugins.sim.gateway.market.bars import Bars, merged


@attrs.define
class History:
    """Bars by contract. Of several lengths, a request is served from the longest that is short enough.

    Attributes:
        version: A number that is another one after every change.
    """

    version: int = attrs.field(default=0, init=False)
    _known: dict[int, list[Bars]] = attrs.field(factory=dict, init=False)

    def add(self, listed: Listed, bars: Bars) -> None:
        """Add bars of a contract; a second series is of another length."""
        series = self._known.setdefault(listed.con_id, [])
        series.append(bars)
        self.version += 1
        series.sort(key=lambda each: each.typical_seconds)

    def best_for(self, listed: Listed, seconds: int) -> Bars | None:
        """Return the bars from which bars of a length can be made, or None if all are longer than that."""
        fitting = [bars for bars in self._known.get(listed.con_id, []) if bars.typical_seconds <= seconds]
        return fitting[-1] if fitting else None

    def bars(self, listed: Listed, seconds: int, start: datetime, end: datetime) -> Bars | None:
        """Return bars of a length between two moments, or None if there are none so short.

        The bar under way at the end is there with what is known of it.

        Args:
            listed: The contract.
            seconds: Length of a bar.
            start: The first bar starts here or later.
            end: Nothing after this is used.
        """
        found = self.best_for(listed, seconds)
        if found is None:
            return None
        part = found.ended_between(nanoseconds(start), nanoseconds(end))
        return merged(part, seconds, listed.card.time_zone)

    def finest(self, listed: Listed) -> Bars | None:
        """Return the shortest bars of a contract, or None without any."""
        series = self._known.get(listed.con_id)
        return series[0] if series else None

    def earliest(self, listed: Listed) -> int | None:
        """Return when the first bar of a contract starts, nanoseconds UTC, or None without any."""
        starts = [int(bars.start[0]) for bars in self._known.get(listed.con_id, []) if len(bars)]
        return min(starts) if starts else None

    def volume_today(self, listed: Listed, now: datetime) -> float | None:
        """Return what was traded since midnight UTC, or None without bars."""
        bars = self.finest(listed)
        if bars is None:
            return None
        at = nanoseconds(now)
        return float(np.sum(bars.ended_between(at // DAY * DAY, at).volume))
