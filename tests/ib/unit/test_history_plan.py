"""Long ranges are asked for in stretches that leave out nothing, and not more of them than needed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from brokerkit.plugins.ib.history_plan import plan
from brokerkit.plugins.ib.times import moment_from
from brokerkit.spec.prices import Frequency

_END = datetime(2023, 3, 8, 15, 0, tzinfo=timezone.utc)  # in the middle of a day, and of its bar


@pytest.mark.parametrize(("frequency", "days"), [(Frequency.DAY, 365), (Frequency.HOUR, 30), (Frequency.MINUTES_15, 7)])
def test_the_bar_in_which_two_stretches_meet_is_whole_in_one(frequency: Frequency, days: int) -> None:
    newer, older = plan(frequency, _END - timedelta(days=days + 5), _END)
    begin_of_newer = moment_from(newer.end) - timedelta(days=days)
    assert moment_from(older.end) - begin_of_newer == frequency.length


def test_a_range_of_one_stretch_is_one_request() -> None:
    assert len(list(plan(Frequency.DAY, _END - timedelta(days=365), _END))) == 1
