"""Tick by tick means every tick: one a bar that has ended, however far the clock moves at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.parts import Contract

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202306", exchange="CME", currency="USD")
START = datetime(2023, 3, 8, 15, tzinfo=timezone.utc)

Connect = Callable[..., Any]


@pytest.mark.parametrize(
    ("kind", "past", "width"), [("Last", "TRADES", 6), ("BidAsk", "BID_ASK", 6), ("MidPoint", "MIDPOINT", 4)]
)
def test_no_tick_is_left_out(fed: Connect, raw: Connect, kind: str, past: str, width: int) -> None:
    gateway = fed(START)
    client = raw(gateway)
    first = client.answers(requests.market_data.TickByTickRequest(1, ES, kind))
    assert [frame[3] for frame in first] == [str(int(START.timestamp()))]
    told = []
    for step in (60, 7, 3, 20):
        gateway.advance(timedelta(seconds=step))
        told += client.answers(requests.session.ManagedAccountsRequest())[:-1]
    ends = [str(int(START.timestamp()) + after) for after in range(10, 100, 10)]
    assert [frame[3] for frame in told] == ends
    asked = requests.history.HistoricalTicksRequest(2, ES, start_time="20230308-15:00:00", count=9, what_to_show=past)
    (answer,) = client.answers(asked)
    ticks = [answer[3 + at * width : 3 + (at + 1) * width] for at in range(int(answer[2]))]
    prices = {"Last": (4, 2), "BidAsk": (4, 2), "MidPoint": (4, 2)}[kind]
    assert [(frame[3], frame[prices[0]]) for frame in told] == [(tick[0], tick[prices[1]]) for tick in ticks]
