"""Open, high, low, volume and previous close of quotes are those of the trading day, as daily bars have them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from brokerkit.plugins.sim.gateway import ManualClock
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.parts import Contract

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202306", exchange="CME", currency="USD")
CORN = Contract(symbol="ZC", sec_type="FUT", last_trade_date="202305", exchange="CBOT", currency="USD")
BUND = Contract(symbol="GBL", sec_type="FUT", last_trade_date="202306", exchange="EUREX", currency="EUR")
HIGH, LOW, VOLUME, CLOSE, OPEN = "6", "7", "8", "9", "14"

Connect = Callable[..., Any]


def quoted(client: Any, contract: Contract) -> tuple[float, ...]:
    """Return open, high, low, volume and previous close that a snapshot tells."""
    frames = client.answers(requests.market_data.MarketDataRequest(1, contract, snapshot=True))
    found = {frame[3]: float(frame[4]) for frame in frames if frame[0] in ("1", "2")}
    return tuple(found[kind] for kind in (OPEN, HIGH, LOW, VOLUME, CLOSE))


def days(client: Any, contract: Contract) -> tuple[float, ...]:
    """Return open, high, low and volume of the last daily bar, and the close of the one before it."""
    asked = requests.history.HistoricalDataRequest(2, contract, bar_size="1 day", duration="2 D", what_to_show="TRADES")
    (frame,) = client.answers(asked)
    before, last = frame[5:13], frame[13:21]
    return (*map(float, last[1:4]), float(last[5]), float(before[4]))


@pytest.mark.parametrize("contract", [ES, CORN, BUND])
@pytest.mark.parametrize("hour", [1, 9, 16, 22, 23])
def test_a_quote_is_of_the_trading_day(fed: Connect, raw: Connect, contract: Contract, hour: int) -> None:
    gateway = fed(datetime(2023, 3, 8, hour, 30, tzinfo=timezone.utc))
    client = raw(gateway)
    assert quoted(client, contract) == pytest.approx(days(client, contract))


def test_midnight_in_greenwich_ends_no_day_in_chicago(fed: Connect, raw: Connect) -> None:
    gateway = fed(datetime(2023, 3, 8, 23, 59, tzinfo=timezone.utc))
    client = raw(gateway)
    before = quoted(client, ES)
    gateway.advance(timedelta(minutes=2))
    after = quoted(client, ES)
    assert (after[0], after[4]) == (before[0], before[4])
    assert after[3] > before[3]


def test_days_of_bars_in_memory_are_trading_days_too(run_gateway: Connect, raw: Connect) -> None:
    december = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
    gateway = run_gateway(clock=ManualClock(), hours=(0, 22))  # six in the evening to four in Chicago
    gateway.advance(timedelta(hours=12))
    client = raw(gateway)
    asked = requests.history.HistoricalDataRequest(2, december, bar_size="1 day", duration="2 D", what_to_show="TRADES")
    (frame,) = client.answers(asked)
    assert frame[5::8] == ["20231128", "20231129"]
