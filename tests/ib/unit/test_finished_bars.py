"""Which daily bars have ended, by the hours and zones that IB tells, whichever the Gateway is set to tell them in."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from brokerkit.plugins.ib.contract_facts import ContractFacts, PriceSteps, ResolvedContract
from brokerkit.plugins.ib.finished_bars import first_unfinished
from brokerkit.plugins.ib.instrument_table import InstrumentRow
from brokerkit.plugins.ib.times import Expiry
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

CHICAGO = ZoneInfo("America/Chicago")
DAYS = (27, 28, 29, 30)
EMINI = [(datetime(2023, 11, d - 1, 17, tzinfo=CHICAGO), datetime(2023, 11, d, 16, tzinfo=CHICAGO)) for d in DAYS]


def listed(exchange: str, zone: str, sessions: list[tuple[datetime, datetime]]) -> ResolvedContract:
    local = ZoneInfo(zone)
    hours = ";".join(f"{a.astimezone(local):%Y%m%d:%H%M}-{b.astimezone(local):%Y%m%d:%H%M}" for a, b in sessions)
    facts = ContractFacts(
        con_id=1,
        symbol="ES",
        security_type="FUT",
        exchange=exchange,
        currency="USD",
        multiplier=Decimal(50),
        local_symbol="ESZ3",
        trading_class="ES",
        contract_month="202312",
        expiry=Expiry(date(2023, 12, 15), None),
        min_tick=Decimal("0.25"),
        price_magnifier=Decimal(1),
        zone_id=zone,
        hours_text=hours,
    )
    row = InstrumentRow("SP500", "ES", exchange, "USD", Decimal(50))
    read = datetime(2023, 11, 29, tzinfo=timezone.utc)
    return ResolvedContract(
        FuturesContract("SP500", "202312"), row, facts, PriceSteps(((Decimal(0), facts.min_tick),)), read
    )


def first_day(resolved: ResolvedContract, now: datetime) -> int:
    return first_unfinished(resolved, Frequency.DAY, now).day


@pytest.mark.parametrize(
    "zone", ["US/Central", "America/New_York", "UTC", "Europe/Berlin", "Asia/Singapore", "Australia/Sydney"]
)
@pytest.mark.parametrize(("hour", "day"), [(12, 29), (16, 30), (18, 30)])
def test_a_day_of_the_exchange_is_its_own_in_whichever_zone_its_hours_are_told(zone: str, hour: int, day: int) -> None:
    now = datetime(2023, 11, 29, hour, tzinfo=CHICAGO)
    assert first_day(listed("CME", zone, EMINI), now) == day


def test_a_bar_within_a_day_has_ended_at_the_moment_at_which_the_next_one_begins() -> None:
    resolved, now = listed("CME", "US/Central", EMINI), datetime(2023, 11, 29, 15, tzinfo=timezone.utc)
    last_ended = now - timedelta(hours=1)
    assert last_ended < first_unfinished(resolved, Frequency.HOUR, now) < last_ended + timedelta(seconds=1)
    assert first_unfinished(resolved, Frequency.HOUR, now - timedelta(seconds=1)) < last_ended


@pytest.mark.parametrize(("hour", "day"), [(12, 29), (23, 30)])
def test_no_exchange_s_day_is_guessed_from_utc(hour: int, day: int) -> None:
    """A bar may be left out an evening too long, and never comes too soon."""
    assert first_day(listed("ELSEWHERE", "UTC", EMINI), datetime(2023, 11, 29, hour, tzinfo=timezone.utc)) == 29
    assert first_day(listed("ELSEWHERE", "US/Central", EMINI), datetime(2023, 11, 29, hour, tzinfo=timezone.utc)) == day


@pytest.mark.parametrize(("hour", "day"), [(1, 29), (12, 29), (23, 29)])
def test_a_session_that_begins_where_the_last_one_ended_is_another_day(hour: int, day: int) -> None:
    begin = datetime(2023, 11, 27, tzinfo=CHICAGO)
    whole_days = [(begin + timedelta(days=n), begin + timedelta(days=n + 1)) for n in range(5)]
    assert first_day(listed("CME", "US/Central", whole_days), datetime(2023, 11, 29, hour, tzinfo=CHICAGO)) == day
