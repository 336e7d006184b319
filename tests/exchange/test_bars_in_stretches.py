"""Bars that are given a stretch at a time, in the middle of an instant too: nothing is stale, and nothing is missed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from exchange_machine.narrow import looks_at_few_bars

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange
from brokerkit.spec.broker_order import Fill
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, OrderType, TimeInForce

START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)
BEGIN = int(START.timestamp()) * 10**9
MINUTE = 60 * 10**9
NEAR, FAR = FuturesContract("GOLD", "202312"), FuturesContract("GOLD", "202402")
SPREAD = FuturesContract("GOLD", "202312_202402")
GTC = TimeInForce.GTC


@pytest.fixture
def exchange() -> Exchange:
    made = Exchange(START)
    made.open_account("DU1", {"USD": 100_000})
    for contract in (NEAR, FAR):
        made.list_contract(ContractTerms(contract, "0.1"))
    return made


def give(exchange: Exchange, contract: FuturesContract, minute: int, *closes: float) -> None:
    """Give bars from a minute on that open at 100, and reach a point beyond it and their close."""
    columns = [
        [100.0] * len(closes),
        [max(100, close) + 1 for close in closes],
        [min(100, close) - 1 for close in closes],
        list(closes),
    ]
    exchange.add_bars(contract, [BEGIN + (minute + at) * MINUTE for at in range(len(closes))], *columns)


def test_the_last_price_is_that_of_the_last_stretch_also_where_nothing_traded_in_it(exchange: Exchange) -> None:
    give(exchange, NEAR, 0, 101.0, 102.0)
    exchange.advance(2)
    give(exchange, NEAR, 2, 103.0)
    exchange.run()
    exchange.submit(Order.limit(NEAR, 1, 90))
    assert exchange.last_price(NEAR) == 103


def test_a_spread_trades_at_the_end_of_a_stretch_of_which_a_leg_has_traded_before(exchange: Exchange) -> None:
    for minute in (0, 2):
        for contract in (NEAR, FAR):
            give(exchange, contract, minute, 100.0, 100.5 if contract is NEAR else 100.0)
    exchange.advance()
    exchange.submit(Order.limit(NEAR, 1, 99))
    order = Order.limit(SPREAD, (-1, 1), Decimal("0.5"))
    exchange.submit(order)
    exchange.advance()
    assert [fill.price for fill in exchange.order(order.order_ref).at_exchange().fills] == [Decimal("100.5"), 100]


@pytest.mark.parametrize("one_by_one", [False, True])
def test_a_bar_given_while_another_contract_trades_leaves_the_one_that_ends_now_to_be_traded(
    exchange: Exchange, one_by_one: bool
) -> None:
    for contract in (NEAR, FAR):
        give(exchange, contract, 0, 100.0)

    def more(fill: Fill) -> None:
        if fill.contract == FAR:
            return
        if one_by_one:
            exchange.add_bar(FAR, exchange.now_ns, 100, 100, 100, 100)
        else:
            give(exchange, FAR, 1, 100.0)

    exchange.listen(Fill, more)
    exchange.submit(Order.limit(NEAR, 1, 99))
    order = Order.limit(FAR, 1, 99, time_in_force=GTC)
    exchange.submit(order)
    exchange.advance()
    assert exchange.order(order.order_ref).at_exchange().filled == (1,)


@pytest.mark.parametrize("volumes", [[np.nan, 2.0, np.nan], [None, 2, None]], ids=["array of numbers", "list"])
def test_a_bar_of_which_the_volume_is_not_known_fills_any_quantity_among_those_of_which_it_is(
    exchange: Exchange, volumes: Any
) -> None:
    for contract in (NEAR, FAR):
        exchange.add_bars(contract, [BEGIN + at * MINUTE for at in range(3)], *[[100.0] * 3] * 4, volumes)
    exchange.submit(Order.market(NEAR, 7, time_in_force=GTC, order_ref="near"))
    exchange.advance()
    exchange.submit(Order.market(FAR, 7, time_in_force=GTC, order_ref="far"))
    exchange.submit(Order.market(SPREAD, (7, -7), time_in_force=GTC, order_ref="spread"))
    exchange.run()
    told = [(fill.order_ref, fill.contract, fill.quantity, fill.time.minute) for fill in exchange.fills()]
    assert sorted(told) == [
        ("far", FAR, 2, 1),
        ("far", FAR, 5, 2),
        ("near", NEAR, 7, 0),
        ("spread", NEAR, 2, 1),
        ("spread", NEAR, 5, 2),
        ("spread", FAR, -5, 2),
        ("spread", FAR, -2, 1),
    ]


@pytest.mark.parametrize(
    ("volume", "price"), [(-5, 100.0), (float("inf"), 100.0), (5, 1e11), (5, -1e11)], ids=lambda given: f"{given:g}"
)
def test_a_bar_that_nothing_can_have_traded_on_is_refused(exchange: Exchange, volume: Any, price: float) -> None:
    with pytest.raises(InvalidArgument):
        exchange.add_bars(NEAR, [BEGIN], *[[price]] * 4, [volume])
    with pytest.raises(InvalidArgument):
        exchange.add_bar(NEAR, BEGIN, price, price, price, price, volume)
    exchange.submit(Order.market(NEAR, 1))
    assert not exchange.advance()


def test_a_bar_that_lasts_no_time_is_refused(exchange: Exchange) -> None:
    with pytest.raises(InvalidArgument):
        exchange.add_bar(NEAR, BEGIN, 100, 100, 100, 100, length=0)
    with pytest.raises(InvalidArgument, match="ends before it starts"):
        exchange.add_bars(NEAR, [BEGIN], [100], [100], [100], [100], length=0)


@pytest.mark.parametrize(
    ("column", "price"),
    [("open", 102), ("open", 98), ("close", 102), ("close", 98), ("high", 98), ("low", 102), ("close", float("nan"))],
)
def test_prices_outside_their_bar_are_refused_with_every_bar_given_with_them(
    exchange: Exchange, column: str, price: float
) -> None:
    bar = {"open": 100.0, "high": 101.0, "low": 99.0, "close": 100.0}
    wrong = bar | {column: price}
    with pytest.raises(InvalidArgument, match=rf"Bar 1 of GOLD/202312, 2023-01-02 .*09:01.*, has .*{column} {price:g}"):
        exchange.add_bars(NEAR, [BEGIN, BEGIN + MINUTE], *([bar[name], wrong[name]] for name in bar))
    with pytest.raises(InvalidArgument):
        exchange.add_bar(NEAR, BEGIN, *wrong.values())
    exchange.submit(Order.market(NEAR, 1))
    assert not exchange.advance()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            {"time": [BEGIN, BEGIN + MINUTE, BEGIN + 3 * MINUTE // 2]},
            "Bar 2 of GOLD/202312, .* before the previous bar ends",
        ),
        (
            {"time": [BEGIN + 2 * MINUTE, BEGIN, BEGIN + MINUTE]},
            "Bar 1 of GOLD/202312, .* starts before the previous bar ends",
        ),
        ({"time": [BEGIN]}, "The columns of the bars of GOLD/202312 differ in length"),
        ({"close": [100.0]}, "The columns of the bars of GOLD/202312 differ in length"),
        ({"volume": [1]}, "The columns of the bars of GOLD/202312 differ in length"),
    ],
)
def test_bars_out_of_order_or_with_parts_missing_are_refused_whole(
    exchange: Exchange, given: dict[str, Any], words: str
) -> None:
    columns = {"time": [BEGIN + at * MINUTE for at in range(3)]}
    columns |= {name: [100.0] * 3 for name in ("open", "high", "low", "close")}
    with pytest.raises(InvalidArgument, match=words):
        exchange.add_bars(NEAR, **(columns | given))
    exchange.submit(Order.market(NEAR, 1))
    assert not exchange.advance()


@pytest.mark.parametrize("bars", [0, -1])
def test_the_clock_moves_by_no_less_than_a_bar(exchange: Exchange, bars: int) -> None:
    give(exchange, NEAR, 0, 101.0, 102.0, 103.0)
    exchange.advance()
    now = exchange.now
    with pytest.raises(InvalidArgument):
        exchange.advance(bars)
    assert exchange.now == now


@pytest.mark.parametrize("side", [1, -1], ids=["sells above the market", "buys below it"])
def test_an_order_far_from_the_market_fills_in_the_first_bar_that_reaches_it_however_few_are_looked_at(
    side: int,
) -> None:
    prices = [1000.0 + side * at for at in range(60)]
    filled = []
    for distance in range(60):
        with looks_at_few_bars():
            exchange = Exchange(START)
            exchange.open_account("DU1", {"USD": 100_000})
            exchange.list_contract(ContractTerms(NEAR, 1))
            exchange.add_bars(NEAR, [BEGIN + at * MINUTE for at in range(60)], *[prices] * 4)
            live = exchange.submit(Order.limit(NEAR, -side, prices[distance], time_in_force=GTC))
            exchange.run()
        filled += [(fill.time - START) // timedelta(minutes=1) for fill in live.at_exchange().fills]
    assert filled == list(range(60))


def test_the_clock_moves_by_as_many_bars_as_it_is_told(exchange: Exchange) -> None:
    with looks_at_few_bars():
        give(exchange, NEAR, 0, *[100.0] * 20)
        assert exchange.advance(7)
        assert exchange.now == START + timedelta(minutes=7)
        assert exchange.advance(99)
    assert exchange.now == START + timedelta(minutes=20)


def test_no_bars_at_all_change_nothing(exchange: Exchange) -> None:
    give(exchange, NEAR, 0, 101.0, 102.0)
    give(exchange, NEAR, 2)
    exchange.submit(Order.market(NEAR, 1))
    exchange.run()
    assert [fill.price for fill in exchange.fills()] == [100]
    assert exchange.last_price(NEAR) == 102


def test_a_spread_that_nobody_traded_begins_at_its_legs_last_bars_however_few_are_looked_at(exchange: Exchange) -> None:
    order = Order(SPREAD, (-1, 1), OrderType.TRAILING_STOP, trail_amount=2, time_in_force=GTC)
    with looks_at_few_bars():
        give(exchange, NEAR, 0, *[100.0 + at for at in range(10)])
        give(exchange, FAR, 0, *[100.0] * 10)
        exchange.advance_to(START + timedelta(minutes=8, seconds=30))
        assert exchange.submit(order).trigger == (107 - 100 - 2) * 10**8
