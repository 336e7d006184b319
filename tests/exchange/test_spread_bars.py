"""The bars of spreads, made of their legs' as those are given."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange
from brokerkit.spec.broker_order import Fill, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce

START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)
MINUTE = 60 * 10**9
NEAR, FAR = FuturesContract("GOLD", "202312"), FuturesContract("GOLD", "202402")
SPREAD = FuturesContract("GOLD", "202312_202402")


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange(START)
    made.open_account("DU1", {"USD": 100_000})
    for contract in (NEAR, FAR):
        made.list_contract(ContractTerms(contract, "0.1"))
    return made


def give(exchange: Exchange, at: int, closes: list[float], volume: list[int] | None) -> None:
    """Give both legs bars from a minute on; the nearer one's prices, and the farther one's at 100."""
    begins = [int(START.timestamp()) * 10**9 + (at + one) * MINUTE for one in range(len(closes))]
    for contract, prices in ((NEAR, closes), (FAR, [100.0] * len(closes))):
        exchange.add_bars(contract, begins, *[prices] * 4, volume)


@pytest.mark.parametrize("first", [[2], None])
def test_the_volume_of_each_bar_is_its_own_whether_it_is_known_or_not(exchange: Exchange, first: Any) -> None:
    give(exchange, 0, [100.0], first)
    give(exchange, 1, [100.0, 100.0], None if first else [2, 2])
    order = Order.market(SPREAD, (5, -5), time_in_force=TimeInForce.GTC)
    exchange.submit(order)
    exchange.advance_to(START + timedelta(seconds=30))
    assert exchange.order(order.order_ref).filled == (2 if first else 5)
    exchange.run()
    assert exchange.order(order.order_ref).filled == 5


def test_a_trailing_stop_begins_from_what_a_spread_closed_at_also_where_nobody_ordered_it_before(
    exchange: Exchange,
) -> None:
    give(exchange, -2, [103.0, 104.0], [9, 9])
    live = exchange.submit(Order(SPREAD, (-1, 1), OrderType.TRAILING_STOP, trail_amount=1))
    assert live.trigger == 3 * 10**8


def test_an_exit_that_begins_at_an_open_trails_from_what_the_spread_closed_at_whoever_trades_at_that_open(
    exchange: Exchange,
) -> None:
    give(exchange, -3, [104.0], [9])
    exchange.submit(Order.market(SPREAD, (1, -1)))
    exit_ = Order(SPREAD, (-1, 1), OrderType.TRAILING_STOP, trail_amount=1, time_in_force=TimeInForce.GTC)
    entry = Order(SPREAD, (1, -1), spread_fill=SpreadFill.BY_LEG, children=(exit_,))
    (live,) = exchange.submit(entry).children
    give(exchange, 0, [105.0], [9])
    exchange.advance_to(START + timedelta(seconds=30))
    assert live.state is OrderState.WORKING
    assert live.trigger == 3 * 10**8


def test_bars_that_are_given_when_a_leg_has_traded_take_none_from_the_spread(exchange: Exchange) -> None:
    exchange.add_bars(NEAR, [int(START.timestamp()) * 10**9], [100.0], [100.0], [98.0], [98.0])
    exchange.add_bars(FAR, [int(START.timestamp()) * 10**9], *[[100.0]] * 4)
    exchange.listen(Fill, lambda fill: fill.order_ref == "leg" and give(exchange, 1, [100.0], None))
    exchange.submit(Order.limit(NEAR, 1, 99, order_ref="leg"))
    spread = exchange.submit(Order.limit(SPREAD, (1, -1), -1))
    exchange.run()
    assert [(fill.price, fill.time.minute) for fill in spread.at_exchange().fills] == [(98, 1), (100, 1)]
