"""Margin beyond the scenarios: previews, other currencies, calls while the market is closed or the line is bad."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from brokerkit.errors import InsufficientMargin
from brokerkit.plugins.sim.exchange import (
    ContractTerms,
    Exchange,
    Models,
    OutsideHours,
    PercentOfValue,
    PerLot,
    WeeklyHours,
    fault,
)
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order, TimeInForce

Market = Callable[..., Exchange]
MINUTE = 60_000_000_000


def test_a_preview_of_a_spread_counts_every_leg_and_leaves_no_trace() -> None:
    exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc), models=Models(commission=PerLot("1.5")))
    exchange.open_account("DU1", {"USD": 10_000})
    for date, margin in (("202312", 100), ("202403", 70)):
        exchange.list_contract(
            ContractTerms(FuturesContract("CORN", date), "0.25", initial_margin=margin, maintenance_margin=margin - 20)
        )
        columns = [[480.0]] * 4
        exchange.add_bars(FuturesContract("CORN", date), [exchange.now_ns], *columns)
    exchange.run()
    spread = Order.market(FuturesContract("CORN", "202312_202403"), (2, -2))
    preview = exchange.what_if(spread)
    assert preview.initial_margin_change.amount == 2 * 100 + 2 * 70
    assert preview.maintenance_margin_change.amount == 2 * 80 + 2 * 50
    assert preview.commission is not None
    assert preview.commission.amount == 6
    assert exchange.orders() == []
    assert exchange.log() == []
    assert exchange.submit(spread).number == 1


def test_margin_in_another_currency_is_counted_at_the_last_rate_and_refused_without_one() -> None:
    dax = FuturesContract("DAX", "202312")
    exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc))
    exchange.open_account("DU1", {"USD": 10_000})
    exchange.list_contract(ContractTerms(dax, "0.5", "EUR", initial_margin=9_000))
    with pytest.raises(InsufficientMargin, match="No rate between EUR and USD"):
        exchange.submit(Order.market(dax, 1))
    exchange.list_contract(ContractTerms(FxPair("EURUSD"), "0.0001"))
    columns = [[1.125, 1.05]] * 4
    exchange.add_bars(FxPair("EURUSD"), [exchange.now_ns, exchange.now_ns + MINUTE], *columns)
    exchange.advance()
    with pytest.raises(InsufficientMargin, match="10,125 USD"):
        exchange.submit(Order.market(dax, 1))
    exchange.advance()
    exchange.submit(Order.market(dax, 1))
    assert exchange.margins().initial.amount == Decimal(9_450)


@pytest.mark.parametrize("names", [[], ["rejection", "lost-order", "disconnect"]])
def test_a_margin_call_closes_the_position_even_after_hours_and_over_a_bad_line(
    market: Market, gold: FuturesContract, names: list[str]
) -> None:
    hours = WeeklyHours({day: [(time(9), time(9, 2))] for day in range(5)})
    terms = {
        "multiplier": 1000,
        "initial_margin": 8000,
        "maintenance_margin": 6000,
        "sessions": hours,
        "outside_hours": OutsideHours.REFUSE,
    }
    exchange = market([(100.0, 101.0, 99.0, 100.0, 100), (100.0, 100.0, 94.0, 94.5, 100)], terms)
    exchange.submit(Order.market(gold, 10, time_in_force=TimeInForce.GTC))
    exchange.advance()
    for name in names:
        exchange.add_fault(fault(name, at=1))
    exchange.run()
    assert any("margin call" in line for line in exchange.log())
    tomorrow = exchange.now_ns - exchange.now_ns % MINUTE + 24 * 60 * MINUTE - 2 * MINUTE
    exchange.add_bars(gold, [tomorrow], [93.0], [93.5], [92.5], [93.0], [100])
    exchange.advance_to(exchange.now + timedelta(days=1))
    assert exchange.positions() == []
    assert exchange.cash()["USD"].amount == 100_000 - 10 * 1000 * 7


def test_a_call_comes_also_where_an_order_was_replaced_before_the_bar_that_fills_it() -> None:
    gold = FuturesContract("GOLD", "202312")
    exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc))
    exchange.open_account("DU1", {"USD": 900})
    exchange.list_contract(ContractTerms(gold, "0.1", multiplier=10, initial_margin=60, maintenance_margin=50))
    prices = [100.0, 100.0, 99.0, 95.0, 90.0]
    begins = [exchange.now_ns + at * MINUTE for at in range(len(prices))]
    exchange.add_bars(gold, begins, prices, prices, [price - 0.5 for price in prices], prices)
    replaced = exchange.submit(Order.limit(gold, 10, "99.6"))  # leaves the end of the first bar on the agenda
    exchange.cancel(replaced.order_ref)
    exchange.submit(Order.limit(gold, 10, "99.6"))
    exchange.run()
    calls = [line for line in exchange.log() if "margin call: DU1" in line]
    assert calls == [
        "2023-01-02T09:04:00Z margin call: DU1 is worth 440 USD, below its maintenance margin of 500 USD",
    ]


def test_a_contract_that_asks_for_no_margin_needs_no_rate(gold: FuturesContract) -> None:
    exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc))
    exchange.open_account("DU1", {"EUR": 10_000}, base_currency="EUR")
    exchange.list_contract(ContractTerms(gold, "0.1", "USD"))
    preview = exchange.what_if(Order.market(gold, 1))
    assert preview.initial_margin.amount == preview.maintenance_margin.amount == 0
    exchange.submit(Order.market(gold, 1))


def test_a_preview_charges_a_limit_order_as_if_it_filled_at_its_limit(market: Market, gold: FuturesContract) -> None:
    exchange = market([(100.0, 101.0, 99.0, 100.0, 10)] * 2, models=Models(commission=PercentOfValue("0.1")))
    exchange.advance()
    at_the_last_price, at_its_limit = (
        exchange.what_if(Order.market(gold, 2)),
        exchange.what_if(Order.limit(gold, 2, 90)),
    )
    assert (at_the_last_price.commission, at_its_limit.commission) == (Money("USD", "0.2"), Money("USD", "0.18"))


def test_a_preview_of_an_order_on_a_pair_says_what_comes_of_it() -> None:
    pair = FxPair("EURUSD")
    exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc))
    exchange.open_account("DU1", {"USD": 100_000})
    exchange.list_contract(ContractTerms(pair, "0.0001", initial_margin=2, maintenance_margin=1))
    exchange.add_bars(pair, [exchange.now_ns], *[[1.125]] * 4)
    order = Order.market(pair, 1000)
    preview = exchange.what_if(order)
    exchange.submit(order)
    assert exchange.margins().initial == preview.initial_margin
    exchange.run()
    assert exchange.margins().maintenance == preview.maintenance_margin
