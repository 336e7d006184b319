"""When a margin call must come, whatever it is that took the money, and what it closes."""

from __future__ import annotations

from datetime import datetime, time, timedelta, timezone
from typing import Any

import pytest

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, Models, PerLot, WeeklyHours, fault
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, OrderType, TimeInForce

START = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)
MINUTE = 60 * 10**9
GOLD, CORN, DAX = (FuturesContract(code, "202312") for code in ("GOLD", "CORN", "DAX"))
EURUSD = FxPair("EURUSD")
NEEDS = {"multiplier": 10, "initial_margin": 60, "maintenance_margin": 50}
FLAT = [100.0] * 6


def opened(cash: dict[str, int], **settings: Any) -> Exchange:
    exchange = Exchange(START, **settings)
    exchange.open_account("DU1", cash)
    return exchange


def listed(exchange: Exchange, contract: Any, closes: list[float], tick: str = "0.1", **terms: Any) -> None:
    """List a contract whose bars open where the one before closed."""
    exchange.list_contract(ContractTerms(contract, tick, **terms))
    opens = [closes[0], *closes[:-1]]
    highs, lows = ([pick(pair) for pair in zip(opens, closes, strict=True)] for pick in (max, min))
    begins = [exchange.now_ns + at * MINUTE for at in range(len(closes))]
    exchange.add_bars(contract, begins, opens, highs, lows, closes)


def calls(exchange: Exchange) -> list[str]:
    return [line[11:16] for line in exchange.log() if "margin call: DU1" in line]


def test_what_a_contract_without_margin_loses_counts_too() -> None:
    exchange = opened({"USD": 700})
    listed(exchange, GOLD, FLAT, **NEEDS)
    listed(exchange, CORN, [100.0, 100.0, 80.0, 30.0, 30.0, 30.0], multiplier=10)
    for contract in (GOLD, CORN):
        exchange.submit(Order.market(contract, 1, time_in_force=TimeInForce.GTC))
    exchange.run()
    assert calls(exchange) == ["09:04"]
    assert [one.contract for one in exchange.positions()] == [CORN]


def test_commission_on_a_contract_without_margin_counts_too() -> None:
    exchange = opened({"USD": 600}, models=Models(commission=PerLot(150)))
    listed(exchange, GOLD, FLAT, **NEEDS)
    listed(exchange, CORN, FLAT)
    exchange.submit(Order.market(GOLD, 1))
    exchange.submit(Order.limit(CORN, 3, 100, time_in_force=TimeInForce.GTC))
    exchange.run()
    assert calls(exchange) == ["09:01"]


def test_a_rate_that_moves_counts_also_where_the_price_never_comes_back() -> None:
    exchange = opened({"USD": 0, "EUR": 500})
    listed(exchange, EURUSD, [1.2, 1.2, 1.2, 0.05, 0.05, 0.05], "0.0001", currency="USD")
    exchange.list_contract(ContractTerms(GOLD, "0.1", **NEEDS))
    rising = [100.0, 100.0, 100.1, 100.2, 100.3, 100.4]
    exchange.add_bars(GOLD, [exchange.now_ns + at * MINUTE for at in range(6)], *[rising] * 4)
    exchange.advance()
    exchange.submit(Order.market(GOLD, 1))
    exchange.run()
    assert calls(exchange) == ["09:04"]


def test_money_that_was_changed_is_watched_like_any_other() -> None:
    exchange = opened({"USD": 700})
    listed(exchange, EURUSD, [1.2, 1.2, 1.2, 0.9, 0.6, 0.05], "0.0001", currency="USD")
    listed(exchange, GOLD, [100.0, 100.0, 100.0, 100.1, 100.2, 100.3], **NEEDS)
    exchange.submit(Order.market(GOLD, 1))
    exchange.advance()
    exchange.submit(Order.market(EURUSD, 580))
    exchange.run()
    assert calls(exchange) == ["09:06"]


def test_a_settlement_away_from_the_last_price_counts() -> None:
    exchange = opened({"USD": 1_000})
    listed(exchange, GOLD, FLAT, **NEEDS)
    listed(exchange, CORN, FLAT, multiplier=10, expiry=START + timedelta(minutes=2, seconds=30), settlement_price="2")
    for contract in (GOLD, CORN):
        exchange.submit(Order.market(contract, 1))
    exchange.run()
    assert calls(exchange) == ["09:03"]


def test_a_corrected_price_counts() -> None:
    exchange = opened({"USD": 1_000}, faults=[fault("execution-correction", at=1, ticks=960)])
    exchange.list_contract(ContractTerms(GOLD, "0.1", **NEEDS))
    begins = [exchange.now_ns + at * MINUTE for at in range(5)]
    exchange.add_bars(GOLD, begins, [100.0] * 5, [200.0, *[100.0] * 4], [100.0] * 5, [100.0] * 5)
    exchange.submit(Order.market(GOLD, 1))
    exchange.run()
    assert calls(exchange) == ["09:01"]


def test_a_late_fill_is_watched_like_any_other() -> None:
    exchange = opened({"USD": 100}, faults=[fault("late-fill", at=1)])
    listed(exchange, GOLD, [100.0, 100.0, 97.0, 94.0, 94.0, 94.0], **NEEDS)
    order = Order.limit(GOLD, 1, 50, time_in_force=TimeInForce.GTC)
    exchange.submit(order)
    exchange.advance()
    exchange.cancel(order.order_ref)
    exchange.run()
    assert calls(exchange) == ["09:04"]


def test_an_open_far_from_the_last_close_is_no_call_before_the_bar_has_closed() -> None:
    exchange = opened({"USD": 300})
    exchange.list_contract(ContractTerms(GOLD, "0.1", **NEEDS))
    begins = [exchange.now_ns + at * MINUTE for at in range(3)]
    prices = [100.0, 140.0, 140.0]
    exchange.add_bars(GOLD, begins, prices, prices, prices, prices)
    exchange.advance()
    exchange.submit(Order.market(GOLD, 1))
    exchange.run()
    assert calls(exchange) == []


@pytest.mark.parametrize("by_client", [3, 10])
def test_what_closes_a_position_never_turns_it(by_client: int) -> None:
    exchange = opened({"USD": 1_200})
    hours = WeeklyHours({day: [(time(9), time(9, 2)), (time(9, 4), time(17))] for day in range(5)})
    listed(exchange, GOLD, [100.0, 90.0, 90.0, 90.0, 90.0, 90.0], sessions=hours, **NEEDS)
    exchange.submit(Order.market(GOLD, 10, time_in_force=TimeInForce.GTC))
    exchange.advance(2)
    assert calls(exchange) == ["09:02"]
    exchange.submit(Order.market(GOLD, -by_client, outside_hours=True))
    exchange.run()
    assert exchange.positions() == []


def test_the_largest_margin_is_the_largest_in_the_accounts_own_currency() -> None:
    exchange = Exchange(START)
    exchange.open_account("DU1", {"USD": 1_100})
    listed(exchange, FxPair("USDJPY"), [100.0] * 6, "0.01", currency="JPY")
    listed(exchange, DAX, FLAT, currency="JPY", multiplier=1, initial_margin=9_000, maintenance_margin=8_000)
    listed(
        exchange, GOLD, [100.0, 100.0, 80.0, 55.0, 55.0, 55.0], **{**NEEDS, "maintenance_margin": 580, "multiplier": 10}
    )
    exchange.advance()
    for contract in (DAX, GOLD):
        exchange.submit(Order.market(contract, 1, time_in_force=TimeInForce.GTC))
    exchange.run()
    assert calls(exchange) == ["09:04"]
    assert [one.contract for one in exchange.positions()] == [DAX]


def test_a_liquidation_that_is_cancelled_comes_again() -> None:
    exchange = opened({"USD": 900})
    listed(exchange, GOLD, [100.0, 95.0, 90.0, 90.0, 90.0, 90.0], **NEEDS)
    exchange.submit(Order.market(GOLD, 10, time_in_force=TimeInForce.GTC))
    exchange.advance(2)
    assert calls(exchange) == ["09:02"]
    exchange.cancel_all()
    exchange.run()
    assert calls(exchange) == ["09:02", "09:03"]
    assert exchange.positions() == []


def test_a_liquidation_that_takes_several_bars_is_called_for_once() -> None:
    exchange = opened({"USD": 900})
    exchange.list_contract(ContractTerms(GOLD, "0.1", **NEEDS))
    prices = [100.0, *[93.0] * 6]
    begins = [exchange.now_ns + at * MINUTE for at in range(7)]
    exchange.add_bars(GOLD, begins, *[prices] * 4, [10, 10, 2, 2, 2, 2, 2])
    exchange.submit(Order.market(GOLD, 10, time_in_force=TimeInForce.GTC))
    exchange.run()
    assert calls(exchange) == ["09:02"]
    assert [fill.quantity for fill in exchange.fills()] == [10, *[-2] * 5]


def test_accounts_are_called_in_the_order_they_were_opened() -> None:
    exchange = Exchange(START)
    for name in ("Z", "A"):
        exchange.open_account(name, {"USD": 100})
    listed(exchange, GOLD, [100.0, 90.0, 90.0], **NEEDS)
    for name in ("A", "Z"):
        exchange.submit(Order(GOLD, 1, OrderType.LIMIT, 100, account=name))
    exchange.run()
    assert [line.split()[3] for line in exchange.log() if "margin call: " in line and "worth" in line] == ["Z", "A"]
