"""IB's trading hours and times, in UTC by the zone database."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit.errors import MissingData
from brokerkit.plugins.ib.hours import sessions_from, within_weekly_hours
from brokerkit.plugins.ib.times import expiry_from, ib_moment, moment_from
from brokerkit.plugins.ib.weekly_hours import weekly_hours_from
from brokerkit.plugins.ib.zones import zone_of


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[misc, arg-type]  # because the parts are given by position


def times(text: str, zone: str) -> list[tuple[datetime, datetime]]:
    return [(session.opening_time, session.closing_time) for session in sessions_from(text, zone)]


def test_a_session_over_midnight_stays_whole() -> None:
    assert times("20240102:1700-20240103:1600", "US/Central") == [(utc(2024, 1, 2, 23), utc(2024, 1, 3, 22))]


def test_summer_time_moves_the_hours() -> None:
    winter, summer = times("20240102:0930-20240102:1600;20240702:0930-20240702:1600", "America/New_York")
    assert winter[0] == utc(2024, 1, 2, 14, 30)
    assert summer[0] == utc(2024, 7, 2, 13, 30)


@pytest.mark.parametrize(
    ("night", "closing_hour"), [("20240309:1700-20240310:1600", 21), ("20241102:1700-20241103:1600", 22)]
)
def test_a_session_over_the_night_in_which_the_clocks_change_closes_by_the_new_time(
    night: str, closing_hour: int
) -> None:
    [(_, closing)] = times(night, "US/Central")
    assert closing.hour == closing_hour


@pytest.mark.parametrize("zone", ["JST", "Japan", "Tokyo Standard Time", "Asia/Tokyo"])
def test_zone_names_of_ib_java_and_windows_mean_the_same(zone: str) -> None:
    assert times("20240102:0900-20240102:1500", zone) == [(utc(2024, 1, 2, 0), utc(2024, 1, 2, 6))]


@pytest.mark.parametrize(
    "zone",
    ["CST", "EST5EDT", "GB-Eire", "MET", "Hongkong", "Australia/NSW", "British Summer Time", "US/Eastern", "UTC"],
)
def test_every_zone_that_ib_is_known_to_send_is_known(zone: str) -> None:
    assert zone_of(zone).key


@pytest.mark.parametrize(
    ("zone", "key"),
    [
        ("CST (Central Standard Time)", "America/Chicago"),
        ("MET (Middle Europe Time)", "Europe/Berlin"),
        ("AEST (Australian Eastern Standard Time (New South Wales))", "Australia/Sydney"),
    ],
)
def test_a_zone_with_its_name_in_words_is_known_by_its_abbreviation(zone: str, key: str) -> None:
    assert zone_of(zone).key == key


def test_a_zone_of_another_country_is_not_taken_for_the_one_before_the_bracket() -> None:
    with pytest.raises(MissingData):
        zone_of("Central Standard Time (Mexico)")  # Windows' name of Mexico City's time


def test_an_unknown_zone_is_an_error_and_not_an_empty_list() -> None:
    with pytest.raises(MissingData, match="No time zone is called 'Middle Earth'"):
        sessions_from("20240102:0900-20240102:1500", "Middle Earth")


def test_closed_days_are_left_out_and_touching_sessions_joined() -> None:
    text = "20240101:CLOSED;20240102:0900-20240102:1200;20240102:1200-20240102:1500"
    assert times(text, "UTC") == [(utc(2024, 1, 2, 9), utc(2024, 1, 2, 15))]


def test_the_older_form_without_closing_dates_is_read() -> None:
    assert times("20240102:0900-1130,1230-1500", "UTC") == [
        (utc(2024, 1, 2, 9), utc(2024, 1, 2, 11, 30)),
        (utc(2024, 1, 2, 12, 30), utc(2024, 1, 2, 15)),
    ]


@pytest.mark.parametrize("text", ["", "20240101:CLOSED", "tomorrow"])
def test_no_hours_are_an_error(text: str) -> None:
    with pytest.raises(MissingData):
        sessions_from(text, "UTC")


def test_user_hours_over_midnight_are_intersected() -> None:
    sessions = sessions_from("20240102:1700-20240103:1600", "US/Central")  # 23:00 to 22:00 UTC
    sydney = weekly_hours_from(["22:00", "03:00"])
    assert [(s.opening_time, s.closing_time) for s in within_weekly_hours(sessions, [sydney])] == [
        (utc(2024, 1, 2, 23), utc(2024, 1, 3, 3))
    ]


def test_user_hours_of_instrument_and_zone_are_both_kept() -> None:
    sessions = sessions_from("20240102:1700-20240103:1600", "US/Central")
    both = [weekly_hours_from(["14:00", "20:00"]), weekly_hours_from({"Wednesday": ["15:00", "22:00"]})]
    assert [(s.opening_time, s.closing_time) for s in within_weekly_hours(sessions, both)] == [
        (utc(2024, 1, 3, 15), utc(2024, 1, 3, 20))
    ]


def test_a_session_over_sunday_midnight_uses_both_days_hours() -> None:
    sessions = sessions_from("20240107:1700-20240108:1600", "US/Central")
    sunday = weekly_hours_from({"Sunday": ["23:30", "01:00"]})
    assert [(s.opening_time, s.closing_time) for s in within_weekly_hours(sessions, [sunday])] == [
        (utc(2024, 1, 7, 23, 30), utc(2024, 1, 8, 1))
    ]


def test_expiry_text_with_time_and_zone() -> None:
    assert expiry_from("20250915 10:00:00 GB").moment == utc(2025, 9, 15, 9)
    assert expiry_from("20270110 12:00:00 GB").day.isoformat() == "2027-01-10"
    assert expiry_from("20250915") == (expiry_from("20250915").day, None)
    assert expiry_from("20250915 15:16", "US/Central").moment == utc(2025, 9, 15, 20, 16)
    with pytest.raises(MissingData, match="'soon'"):
        expiry_from("soon")


def test_execution_times_with_windows_zone_names() -> None:
    assert moment_from("20260405 23:49:26 Central European Standard Time") == utc(2026, 4, 5, 21, 49, 26)


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2080, 1, 1)))  # noqa: DTZ001 because hypothesis wants naive bounds
def test_moments_survive_the_way_to_ib_and_back(naive: datetime) -> None:
    moment = naive.replace(microsecond=0, tzinfo=timezone.utc)
    assert moment_from(ib_moment(moment) + " UTC") == moment


@given(st.integers(0, 6), st.integers(0, 23), st.integers(1, 30))
def test_what_is_left_lies_within_both(day: int, hour: int, length: int) -> None:
    start = utc(2024, 1, 1) + timedelta(days=day, hours=hour)
    end = start + timedelta(hours=length)
    text = f"{start:%Y%m%d:%H%M}-{end:%Y%m%d:%H%M}"
    [whole] = sessions_from(text, "UTC")
    for part in within_weekly_hours([whole], [weekly_hours_from(["22:00", "03:00"])]):
        assert whole.opening_time <= part.opening_time < part.closing_time <= whole.closing_time
        assert part.opening_time.hour >= 22 or part.opening_time.hour < 3
