"""When IB is down as scheduled: the daily reset and weekend maintenance."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

_NEW_YORK = ZoneInfo("America/New_York")
_DAILY = (time(23, 45), time(0, 45))
_FRIDAY = (time(23, 0), time(3, 0))


def expected_downtime(moment: datetime) -> str:
    """Return why IB may be unreachable at an aware time; empty when it should be up.

    Scheduled downtime is 23:45 to 00:45 New York time, on Friday nights 23:00 to 03:00.

    Example:
        >>> from datetime import timezone
        >>> expected_downtime(datetime(2026, 1, 13, 5, 0, tzinfo=timezone.utc))
        "IB's daily reset"
        >>> expected_downtime(datetime(2026, 1, 13, 15, 0, tzinfo=timezone.utc))
        ''
    """
    local = moment.astimezone(_NEW_YORK)
    friday_night = local.weekday() == (4 if local.hour >= 12 else 5)
    start, end = _FRIDAY if friday_night else _DAILY
    if local.time() >= start or local.time() < end:
        return "IB's weekend maintenance" if friday_night else "IB's daily reset"
    return ""
