"""What a session makes of position reports while it cannot be sure of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from brokerkit.plugins.ib.event_delivery import PendingEvent
from brokerkit.plugins.ib.position_news import PositionNews


def test_a_doubted_report_is_looked_at_again_for_as_long_as_it_is_in_doubt(library: Any) -> None:
    """IB sends it once: a look too few, and the position stays wrong for the rest of the session."""
    told: list[PendingEvent] = []
    looks: list[Callable[[], None]] = []
    news = PositionNews(None, told.append, lambda _, look: looks.append(look))
    gold = library.Future(conId=1)
    news.book.fill("DU1", 1, 2, Decimal(100))
    for lots in (5, 6):
        news.report("DU1", gold, lots, 100.0)
    for _ in range(2):
        assert (len(looks), told) == (1, [])
        looks.pop()()
    news.report("DU1", gold, 2, 100.0)
    looks.pop()()
    assert (looks, told) == ([], [])
    news.report("DU1", gold, 7, 100.0)
    assert len(looks) == 1
