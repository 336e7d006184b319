"""How far back bars reach: seconds count while the market trades, days are trading days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import ib_insync as ibi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit.plugins.ib.history_plan import plan
from brokerkit.plugins.sim.exchange.sessions import WeeklyHours
from brokerkit.plugins.sim.gateway import (
    GatewaySettings,
    Limits,
    ManualClock,
    SimulatedGateway,
    sample_market,
    simulated_gateway,
)
from brokerkit.plugins.sim.gateway.contracts.hours import sessions_between
from brokerkit.plugins.sim.gateway.durations import Duration, is_step_valid, parse_duration, start_of
from brokerkit.plugins.sim.gateway.times import parse_bar_size
from brokerkit.spec.prices import Frequency

UTC = timezone.utc
CHICAGO = ZoneInfo("America/Chicago")
EVENING_AND_DAY = [(time(19), time(7, 45)), (time(8, 30), time(13, 20))]
GRAINS = WeeklyHours(
    {day: EVENING_AND_DAY if day != 4 else EVENING_AND_DAY[1:] for day in range(5)} | {6: EVENING_AND_DAY[:1]},
    CHICAGO.key,
)
"""Two sessions a trading day: from the evening before to the morning, and over noon."""

moments = st.datetimes(datetime(2023, 1, 1), datetime(2024, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 because Hypothesis wants naive bounds


@pytest.fixture
def client(run_gateway: Callable[..., SimulatedGateway], connect: Callable[..., ibi.IB]) -> ibi.IB:
    """A client of a gateway whose markets are open from 8 to 16 UTC, on Wednesday, November 29."""
    return connect(run_gateway(hours=(8, 16)))


@pytest.fixture(scope="module")
def every_second() -> Iterator[SimulatedGateway]:
    """A gateway that knows every second of the day before."""
    market = sample_market(bar_seconds=1, days=0, days_before=1)
    with simulated_gateway(market, GatewaySettings(port=0, limits=Limits.none()), clock=ManualClock()) as gateway:
        yield gateway


@pytest.fixture
def client_of_seconds(every_second: SimulatedGateway, connect: Callable[..., ibi.IB]) -> ibi.IB:
    """A client of a gateway that knows every second."""
    return connect(every_second)


@pytest.mark.parametrize(
    ("end", "duration", "first"),
    [
        ("20231128 12:00:00 UTC", "1 D", "20231128 08:00"),  # the session under way
        ("20231128 12:00:00 UTC", "2 D", "20231127 08:00"),
        ("20231128 07:00:00 UTC", "1 D", "20231127 08:00"),  # before the session: the one before
        ("20231128 12:00:00 UTC", "14400 S", "20231128 08:00"),
        ("20231128 12:00:00 UTC", "18000 S", "20231127 15:00"),  # an hour of the session before
        ("20231128 12:00:00 UTC", "86400 S", "20231126 00:00"),  # to the Thursday before, of which there is no bar
    ],
)
def test_bars_reach_back_as_far_as_the_market_traded(client: ibi.IB, end: str, duration: str, first: str) -> None:
    (contract,) = client.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    bars = client.reqHistoricalData(contract, end, duration, "1 min", "TRADES", True, 2)
    assert f"{bars[0].date:%Y%m%d %H:%M}" == first


def test_a_schedule_of_days_lists_as_many_sessions(client: ibi.IB) -> None:
    (contract,) = client.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    schedule = client.reqHistoricalSchedule(contract, 7)
    assert [session.refDate for session in schedule.sessions] == [
        *("20231120", "20231121", "20231122", "20231123", "20231124", "20231127", "20231128")
    ]


@pytest.mark.parametrize(("duration", "unit"), [("86401 S", "days"), ("366 D", "years")])
def test_a_duration_too_long_for_its_unit_is_refused_and_the_unit_named(
    client: ibi.IB, duration: str, unit: str
) -> None:
    found: list[tuple[int, str]] = []
    client.errorEvent += lambda _, code, text, __: found.append((code, text))
    (contract,) = client.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    assert not client.reqHistoricalData(contract, "", duration, "1 day", "TRADES", True, 2)
    ((code, text),) = found
    assert code == 321
    assert text.endswith(f"must be made in {unit}")


@pytest.mark.parametrize(
    ("size", "longest", "too_long"),
    [
        ("1 secs", "1800 S", "1801 S"),
        ("1 secs", "1800 S", "1 D"),
        ("5 secs", "3600 S", "3601 S"),
        ("10 secs", "14400 S", "14401 S"),
        ("15 secs", "14400 S", "1 D"),
        ("30 secs", "28800 S", "28801 S"),
        ("30 secs", "28800 S", "1 W"),
    ],
)
def test_bars_of_seconds_reach_back_only_so_far(
    client_of_seconds: ibi.IB, size: str, longest: str, too_long: str
) -> None:
    found: list[tuple[int, str]] = []
    client_of_seconds.errorEvent += lambda _, code, text, __: found.append((code, text))
    (contract,) = client_of_seconds.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    assert client_of_seconds.reqHistoricalData(contract, "", longest, size, "TRADES", True, 2)
    assert not client_of_seconds.reqHistoricalData(contract, "", too_long, size, "TRADES", True, 2)
    text = f"Historical Market Data Service error message:invalid step: {size.split()[0]}"
    assert found == [(162, text)]


@pytest.mark.parametrize("frequency", Frequency)
def test_the_ib_plugin_asks_for_no_step_that_is_refused(frequency: Frequency) -> None:
    end = datetime(2023, 11, 29, tzinfo=UTC)
    for request in plan(frequency, end - 500 * frequency.length - timedelta(days=3), end):
        assert is_step_valid(parse_duration(request.duration), parse_bar_size(request.bar_size))


def test_bars_of_a_minute_reach_back_as_far_as_a_client_likes(client: ibi.IB) -> None:
    (contract,) = client.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    assert len(client.reqHistoricalData(contract, "", "1 Y", "1 min", "TRADES", True, 2)) == 3 * 1440


def trading_time(start: datetime, end: datetime) -> timedelta:
    """Return for how long the grains traded between two moments."""
    spans = sessions_between(GRAINS, start, end)
    return sum((min(closing, end) - max(opening, start) for opening, closing in spans), timedelta())


@given(moments, st.integers(1, 86_400))
def test_seconds_are_seconds_of_trading(end: datetime, seconds: int) -> None:
    start = start_of(Duration(seconds, "S"), end, GRAINS, CHICAGO.key)
    assert trading_time(start, end) == timedelta(seconds=seconds)


@given(moments, st.integers(1, 40))
def test_days_are_trading_days_with_all_their_sessions(end: datetime, days: int) -> None:
    start = start_of(Duration(days, "D"), end, GRAINS, CHICAGO.key)
    spans = sessions_between(GRAINS, start, end)
    assert spans[0][0] == start
    assert f"{start.astimezone(CHICAGO):%H:%M}" == "19:00"
    closing_dates = {closing.astimezone(CHICAGO).date() for _, closing in spans}
    assert len(closing_dates) == days


LEGAL = "1 secs, 5 secs, 10 secs, 15 secs, 30 secs, 1 min, 2 mins, 3 mins, 5 mins, 10 mins, 15 mins, 20 mins, 30 mins, "
LEGAL += "1 hour, 2 hours, 3 hours, 4 hours, 8 hours, 1 day, 1W, 1M"


@pytest.mark.parametrize("size", ["1 sec", "1 hours", "1 days", "1D", "7 mins", "1 mins", "2 weeks"])
def test_a_bar_size_in_other_words_is_refused_with_those_there_are(client: ibi.IB, size: str) -> None:
    found: list[tuple[int, str]] = []
    client.errorEvent += lambda _, code, text, __: found.append((code, text.partition(" : ")[2]))
    (contract,) = client.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    assert not client.reqHistoricalData(contract, "", "1800 S", size, "TRADES", True, 2)
    assert found == [(321, f"cause - Historical data bar size setting is invalid. Legal ones are: {LEGAL}")]


@pytest.mark.parametrize(("size", "same"), [("1W", "1 week"), ("1M", "1 month")])
def test_weeks_and_months_have_two_names(client: ibi.IB, size: str, same: str) -> None:
    (contract,) = client.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    bars, again = (client.reqHistoricalData(contract, "", "1 M", name, "TRADES", True, 2) for name in (size, same))
    assert list(bars) == list(again)
    assert bars
