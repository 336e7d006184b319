"""Expiries by rule, against the last trading days that the exchanges published."""

from __future__ import annotations

from datetime import date

import pytest

from brokerkit.plugins.sim.feeds import SyntheticFeed
from brokerkit.plugins.sim.feeds.expiry import days_after_the_first
from brokerkit.plugins.sim.feeds.hours import GLOBEX, market_hours

FEED = SyntheticFeed()


@pytest.mark.parametrize(
    ("code", "month", "last_day"),
    [
        ("CORN", "202312", date(2023, 12, 14)),
        ("CRUDE_W", "202401", date(2023, 12, 19)),
        ("CRUDE_W", "202304", date(2023, 3, 21)),
        ("EDOLLAR", "202212", date(2022, 12, 19)),
        ("GOLD", "202312", date(2023, 12, 27)),
        ("SP500", "202306", date(2023, 6, 16)),
        ("US10", "202312", date(2023, 12, 19)),
        ("BUND", "202309", date(2023, 9, 7)),
        ("GAS_US", "202401", date(2023, 12, 27)),
        ("NIKKEI", "202306", date(2023, 6, 8)),
        ("EUR", "202309", date(2023, 9, 18)),
    ],
)
def test_last_trading_day(code: str, month: str, last_day: date) -> None:
    (found,) = [one for one in FEED.contracts(code) if one.contract.date == month]
    assert found.expiry == last_day


def test_an_offset_that_ends_on_a_weekend_is_moved_back() -> None:
    assert days_after_the_first(14)(2023, 7, market_hours(GLOBEX)) == date(2023, 7, 14)
    assert days_after_the_first(-11)(2023, 12, market_hours(GLOBEX)) == date(2023, 11, 20)
