"""Converts IB's trading hours to sessions in UTC, joined across midnight, and restricts them to the user's hours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from brokerkit.errors import MissingData
from brokerkit.plugins.ib.weekly_hours import WeeklyHours
from brokerkit.plugins.ib.zones import utc_from_local, zone_of
from brokerkit.spec.contracts import TradingHours


def sessions_from(text: str, zone_id: str) -> list[TradingHours]:
    """Parse IB's `tradingHours` text into sessions in UTC, sorted, and joined where they touch.

    Args:
        text: Such as `20240102:1700-20240103:1600;20240104:CLOSED`.
        zone_id: The name of the zone that its times are in.

    Raises:
        MissingData: It contains no hours, or its format or the zone is unknown.

    Example:
        >>> [session] = sessions_from("20240102:1700-20240103:1600;20240104:CLOSED", "CST")
        >>> f"{session.opening_time:%d %H:%M} to {session.closing_time:%d %H:%M} UTC"
        '02 23:00 to 03 22:00 UTC'
    """
    return _joined(trading_days_from(text, zone_id))


def trading_days_from(text: str, zone_id: str) -> list[TradingHours]:
    """Return the sessions as IB lists them, sorted: one ends where the next begins, although trading continues.

    Raises:
        MissingData: As above.

    Example:
        >>> text = "20240102:1700-20240103:1700;20240103:1700-20240104:1700"
        >>> len(trading_days_from(text, "CST")), len(sessions_from(text, "CST"))
        (2, 1)
    """
    zone = zone_of(zone_id)
    parts = [part.strip() for part in text.split(";")]
    sessions = [session for part in parts if part and "CLOSED" not in part for session in _sessions_of_day(part, zone)]
    if not sessions:
        raise MissingData(f"IB reports no trading hours: {text!r}.")
    return sorted(sessions)


def within_weekly_hours(sessions: Iterable[TradingHours], allowed: Iterable[WeeklyHours]) -> list[TradingHours]:
    """Return the parts of sessions that lie inside all of the user's weekly hours."""
    left = list(sessions)
    for weekly in allowed:
        left = [part for session in left for part in _cut(session, weekly)]
    return _joined(left) if left else []


def _sessions_of_day(text: str, zone: ZoneInfo) -> list[TradingHours]:
    """Parse one day: one or more ranges, also in the older format without a closing date."""
    day = text.partition(":")[0]
    return [_session(part if ":" in part.partition("-")[0] else f"{day}:{part}", zone) for part in text.split(",")]


def _session(text: str, zone: ZoneInfo) -> TradingHours:
    opening, _, closing = text.partition("-")
    opened = _local(opening)
    closed = _local(closing if ":" in closing else f"{opening.partition(':')[0]}:{closing}")
    if closed <= opened:
        closed += timedelta(days=1)
    return TradingHours(utc_from_local(opened, zone), utc_from_local(closed, zone))


def _local(text: str) -> datetime:
    try:
        day, clock = text.split(":")
        # 2400 is midnight at the end of the day, which strptime does not accept
        midnight = datetime.strptime(day, "%Y%m%d")  # noqa: DTZ007 because the zone is applied by the caller
        return midnight + timedelta(hours=int(clock[:2]), minutes=int(clock[2:4]))
    except ValueError:
        raise MissingData(f"IB's trading hours have an unknown format: {text!r}.") from None


def _joined(sessions: list[TradingHours]) -> list[TradingHours]:
    joined: list[TradingHours] = []
    for session in sorted(sessions):
        if joined and session.opening_time <= joined[-1].closing_time:
            last = joined.pop()
            session = TradingHours(last.opening_time, max(last.closing_time, session.closing_time))
        joined.append(session)
    return joined


def _cut(session: TradingHours, weekly: WeeklyHours) -> list[TradingHours]:
    """Return the parts of a session inside weekly hours, which are in UTC and may cross midnight."""
    day = session.opening_time.date() - timedelta(days=1)
    parts = []
    while day <= session.closing_time.date():
        for opening, closing in weekly.of_weekday(day.weekday()):
            start = datetime.combine(day, opening, session.opening_time.tzinfo)
            end = datetime.combine(day, closing, session.opening_time.tzinfo)
            if end <= start:
                end += timedelta(days=1)
            first, last = max(start, session.opening_time), min(end, session.closing_time)
            if first < last:
                parts.append(TradingHours(first, last))
        day += timedelta(days=1)
    return parts
