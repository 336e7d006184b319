"""Last trading days of real contracts, as their exchanges published them."""

from __future__ import annotations

from datetime import date

import pytest

from brokerkit.plugins.sim.feeds.expiry import KNOWN_RULES
from brokerkit.plugins.sim.feeds.hours import GLOBEX, GRAINS, market_hours


@pytest.mark.parametrize(
    ("code", "year", "month", "expiry"),
    [
        ("CRUDE_W", 2023, 12, date(2023, 11, 20)),  # Thanksgiving is no business day
        ("CRUDE_W", 2022, 12, date(2022, 11, 21)),
        ("CRUDE_W", 2023, 1, date(2022, 12, 20)),
        ("CRUDE_W", 2020, 5, date(2020, 4, 21)),
        ("GOLD", 2023, 5, date(2023, 5, 26)),  # nor is Memorial Day
        ("GOLD", 2023, 12, date(2023, 12, 27)),
        ("GAS_US", 2023, 6, date(2023, 5, 26)),
        ("EDOLLAR", 2023, 3, date(2023, 3, 13)),
        ("EUR", 2023, 6, date(2023, 6, 16)),
        ("SP500", 2023, 6, date(2023, 6, 16)),
    ],
)
def test_contracts_end_when_they_really_did(code: str, year: int, month: int, expiry: date) -> None:
    assert KNOWN_RULES[code](year, month, market_hours(GLOBEX)) == expiry


def test_corn_ends_on_the_business_day_before_the_15th() -> None:
    assert KNOWN_RULES["CORN"](2023, 12, market_hours(GRAINS)) == date(2023, 12, 14)
    assert KNOWN_RULES["CORN"](2024, 9, market_hours(GRAINS)) == date(2024, 9, 13)
