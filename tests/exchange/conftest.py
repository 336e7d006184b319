"""What the exchange's tests share: a market to trade on, built in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange
from brokerkit.spec.contract import FuturesContract

sys.path.insert(0, str(Path(__file__).parent))  # for the plain exchange, and the state machine that drives it
pytest.register_assert_rewrite("exchange_machine")

MINUTE = 60_000_000_000
START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)
GOLD = FuturesContract("GOLD", "202312")

Row = tuple[float, float, float, float, int]


def _market(rows: Sequence[Row], terms: dict[str, Any] | None = None, **settings: Any) -> Exchange:
    exchange = Exchange(START, **settings)
    exchange.open_account("DU1", {"USD": 100_000})
    exchange.list_contract(ContractTerms(GOLD, "0.1", **(terms or {})))
    if rows:
        first = exchange.now_ns // MINUTE * MINUTE
        columns = [[row[at] for row in rows] for at in range(5)]
        exchange.add_bars(GOLD, [first + at * MINUTE for at in range(len(rows))], *columns)
    return exchange


@pytest.fixture
def gold() -> FuturesContract:
    """The contract that markets here trade."""
    return GOLD


@pytest.fixture
def market() -> Iterator[Callable[..., Exchange]]:
    """A function from one-minute rows (open, high, low, close, volume) to an exchange that trades them."""
    with ExitStack() as opened:

        def make(*arguments: Any, **options: Any) -> Exchange:
            exchange = _market(*arguments, **options)
            opened.callback(exchange.close)
            return exchange

        yield make


@pytest.fixture
def quiet_rows() -> list[Row]:
    """Ten bars around 100 in which ten lots trade each."""
    return [(100.0, 101.0, 99.0, 100.5, 10)] * 10
