"""When a market is open: sessions that may cross midnight, weekly hours, holidays."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from typing import Protocol
from zoneinfo import ZoneInfo

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange.units import DAY, nanoseconds, time_of

Session = tuple[int, int]
"""Opening time, inclusive, and closing time, exclusive, in nanoseconds UTC."""


class Sessions(Protocol):
    """Anything that knows when a market is open."""

    def current_or_next(self, now: int) -> Session | None:
        """Return the session that contains `now`, or else the next one; None if there is none."""
        ...


class EveryDay:
    """Always open, in sessions of one UTC day."""

    def current_or_next(self, now: int) -> Session:
        """Return the UTC day that contains `now`."""
        start = now // DAY * DAY
        return start, start + DAY


EVERY_DAY = EveryDay()


class SessionList:
    """Individual sessions, in any order, without overlaps.

    Args:
        sessions: Pairs of opening and closing time, aware datetimes or nanoseconds UTC.

    Raises:
        InvalidArgument: A session ends before it starts, or two overlap.
    """

    def __init__(self, sessions: Iterable[tuple[datetime | int, datetime | int]]) -> None:
        spans = sorted((nanoseconds(opening), nanoseconds(closing)) for opening, closing in sessions)
        for (opening, closing), following in zip(spans, [*spans[1:], None], strict=True):
            if opening >= closing or (following is not None and following[0] < closing):
                raise InvalidArgument(
                    f"The session from {time_of(opening)} to {time_of(closing)} is empty or overlaps."
                )
        self._opens = [opening for opening, _ in spans]
        self._closes = [closing for _, closing in spans]

    def current_or_next(self, now: int) -> Session | None:
        """Return the session that contains `now`, or else the next one; None if there is none."""
        at = bisect_right(self._closes, now)
        return (self._opens[at], self._closes[at]) if at < len(self._opens) else None


class WeeklyHours:
    """The same hours every week in a time zone, except on holidays.

    A session that closes at or before its opening time closes on the next day; it belongs to the
    weekday on which it opens, and a holiday removes the sessions that open on it.

    Args:
        hours: By weekday, 0 for Monday: pairs of opening and closing time.
        zone: Name of the hours' time zone.
        holidays: Days on which no session opens.

    Example:
        >>> globex = WeeklyHours({day: [(time(17), time(16))] for day in (6, 0, 1, 2, 3)}, "America/Chicago")
        >>> monday = nanoseconds(datetime(2023, 1, 9, 12, tzinfo=timezone.utc))
        >>> [str(time_of(moment)) for moment in globex.current_or_next(monday)]
        ['2023-01-08 23:00:00+00:00', '2023-01-09 22:00:00+00:00']
    """

    def __init__(
        self, hours: Mapping[int, Iterable[tuple[time, time]]], zone: str = "UTC", holidays: Iterable[date] = ()
    ) -> None:
        self._hours = {day: sorted(spans) for day, spans in hours.items()}
        if not any(self._hours.values()):
            raise InvalidArgument("Weekly hours need at least one session per week.")
        self._zone = ZoneInfo(zone)
        self._holidays = frozenset(holidays)
        self._known: Session = (0, 0)

    def current_or_next(self, now: int) -> Session | None:
        """Return the session that contains `now`, or else the next one."""
        if self._known[0] <= now < self._known[1]:
            return self._known
        today = time_of(now).astimezone(self._zone).date()
        for offset in range(-1, 400):
            for session in self._sessions_on(today + timedelta(days=offset)):
                if session[1] > now:
                    self._known = session
                    return session
        return None

    def _sessions_on(self, day: date) -> list[Session]:
        if day in self._holidays:
            return []
        return [self._session(day, opening, closing) for opening, closing in self._hours.get(day.weekday(), ())]

    def _session(self, day: date, opening: time, closing: time) -> Session:
        last = day + timedelta(days=1) if closing <= opening else day
        return self._instant(day, opening), self._instant(last, closing)

    def _instant(self, day: date, clock: time) -> int:
        return nanoseconds(datetime.combine(day, clock, tzinfo=self._zone).astimezone(timezone.utc))
