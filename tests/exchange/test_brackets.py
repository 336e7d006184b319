"""Brackets beyond the scenarios: what is refused, and changes nothing; exits of spreads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta

import attrs
import pytest

from brokerkit.errors import DuplicateOrder, InvalidOrder
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, WeeklyHours
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, SpreadFill, TimeInForce

Market = Callable[..., Exchange]


def test_an_exit_with_exits_of_its_own_is_refused(market: Market, gold: FuturesContract) -> None:
    exchange = market([])
    exit_ = Order.limit(gold, -1, 105).with_bracket(stop_loss=110)
    with pytest.raises(InvalidOrder, match="no exits of its own"):
        exchange.submit(attrs.evolve(Order.market(gold, 1), children=(exit_,)))
    assert exchange.orders() == []
    assert exchange.log() == []


def test_one_reference_twice_in_a_bracket_is_refused(market: Market, gold: FuturesContract) -> None:
    exchange = market([])
    exit_ = Order.limit(gold, -1, 105)
    with pytest.raises(DuplicateOrder, match="twice in one bracket"):
        exchange.submit(attrs.evolve(Order.market(gold, 2), children=(exit_, exit_)))
    assert exchange.orders() == []
    assert exchange.log() == []


def test_an_exit_for_the_day_of_a_spread_that_fills_leg_by_leg_expires_while_it_waits(
    market: Market, gold: FuturesContract
) -> None:
    exchange = market([])
    exchange.list_contract(ContractTerms(FuturesContract("GOLD", "202402"), "0.1"))
    spread = FuturesContract("GOLD", "202312_202402")
    exit_ = Order.limit(spread, (-1, 1), 2)
    entry = Order(spread, (1, -1), spread_fill=SpreadFill.BY_LEG, time_in_force=TimeInForce.GTC, children=(exit_,))
    exchange.submit(entry)
    exchange.advance_to(exchange.now + timedelta(days=1))
    assert exchange.order(exit_.order_ref).at_exchange().state is OrderState.EXPIRED
    assert exchange.order(entry.order_ref).at_exchange().state is OrderState.WORKING


@pytest.mark.parametrize(("outside_hours", "state"), [(False, OrderState.WORKING), (True, OrderState.FILLED)])
def test_an_exit_waits_for_the_opening_unless_it_works_outside_hours_itself(
    market: Market, gold: FuturesContract, outside_hours: bool, state: OrderState
) -> None:
    row = (100.0, 101.0, 99.0, 100.5, 10)
    hours = WeeklyHours({day: [(time(9), time(9, 1))] for day in range(5)}, "UTC", ())
    exchange = market([row] * 3, {"sessions": hours})
    exchange.add_bar(gold, exchange.now + timedelta(days=1), *row)
    exchange.advance_to(exchange.now + timedelta(minutes=1))
    exit_ = Order.limit(gold, -1, "100.5", time_in_force=TimeInForce.GTC, outside_hours=outside_hours)
    entry = exchange.submit(Order.market(gold, 1, outside_hours=True, children=(exit_,)))
    exchange.advance_to(exchange.now + timedelta(minutes=2))
    assert (entry.state, exchange.order(exit_.order_ref).state) == (OrderState.FILLED, state)
    exchange.run()
    assert exchange.order(exit_.order_ref).state is OrderState.FILLED
