"""Trading hours: sessions over midnight, breaks, daylight saving time, holidays."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds.bars import to_datetime
from brokerkit.plugins.sim.feeds.hours import (
    CURRENCIES,
    EUREX,
    GLOBEX,
    GRAINS,
    ICE_EUROPE,
    OSAKA,
    Market,
    market_hours,
    market_of,
)

MARKETS = [GLOBEX, GRAINS, EUREX, ICE_EUROPE, OSAKA, CURRENCIES]


def _at(*moment: int) -> int:
    return nanoseconds(datetime(*moment, tzinfo=timezone.utc))


def _text(session: tuple[int, int] | None) -> str:
    assert session is not None
    return f"{to_datetime(session[0]):%a %d %H:%M} - {to_datetime(session[1]):%a %d %H:%M}"


@pytest.mark.parametrize(
    ("market", "moment", "session"),
    [
        (GLOBEX, (2023, 3, 8, 15), "Tue 07 23:00 - Wed 08 22:00"),
        (GLOBEX, (2023, 3, 8, 22), "Wed 08 23:00 - Thu 09 22:00"),
        (GLOBEX, (2023, 3, 11, 12), "Sun 12 22:00 - Mon 13 21:00"),  # after the change to summer time in Chicago
        (GRAINS, (2023, 3, 8, 14), "Wed 08 14:30 - Wed 08 19:20"),
        (GRAINS, (2023, 3, 8, 3), "Wed 08 01:00 - Wed 08 13:45"),
        (EUREX, (2023, 3, 27, 12), "Sun 26 23:10 - Mon 27 20:00"),  # after the change to summer time in Frankfurt
        (OSAKA, (2023, 3, 8, 15), "Wed 08 23:45 - Thu 09 06:15"),
        (CURRENCIES, (2023, 3, 8, 15), "Tue 07 22:00 - Wed 08 22:00"),
    ],
)
def test_sessions(market: Market, moment: tuple[int, ...], session: str) -> None:
    assert _text(market_hours(market).current_or_next(_at(*moment))) == session


@pytest.mark.parametrize(
    ("market", "holiday"),
    [(GLOBEX, date(2023, 12, 25)), (GLOBEX, date(2023, 4, 7)), (EUREX, date(2023, 5, 1)), (OSAKA, date(2023, 1, 3))],
)
def test_nobody_trades_on_a_holiday(market: Market, holiday: date) -> None:
    hours = market_hours(market)
    assert holiday.weekday() < 5
    assert not hours.is_trading_date(holiday)
    assert hours.step(holiday - timedelta(days=1), 1) > holiday


@settings(max_examples=60, deadline=None)
@given(market=st.sampled_from(MARKETS), minutes=st.integers(0, 28 * 365 * 1440))
def test_sessions_follow_each_other_without_overlap(market: Market, minutes: int) -> None:
    hours = market_hours(market)
    now = _at(2000, 1, 1) + minutes * 60_000_000_000
    sessions = hours.sessions_between(now, now + 10 * 86_400_000_000_000)
    assert sessions
    assert sessions[0] == hours.current_or_next(now)
    assert all(opening < closing for opening, closing in sessions)
    assert all(one[1] <= following[0] for one, following in pairwise(sessions))
    assert sessions[0][1] > now
    assert hours.is_open(now) is (sessions[0][0] <= now)


def test_a_session_over_new_year_is_there_once() -> None:
    hours = market_hours(CURRENCIES)
    around = hours.sessions_between(_at(2024, 12, 30), _at(2025, 1, 4))
    assert len(around) == len(set(around)) == 5


def test_minutes_of_a_day() -> None:
    assert (GLOBEX.minutes, GRAINS.minutes) == (23 * 60, 765 + 290)


def test_the_same_hours_are_one_object() -> None:
    assert market_hours(market_of("CME", "Equity")) is market_hours(market_of("COMEX", "Metals"))


def test_grains_trade_otherwise_than_bonds_on_one_exchange() -> None:
    assert (market_of("CBOT", "Ags"), market_of("CBOT", "Bond")) == (GRAINS, GLOBEX)
