"""Trading hours in the format of contract details."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from brokerkit.plugins.sim.exchange.sessions import EVERY_DAY, Sessions
from brokerkit.plugins.sim.exchange.units import nanoseconds, time_of

DAYS_SHOWN = 7


def sessions_between(sessions: Sessions | None, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return the sessions, as opening and closing in UTC, that overlap a period."""
    hours = sessions or EVERY_DAY
    found = []
    at, stop = nanoseconds(start), nanoseconds(end)
    while (session := hours.current_or_next(at)) is not None and session[0] < stop:
        found.append((time_of(session[0]), time_of(session[1])))
        at = session[1]
    return found


def hours_text(sessions: Sessions | None, now: datetime, zone: str) -> str:
    """Return a week of trading hours from today on, such as `20231201:0830-20231201:1500;20231202:CLOSED`.

    Args:
        sessions: When the market is open; None means always.
        now: Aware.
        zone: IANA name of the zone of the hours.
    """
    local_zone = ZoneInfo(zone)
    today = now.astimezone(local_zone).date()
    start = datetime.combine(today, datetime.min.time(), tzinfo=local_zone)
    open_times = sessions_between(sessions, start, start + timedelta(days=DAYS_SHOWN))
    by_day: dict[date, list[str]] = {today + timedelta(days=offset): [] for offset in range(DAYS_SHOWN)}
    for opening, closing in open_times:
        local_open, local_close = opening.astimezone(local_zone), closing.astimezone(local_zone)
        text = f"{local_open:%Y%m%d:%H%M}-{local_close:%Y%m%d:%H%M}"
        by_day.setdefault(local_close.date(), []).append(text)
    return ";".join(",".join(texts) if texts else f"{day:%Y%m%d}:CLOSED" for day, texts in sorted(by_day.items()))
