"""How far back a duration such as `30 D` reaches: seconds are trading time, days are trading days."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import attrs

from brokerkit.plugins.sim.exchange.sessions import Sessions
from brokerkit.plugins.sim.gateway.codec import MessageError
from brokerkit.plugins.sim.gateway.contracts.hours import sessions_between

_DURATION = re.compile(r"(\d{1,6}) ?([SDWMY])")
_MAX_COUNT = {"S": (86_400, "seconds", "days"), "D": (365, "days", "years")}
"""The most of a unit that a gateway accepts, the unit's name, and the larger unit to use beyond that."""

_CALENDAR_DAYS = {"D": 1.0, "W": 7.0, "M": 30.4375, "Y": 365.25}
_MAX_YEARS = 100
_MAX_DURATIONS = {1: 1800, 5: 3600, 10: 14_400, 15: 14_400, 30: 28_800}
"""The longest duration in seconds per bar length in seconds, by IB's table of step sizes; longer bars have no limit:
https://interactivebrokers.github.io/tws-api/historical_limitations.html.
"""

_LOOK_BACK = (timedelta(days=4), timedelta(days=30), timedelta(days=400))
_INSTANT = timedelta(microseconds=1)


@attrs.frozen
class Duration:
    """A number of seconds, days, weeks, months or years.

    Attributes:
        count: The number of units.
        unit: `S`, `D`, `W`, `M` or `Y`.
    """

    count: int
    unit: str

    @property
    def in_calendar_time(self) -> timedelta:
        """Its length in calendar time."""
        if self.unit == "S":
            return timedelta(seconds=self.count)
        return timedelta(days=self.count * _CALENDAR_DAYS[self.unit])


def parse_duration(text: str) -> Duration:
    """Return a duration such as `30 D` or `3600 S`.

    Raises:
        MessageError: The text is not a duration, or is longer than a gateway accepts in that unit.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise MessageError(f"{text[:60]!r} is not a duration")
    found = Duration(int(match[1]), match[2])
    most, unit, larger = _MAX_COUNT.get(found.unit, (found.count, "", ""))
    if found.count > most:
        raise MessageError(f"Historical data requests for durations longer than {most} {unit} must be made in {larger}")
    if found.in_calendar_time > timedelta(days=_MAX_YEARS * _CALENDAR_DAYS["Y"]):
        raise MessageError(f"{text[:60]!r} is longer than {_MAX_YEARS} years")
    return found


def is_step_valid(duration: Duration, bar_seconds: int) -> bool:
    """Return whether a duration is allowed for bars of this length."""
    longest = _MAX_DURATIONS.get(bar_seconds)
    return longest is None or duration.in_calendar_time <= timedelta(seconds=longest)


def start_of(duration: Duration, end: datetime, sessions: Sessions | None, zone: str) -> datetime:
    """Return the start of a duration that ends at a given time.

    Counts as a real gateway does (rust-ibapi's pull request 837, verified on a paper account): seconds count only while
    the market trades, so a closed weekend does not count; `1 D` starts where the current or latest trading day starts,
    `2 D` one trading day earlier; longer units are calendar time.

    Args:
        duration: The duration.
        end: Its end, aware.
        sessions: When the market is open; None means always.
        zone: IANA name of the exchange's zone: sessions that close on the same date there are one trading day.
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
