"""When IB is down as scheduled, by New York's clock in summer and winter."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from brokerkit.plugins.ib.downtime import expected_downtime

DAILY, WEEKEND = "IB's daily reset", "IB's weekend maintenance"


@pytest.mark.parametrize("month", [1, 7])
@pytest.mark.parametrize(
    ("day", "clock", "reason"),  # the 1st is a Monday in both months of 2024
    [
        (1, "23:44", ""),
        (1, "23:45", DAILY),
        (2, "00:44", DAILY),
        (2, "00:45", ""),
        (5, "00:30", DAILY),  # Friday morning belongs to Thursday night
        (5, "02:00", ""),
        (5, "22:59", ""),
        (5, "23:00", WEEKEND),
        (6, "02:59", WEEKEND),
        (6, "03:00", ""),
        (6, "23:10", ""),
        (6, "23:50", DAILY),
    ],
)
def test_downtime_is_expected_by_new_york_s_clock(month: int, day: int, clock: str, reason: str) -> None:
    moment = datetime.fromisoformat(f"2024-{month:02}-{day:02}T{clock}").replace(tzinfo=ZoneInfo("America/New_York"))
    assert expected_downtime(moment.astimezone(ZoneInfo("UTC"))) == reason
