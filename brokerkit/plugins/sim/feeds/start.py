"""When a simulation on a feed starts."""

from __future__ import annotations

from datetime import datetime

from brokerkit.errors import InvalidSetting
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds.bars import to_datetime
from brokerkit.plugins.sim.feeds.feed import Feed


def start_on(feed: Feed, wanted: datetime | None) -> int:
    """Return the clock's initial time, nanoseconds UTC.

    Args:
        feed: The source of bars.
        wanted: The requested time, aware; None means the feed's default.

    Raises:
        InvalidSetting: The data does not cover that time.
    """
    if wanted is None:
        return feed.default_start
    first, last = feed.span
    start = nanoseconds(wanted)
    if not first <= start <= last:
        raise InvalidSetting(
            f"start is {wanted}, where the data has nothing to trade on.",
            place=feed.describe(),
            remedy=f"Give a time from {to_datetime(first):%Y-%m-%d %H:%M} to {to_datetime(last):%Y-%m-%d %H:%M} UTC, "
            "or omit it.",
        )
    return start
