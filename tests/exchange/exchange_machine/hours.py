"""When markets are open: for the exchange as it wants to be told, and for the plain one session by session."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from hypothesis import strategies as st

from brokerkit.plugins.sim.exchange import SessionList, Sessions, WeeklyHours

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 24 * 60 * MINUTE
START = datetime(2023, 1, 2, 23, 50, tzinfo=timezone.utc)
BEGIN = int(START.timestamp()) * SECOND
DAYS = 12
"""For how many days the plain exchange knows the hours."""


@dataclass(repr=False)
class Hours:
    """One market's hours."""

    sessions: Sessions | None
    spans: list[tuple[int, int]]

    def __repr__(self) -> str:
        opening = [(opening - BEGIN) // SECOND for opening, _ in self.spans if opening > BEGIN - DAY][:3]
        return f"<Hours that open at {opening} seconds …>"


def every_day() -> Hours:
    """Return sessions of one UTC day, which is what no hours mean."""
    midnight = BEGIN // DAY * DAY
    return Hours(None, [(midnight + at * DAY, midnight + (at + 1) * DAY) for at in range(-1, DAYS)])


def short(opened: int, closed: int, first: int) -> Hours:
    """Return sessions of so many minutes, with so many minutes between them."""
    length = (opened + closed) * MINUTE
    begin = BEGIN - first * MINUTE - length
    spans = [(begin + at * length, begin + at * length + opened * MINUTE) for at in range(900 // (opened + closed) + 3)]
    spans.append((spans[-1][1] + DAYS * DAY, spans[-1][1] + DAYS * DAY + MINUTE))
    return Hours(SessionList(spans), spans)


def over_midnight(opens: time, closes: time, holiday: int) -> Hours:
    """Return sessions on weekdays that may run over midnight, without one of them."""
    off = START.date() + timedelta(days=holiday)
    weekly = WeeklyHours({day: [(opens, closes)] for day in range(5)}, holidays=[off])
    days = [START.date() + timedelta(days=ahead) for ahead in range(-2, DAYS + 7)]
    return Hours(weekly, [_session(day, opens, closes) for day in days if day != off and day.weekday() < 5])


def _session(day: date, opens: time, closes: time) -> tuple[int, int]:
    last = day + timedelta(days=1) if closes <= opens else day
    instants = (datetime.combine(on, at, tzinfo=timezone.utc) for on, at in ((day, opens), (last, closes)))
    first, final = (int(instant.timestamp()) * SECOND for instant in instants)
    return first, final


drawn_hours = st.one_of(
    st.builds(short, st.integers(2, 9), st.integers(0, 5), st.integers(0, 3)),
    st.builds(
        over_midnight,
        st.sampled_from([time(23, 40), time(23, 53), time(9)]),
        st.sampled_from([time(23, 58), time(0, 3), time(23, 20)]),
        st.sampled_from([-5, 1]),
    ),
)
