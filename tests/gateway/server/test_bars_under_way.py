"""Bars of a feed: the one under way is the last one told, and bars of days carry their trading date."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds import open_feed
from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.parts import Contract

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202303", exchange="CME", currency="USD")
BUND = Contract(symbol="GBL", sec_type="FUT", last_trade_date="202306", exchange="EUREX", currency="EUR")
EURO = Contract(symbol="EUR", sec_type="CASH", exchange="IDEALPRO", currency="USD")
WEDNESDAY = datetime(2023, 3, 8, 15, tzinfo=timezone.utc)  # nine in Chicago

Connect = Callable[..., Any]
Row = tuple[Any, ...]
Fed = Callable[..., SimulatedGateway]


def asked(contract: Contract, bar_size: str, duration: str, **more: Any) -> requests.history.HistoricalDataRequest:
    more = {"what_to_show": "TRADES" if contract.sec_type == "FUT" else "MIDPOINT", "format_date": 2} | more
    return requests.history.HistoricalDataRequest(1, contract, bar_size=bar_size, duration=duration, **more)


def bars(client: Any, *request: Any, **more: Any) -> list[Row]:
    """Return date, open, high, low, close and volume of every bar that answers."""
    (frame,) = client.answers(asked(*request, **more))
    assert frame[0] == "17", frame
    cells = frame[5:]
    rows = [cells[at : at + 8] for at in range(0, len(cells) - 7, 8)]
    return [(row[0], *map(float, row[1:6])) for row in rows]


def whole(rows: list[Row], since: str = "") -> tuple[float, ...]:
    """Return open, high, low, close and volume of bars together."""
    chosen = [row for row in rows if row[0] >= since]
    return (
        chosen[0][1],
        max(row[2] for row in chosen),
        min(row[3] for row in chosen),
        chosen[-1][4],
        sum(row[5] for row in chosen),
    )


def epoch(moment: datetime) -> str:
    return str(int(moment.timestamp()))


@pytest.mark.parametrize("contract", [ES, BUND, EURO])
def test_the_bar_under_way_is_the_last_one_told_and_made_of_what_has_traded(
    fed: Fed, raw: Connect, contract: Contract
) -> None:
    gateway = fed(WEDNESDAY)
    client = raw(gateway)
    gateway.advance(timedelta(minutes=20, seconds=30))
    last = bars(client, contract, "1 hour", "2 D")[-1]
    assert last[0] == epoch(WEDNESDAY)
    tens = bars(client, contract, "10 secs", "3600 S")
    assert last[1:] == pytest.approx(whole(tens, epoch(WEDNESDAY)) if contract is not EURO else (*last[1:5], -1.0))
    gateway.advance(timedelta(minutes=39, seconds=30))
    assert [row[0] for row in bars(client, contract, "1 hour", "2 D")[-2:]][-1] == epoch(WEDNESDAY)


def test_an_hour_that_has_ended_contains_what_was_told_of_it_before(fed: Fed, raw: Connect) -> None:
    gateway = fed(WEDNESDAY)
    client = raw(gateway)
    gateway.advance(timedelta(minutes=20))
    under_way = bars(client, ES, "1 hour", "1 D")[-1]
    gateway.advance(timedelta(minutes=40))
    ended = bars(client, ES, "1 hour", "1 D")[-1]
    assert (under_way[0], under_way[1]) == (ended[0], ended[1])
    assert ended[2] >= under_way[2]
    assert ended[3] <= under_way[3]
    assert ended[5] > under_way[5]


def test_the_day_under_way_is_the_last_daily_bar(fed: Fed, raw: Connect) -> None:
    client = raw(fed(WEDNESDAY))
    days = bars(client, ES, "1 day", "3 D")
    assert [row[0] for row in days] == ["20230306", "20230307", "20230308"]
    since = datetime(2023, 3, 7, 23, tzinfo=timezone.utc)  # five in the afternoon in Chicago, the evening before
    assert days[-1][1:] == pytest.approx(whole(bars(client, ES, "1 min", "2 D"), epoch(since)))


@pytest.mark.parametrize(("contract", "at"), [(ES, 15), (BUND, 15), (EURO, 15), (ES, 1)])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_so_many_days_are_so_many_daily_bars(fed: Fed, raw: Connect, contract: Contract, at: int, count: int) -> None:
    client = raw(fed(WEDNESDAY.replace(hour=at)))
    days = [row[0] for row in bars(client, contract, "1 day", f"{count} D")]
    assert days == ["20230302", "20230303", "20230306", "20230307", "20230308"][-count:]


def test_an_evening_s_trading_counts_for_the_next_day(fed: Fed, raw: Connect) -> None:
    evening = datetime(2023, 3, 8, 23, 30, tzinfo=timezone.utc)  # half past five in Chicago: the ninth has begun
    client = raw(fed(evening))
    assert [row[0] for row in bars(client, ES, "1 day", "2 D")] == ["20230308", "20230309"]
    assert [row[0] for row in bars(client, ES, "1 day", "1 D")] == ["20230309"]
    sunday = datetime(2023, 3, 5, 23, 30, tzinfo=timezone.utc)
    client = raw(fed(sunday), client_id=2)
    assert [row[0] for row in bars(client, ES, "1 day", "2 D")] == ["20230303", "20230306"]
    assert [row[0] for row in bars(client, ES, "1 week", "2 W")] == ["20230303", "20230306"]


def test_between_two_days_none_is_under_way(fed: Fed, raw: Connect) -> None:
    closed = datetime(2023, 3, 8, 22, 30, tzinfo=timezone.utc)
    client = raw(fed(closed))
    assert [row[0] for row in bars(client, ES, "1 day", "2 D")] == ["20230307", "20230308"]
    assert bars(client, ES, "1 hour", "1 D")[-1][0] == epoch(closed.replace(hour=21, minute=0))


def test_a_week_is_whole_and_the_last_one_under_way(fed: Fed, raw: Connect) -> None:
    client = raw(fed(WEDNESDAY))
    days = bars(client, ES, "1 day", "12 D")
    weeks = bars(client, ES, "1 week", "2 W")
    assert [row[0] for row in weeks] == ["20230303", "20230308"]  # the last day in each
    assert weeks[0][1:] == pytest.approx(whole([row for row in days if "20230227" <= row[0] <= "20230303"]))
    assert weeks[1][1:] == pytest.approx(whole(days, "20230306"))


def test_bars_kept_up_to_date_grow_until_they_have_ended(fed: Fed, raw: Connect) -> None:
    gateway = fed(WEDNESDAY)
    client = raw(gateway)
    first = bars(client, ES, "1 min", "3600 S", keep_up_to_date=True)[-1]
    assert first[0] == epoch(WEDNESDAY - timedelta(minutes=1))
    told: list[list[str]] = []
    for _ in range(12):
        gateway.advance(timedelta(seconds=10))
        told += client.answers(requests.session.ManagedAccountsRequest())[:-1]
    assert {frame[0] for frame in told} == {"90"}
    assert [frame[3] for frame in told] == [epoch(WEDNESDAY)] * 6 + [epoch(WEDNESDAY + timedelta(minutes=1))] * 6
    assert [float(frame[9]) for frame in told[:6]] == sorted(float(frame[9]) for frame in told[:6])


def test_a_question_about_the_past_is_told_nothing_of_what_came_after(fed: Fed, raw: Connect) -> None:
    client = raw(fed(WEDNESDAY + timedelta(hours=2)))
    for size in ("1 hour", "1 day"):
        then = bars(client, ES, size, "2 D", end_time="20230308-15:20:00")[-1]
        now = raw(fed(WEDNESDAY + timedelta(minutes=20)), client_id=3)
        assert then == bars(now, ES, size, "2 D")[-1]


def test_a_day_under_way_begins_as_the_whole_day_will(tmp_path: Path, fed: Fed, raw: Connect) -> None:
    first = datetime(2023, 3, 6, tzinfo=timezone.utc)
    times = [first + timedelta(minutes=15 * at) for at in range(4 * 24 * 4)]  # while the market is closed, too
    rows = [f"{time:%Y-%m-%dT%H:%M}Z,{at},{at + 2},{at - 1},{at + 1},5" for at, time in enumerate(times, 100)]
    (tmp_path / "GOLD_202306.csv").write_text("\n".join(["time,open,high,low,close,volume", *rows]) + "\n")
    gold = Contract(symbol="GC", sec_type="FUT", last_trade_date="202306", exchange="COMEX", currency="USD")
    gateway = fed(WEDNESDAY, open_feed(str(tmp_path)))
    client = raw(gateway)
    under_way = bars(client, gold, "1 day", "1 D")[-1]
    gateway.advance(timedelta(hours=8))
    ended = bars(client, gold, "1 day", "1 D")[-1]
    assert (under_way[0], under_way[1], under_way[3]) == (ended[0], ended[1], ended[3])
    assert under_way[4] == bars(client, gold, "15 mins", "1 D", end_time="20230308-15:00:00")[-1][4]


def test_days_known_by_their_ends_alone_are_under_way_at_their_open(tmp_path: Path, fed: Fed, raw: Connect) -> None:
    rows = ["2023-03-06,10,12,9,11,", "2023-03-07,11,13,10,12,", "2023-03-08,12.5,19,2,14,", "2023-03-09,14,15,9,14,"]
    (tmp_path / "GOLD_202306.csv").write_text("\n".join(["time,open,high,low,close,volume", *rows]) + "\n")
    gateway = fed(WEDNESDAY, open_feed(str(tmp_path)))
    client = raw(gateway)
    gold = Contract(symbol="GC", sec_type="FUT", last_trade_date="202306", exchange="COMEX", currency="USD")
    days = bars(client, gold, "1 day", "2 D")
    assert days == [("20230307", 11.0, 13.0, 10.0, 12.0, 0.0), ("20230308", 12.5, 12.5, 12.5, 12.5, 0.0)]
    assert nanoseconds(WEDNESDAY) == gateway.call(lambda one: one.exchange.now_ns)


@pytest.mark.parametrize("contract", [ES, EURO])
@pytest.mark.parametrize("size", ["30 mins", "1 hour", "4 hours"])
@pytest.mark.parametrize("duration", ["60 S", "3600 S", "20000 S"])
def test_no_bar_is_cut_where_the_duration_begins(
    fed: Fed, raw: Connect, contract: Contract, size: str, duration: str
) -> None:
    client = raw(fed(WEDNESDAY + timedelta(minutes=20)))
    short, longer = bars(client, contract, size, duration), bars(client, contract, size, "3 D")
    assert short == longer[-len(short) :]


@pytest.mark.parametrize("size", ["1 hour", "1 day"])
def test_no_bar_in_memory_is_cut_where_the_duration_begins(run_gateway: Connect, raw: Connect, size: str) -> None:
    gateway = run_gateway(clock=ManualClock())
    gateway.advance(timedelta(hours=9, minutes=20))
    client = raw(gateway)
    december = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
    for duration in ("60 S", "3600 S", "20000 S", "1 D"):
        short, longer = bars(client, december, size, duration), bars(client, december, size, "3 D")
        assert short == longer[-len(short) :]
