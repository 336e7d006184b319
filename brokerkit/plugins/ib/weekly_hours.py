"""The user's weekly trading hours, in pysystemtrade's three formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

import attrs

from brokerkit.errors import InvalidSetting

Opening = tuple[time, time]
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@attrs.frozen
class WeeklyHours:
    """Sessions by day of the week, in UTC; one that closes before it opens crosses midnight.

    Attributes:
        by_day: Seven tuples of opening and closing times, Monday first.
    """

    by_day: tuple[tuple[Opening, ...], ...]

    def of_weekday(self, weekday: int) -> tuple[Opening, ...]:
        """Return a day's sessions; Monday is 0."""
        return self.by_day[weekday]


def weekly_hours_from(given: Any, place: str = "") -> WeeklyHours:
    """Parse weekly hours in any of the formats: by weekday, a list of sessions, or one session.

    Args:
        given: The value from a YAML or TOML file. A session is a pair of texts `HH:MM`.
        place: Where it is, for the error message.

    Raises:
        InvalidSetting: It is in none of the formats.

    Example:
        >>> weekly_hours_from(["14:00", "19:00"]).of_weekday(4)
        ((datetime.time(14, 0), datetime.time(19, 0)),)
        >>> weekly_hours_from({"Monday": [["15:00", "21:00"]]}).of_weekday(1)
        ()
    """
    if isinstance(given, Mapping):
        unknown = [str(day) for day in given if day not in WEEKDAYS]
        if unknown:
            raise InvalidSetting(f"{unknown[0]!r} is not a day of the week.", place=place, candidates=WEEKDAYS)
        return WeeklyHours(tuple(_sessions(given.get(day, []), place) for day in WEEKDAYS))
    return WeeklyHours((_sessions(given, place),) * 7)


def _sessions(given: Any, place: str) -> tuple[Opening, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise _no_hours(given, place)
    if len(given) == 2 and all(isinstance(part, str) for part in given):
        return (_session(given, place),)
    return tuple(_session(pair, place) for pair in given)


def _session(pair: Any, place: str) -> Opening:
    try:
        opening, closing = pair
        return time.fromisoformat(opening), time.fromisoformat(closing)
    except (TypeError, ValueError):
        raise _no_hours(pair, place) from None


def _no_hours(given: Any, place: str) -> InvalidSetting:
    return InvalidSetting(
        f"{given!r} is not a valid trading session.",
        place=place,
        remedy="Write a session as two times, such as ['14:00', '19:00'].",
    )
