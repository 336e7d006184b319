"""When a simulation on a feed begins."""

from __future__ import annotations

from datetime import datetime

from brokerkit.errors import InvalidSetting
from brokerkit.plugins.sim.feeds.bars import to_datetime, to_nanoseconds
from brokerkit.plugins.sim.feeds.feed import Feed


def start_on(feed: Feed, wanted: datetime | None) -> int:
    """Return what the clock shows first, nanoseconds UTC.

    Args:
        feed: Where bars come from.
        wanted: What somebody wants it to show, aware; None takes the feed's own choice.

    Raises:
        InvalidSetting: The data does not go there.
    """
    if wanted is None:
        return feed.default_start
    first, last = feed.span
    start = to_nanoseconds(wanted)
    if not first <= start <= last:
        raise InvalidSetting(
            f"start is {wanted}, where the data has nothing to trade on.",
            place=feed.describe(),
            remedy=f"Give a time from {to_datetime(first):%Y-%m-%d %H:%M} to {to_datetime(last):%Y-%m-%d %H:%M} UTC, "
            "or leave it out.",
        )
    return start
