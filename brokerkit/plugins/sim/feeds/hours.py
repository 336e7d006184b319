"""Trading hours: segments of a trading date in the exchange's time zone, on the dates of its calendar."""

from __future__ import annotations

import threading
import warnings
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from functools import cache
from zoneinfo import ZoneInfo

import attrs

from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds.bars import to_datetime

Session = tuple[int, int]

CALENDAR_START = date(2000, 1, 1)
CALENDAR_END = date(2027, 12, 31)


_calendars: dict[str, frozenset[date]] = {}
_reading = threading.Lock()


def _calendar_dates(name: str) -> frozenset[date]:
    """Return the trading dates of an exchange's calendar, from `CALENDAR_START` to `CALENDAR_END`."""
    known = _calendars.get(name)
    if known is None:
        with _reading:
            known = _calendars.get(name) or _read_calendar(name)
            _calendars[name] = known
    return known


def _read_calendar(name: str) -> frozenset[date]:
    from exchange_calendars import get_calendar  # imported here because it takes half a second

    with warnings.catch_warnings():  # not thread-safe: callers must hold a lock
        warnings.simplefilter("ignore")  # exchange_calendars 4.13 calls what pandas 3 deprecates
        calendar = get_calendar(name, start=CALENDAR_START.isoformat(), end=CALENDAR_END.isoformat())
    return frozenset(calendar.sessions.date)


@attrs.frozen
class Market:
    """The hours of one market.

    Attributes:
        zone: The time zone of the exchange.
        segments: Segments of trading of one trading date, as minutes from that date's midnight in
            the zone; negative minutes are on the evening before.
        calendar: The name of its calendar in `exchange_calendars`; empty for every weekday. Before
            2000 and after 2027, every weekday counts as a trading date.
    """

    zone: str
    segments: tuple[tuple[int, int], ...]
    calendar: str = ""

    @property
    def minutes(self) -> int:
        """The number of minutes of trading per trading date."""
        return sum(closing - opening for opening, closing in self.segments)


class MarketHours:
    """A market's hours; the exchange accepts it as `Sessions`.

    Markets with the same hours share one object: use `market_hours`.
    """

    def __init__(self, market: Market) -> None:
        self.market = market
        self._zone = ZoneInfo(market.zone)
        self._sessions: dict[int, tuple[list[int], list[int]]] = {}
        self._known: Session = (0, 0)

    def is_trading_date(self, day: date) -> bool:
        """Return whether a date is a trading date."""
        if day.weekday() > 4:
            return False
        if not self.market.calendar or not CALENDAR_START <= day <= CALENDAR_END:
            return True
        return day in _calendar_dates(self.market.calendar)

    def trading_dates(self, first: date, last: date) -> list[date]:
        """Return the trading dates between two dates, both inclusive."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [day for day in days if self.is_trading_date(day)]

    def on_or_before(self, day: date) -> date:
        """Return the last trading date on or before a date."""
        while not self.is_trading_date(day):
            day -= timedelta(days=1)
        return day

    def step(self, day: date, count: int) -> date:
        """Return the trading date that many trading dates after a date, or before it if the count is negative."""
        one = timedelta(days=1 if count > 0 else -1)
        for _ in range(abs(count)):
            day += one
            while not self.is_trading_date(day):
                day += one
        return day

    def trading_date(self, moment: int) -> date:
        """Return the trading date in progress at a moment, nanoseconds UTC, or otherwise the next one."""
        day = self.step(to_datetime(moment).astimezone(self._zone).date() - timedelta(days=1), 1)
        return day if moment <= self.close_of(day) else self.step(day, 1)

    def segments_of(self, day: date) -> list[Session]:
        """Return the segments of trading of a trading date, nanoseconds UTC."""
        return [(self._instant(day, opening), self._instant(day, closing)) for opening, closing in self.market.segments]

    def span_of(self, day: date) -> Session:
        """Return the start and the end of a trading date's trading, breaks included, nanoseconds UTC."""
        return self._instant(day, self.market.segments[0][0]), self.close_of(day)

    def close_of(self, day: date) -> int:
        """Return the end of a trading date's trading, nanoseconds UTC."""
        return self._instant(day, self.market.segments[-1][1])

    def current_or_next(self, now: int) -> Session | None:
        """Return the session that contains `now`, or else the next one."""
        if self._known[0] <= now < self._known[1]:
            return self._known
        self._known = next(self.sessions_from(now))
        return self._known

    def is_open(self, now: int) -> bool:
        """Return whether the market is in a session."""
        session = self.current_or_next(now)
        return session is not None and session[0] <= now

    def sessions_from(self, now: int) -> Iterator[Session]:
        """Yield the session that contains `now`, if any, and all later ones, endlessly."""
        year = to_datetime(now).year
        while True:
            opens, closes = self._year(year)
            for at in range(bisect_right(closes, now), len(opens)):
                yield opens[at], closes[at]
            year += 1

    def sessions_between(self, start: int, end: int) -> list[Session]:
        """Return the sessions that overlap a stretch of time, uncut."""
        found: list[Session] = []
        for session in self.sessions_from(start):
            if session[0] >= end:
                return found
            found.append(session)
        return found

    def _year(self, year: int) -> tuple[list[int], list[int]]:
        """Return the openings and the closes of the sessions that close in a year."""
        known = self._sessions.get(year)
        if known is None:
            start, stop = (nanoseconds(datetime(y, 1, 1, tzinfo=timezone.utc)) for y in (year, year + 1))
            dates = self.trading_dates(date(year, 1, 1) - timedelta(days=3), date(year + 1, 1, 1) + timedelta(days=3))
            sessions = [one for day in dates for one in self.segments_of(day) if start < one[1] <= stop]
            known = self._sessions[year] = ([one[0] for one in sessions], [one[1] for one in sessions])
        return known

    def _instant(self, day: date, minutes: int) -> int:
        days, rest = divmod(minutes, 1440)
        local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), tzinfo=self._zone)
        return nanoseconds(local.astimezone(timezone.utc))


@cache
def market_hours(market: Market) -> MarketHours:
    """Return the hours of a market; one shared object per market, so that its calendar is read once."""
    return MarketHours(market)


GLOBEX = Market("America/Chicago", ((-7 * 60, 16 * 60),), "CMES")
GRAINS = Market("America/Chicago", ((-5 * 60, 7 * 60 + 45), (8 * 60 + 30, 13 * 60 + 20)), "CMES")
EUREX = Market("Europe/Berlin", ((70, 22 * 60),), "XEUR")
ICE_EUROPE = Market("Europe/London", ((60, 21 * 60),), "XLON")
OSAKA = Market("Asia/Tokyo", ((8 * 60 + 45, 15 * 60 + 15),), "XTKS")
CURRENCIES = Market("America/New_York", ((-7 * 60, 17 * 60),))

_BY_EXCHANGE = {
    **dict.fromkeys(("DTB", "EUREX", "MONEP", "FTA"), EUREX),
    **dict.fromkeys(("ICEEU", "ICEEUSOFT", "IPE", "LMEOTC"), ICE_EUROPE),
    **dict.fromkeys(("OSE.JPN", "TSEJ"), OSAKA),
}


def market_of(exchange: str, asset_class: str) -> Market:
    """Return the exchange's current hours; an unknown exchange trades like Globex.

    Example:
        >>> market_of("CBOT", "Ags").segments
        ((-300, 465), (510, 800))
    """
    if exchange in ("CBOT", "ECBOT") and asset_class == "Ags":
        return GRAINS
    return _BY_EXCHANGE.get(exchange, GLOBEX)
