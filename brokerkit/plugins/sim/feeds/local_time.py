"""Converting local times of a time zone to UTC, many at once."""

from __future__ import annotations

import numpy as np

from brokerkit.plugins.sim.feeds.bars import DAY, SECOND, Times
from brokerkit.plugins.sim.feeds.hours import MarketHours

_MINUTES_A_DAY = 1440
_FRIDAY = 4


def utc_of_local(seconds: Times, zone: str) -> Times:
    """Return local times as nanoseconds since 1970 UTC.

    A local time that occurs twice, when clocks go back, is the second one; one that never occurs, when
    they go forward, is the first moment after the gap.

    Args:
        seconds: Local times, as seconds since 1970-01-01 00:00 in the zone.
        zone: The zone's name, such as `Europe/London`.

    Example:
        >>> import numpy as np
        >>> noon_in_july = np.array(["2023-07-03T12:00"], "datetime64[s]").astype("int64")
        >>> utc_of_local(noon_in_july, "Europe/London").astype("datetime64[ns]")
        array(['2023-07-03T11:00:00.000000000'], dtype='datetime64[ns]')
    """
    import pandas as pd

    local = pd.DatetimeIndex(seconds.astype("datetime64[s]"))
    second_time = np.zeros(len(local), np.bool_)
    aware = local.tz_localize(zone, ambiguous=second_time, nonexistent="shift_forward")
    found: Times = aware.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    return found * SECOND


def closes_of(hours: MarketHours, days: Times) -> Times:
    """Return the end of trading on each of many dates, nanoseconds UTC.

    A Saturday or a Sunday lasts until its midnight: what carries that date may be of the evening, when
    Monday's trading has begun.

    Args:
        hours: The market's hours.
        days: Dates as days since 1970-01-01.
    """
    closing = np.where(_weekday(days) > _FRIDAY, _MINUTES_A_DAY, hours.market.segments[-1][1])
    return utc_of_local((days * _MINUTES_A_DAY + closing) * 60, hours.market.zone)


def trading_days_of(hours: MarketHours, moments: Times) -> Times:
    """Return the date to which trading at each moment belongs, as days since 1970-01-01.

    After the end of a date's trading, the next weekday's starts; holidays are ignored.
    """
    days = moments // DAY
    days = days + (moments > closes_of(hours, days))
    weekday = _weekday(days)
    found: Times = days + np.where(weekday > _FRIDAY, 7 - weekday, 0)
    return found


def _weekday(days: Times) -> Times:
    found: Times = (days + 3) % 7
    return found
