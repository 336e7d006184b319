"""How far back a duration reaches, such as `30 D`: seconds count while the market trades, days are trading days."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import attrs

from brokerkit.plugins.sim.exchange.sessions import Sessions
from brokerkit.plugins.sim.gateway.codec import MessageError
from brokerkit.plugins.sim.gateway.contracts.hours import sessions_between

_DURATION = re.compile(r"(\d{1,6}) ?([SDWMY])")
_LONGEST = {"S": (86_400, "seconds", "days"), "D": (365, "days", "years")}
"""How many of a unit a gateway takes, and the unit it wants beyond that."""

_CALENDAR_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}
_MOST_YEARS = 100
_LONGEST_STEPS = {1: 1800, 5: 3600, 10: 14_400, 15: 14_400, 30: 28_800}
"""How many seconds bars of so many seconds reach back at most, by IB's table of step sizes; longer bars as one likes:
https://interactivebrokers.github.io/tws-api/historical_limitations.html.
"""

_LOOK_BACK = (timedelta(days=4), timedelta(days=30), timedelta(days=400))
_INSTANT = timedelta(microseconds=1)


@attrs.frozen
class Duration:
    """So many seconds, days, weeks, months or years.

    Attributes:
        count: How many.
        unit: `S`, `D`, `W`, `M` or `Y`.
    """

    count: int
    unit: str

    @property
    def in_calendar_time(self) -> timedelta:
        """How long it is by the calendar."""
        if self.unit == "S":
            return timedelta(seconds=self.count)
        return timedelta(days=self.count * _CALENDAR_DAYS[self.unit])


def parse_duration(text: str) -> Duration:
    """Return a duration such as `30 D` or `3600 S`.

    Raises:
        MessageError: It is none, or longer than a gateway takes in that unit.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise MessageError(f"{text[:60]!r} is no duration")
    found = Duration(int(match[1]), match[2])
    most, unit, larger = _LONGEST.get(found.unit, (found.count, "", ""))
    if found.count > most:
        raise MessageError(f"Historical data requests for durations longer than {most} {unit} must be made in {larger}")
    if found.in_calendar_time > timedelta(days=_MOST_YEARS * _CALENDAR_DAYS["Y"]):
        raise MessageError(f"{text[:60]!r} is longer than {_MOST_YEARS} years")
    return found


def is_step_valid(duration: Duration, bar_seconds: int) -> bool:
    """Return whether bars of a length may be asked for as far back as a duration."""
    longest = _LONGEST_STEPS.get(bar_seconds)
    return longest is None or duration.in_calendar_time <= timedelta(seconds=longest)


def start_of(duration: Duration, end: datetime, sessions: Sessions | None, zone: str) -> datetime:
    """Return the moment that a duration reaches back to from a moment.

    As a real gateway counts (rust-ibapi's pull request 837, verified on a paper account): seconds are those in which
    the market trades, so that a closed weekend takes none of them; `1 D` begins where the trading day begins that is
    under way, or the last one, and `2 D` one before; longer units go by the calendar.

    Args:
        duration: How far.
        end: From where, aware.
        sessions: When the market is open; None means always.
        zone: IANA name of the exchange's zone: sessions that close on one date there are one trading day.
    """
    if duration.unit == "S":
        found = _seconds_before(timedelta(seconds=duration.count), end, sessions)
    elif duration.unit == "D":
        found = _trading_days_before(duration.count, end, sessions, ZoneInfo(zone))
    else:
        found = None
    return found or end - duration.in_calendar_time


def _seconds_before(length: timedelta, end: datetime, sessions: Sessions | None) -> datetime | None:
    for reach in _LOOK_BACK:
        left = length
        for opening, closing in reversed(sessions_between(sessions, end - reach, end)):
            traded = min(closing, end) - opening
            if traded >= left:
                return min(closing, end) - left
            left -= traded
    return None


def _trading_days_before(count: int, end: datetime, sessions: Sessions | None, zone: ZoneInfo) -> datetime | None:
    start, day = None, None
    for opening, closing in reversed(sessions_between(sessions, end - timedelta(days=2 * count + 14), end)):
        closes_on = (closing - _INSTANT).astimezone(zone).date()
        if closes_on != day:
            count -= 1
            if count < 0:
                break
        start, day = opening, closes_on
    return start
