"""Small strategies that are run on two brokers, to see whether both tell the same."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from brokerkit import Broker, FuturesContract, Order, OrderChange

Scenario = Callable[[Broker, str], list[str]]
"""Runs on a broker, with an instrument's code or nothing, and returns what it was answered, a line each."""


def facts(broker: Broker, instrument: str) -> list[str]:
    """Ask for an instrument, its chain, expiries, ticks, and the last bars: nothing is traded."""
    code = instrument or broker.prices.get_instruments_with_price_data()[0]
    found = broker.instruments.get_futures_instrument_object_with_broker_data(code)
    lines = [f"instrument {code} {found.currency} point {found.point_size.normalize():f}"]
    for date in broker.contracts.get_list_of_contract_dates_for_instrument_code(code)[:4]:
        contract = FuturesContract(code, date)
        tick = broker.contracts.get_min_tick_size_for_contract(contract)
        expiry = broker.contracts.get_actual_expiry_date_for_single_contract(contract)
        lines.append(f"contract {contract} expires {expiry} tick {tick.normalize():f}")
    return lines


def round_trip(broker: Broker, instrument: str) -> list[str]:
    """Buy two lots at the market, and sell them again."""
    contract = _front(broker, instrument)
    for quantity in (2, -2):
        broker.orders.put_order_on_stack(Order.market(contract, quantity)).wait()
    return []


def resting(broker: Broker, instrument: str) -> list[str]:
    """Place a limit order far below the market, change its price and quantity, and cancel it."""
    contract = _front(broker, instrument)
    tick = broker.contracts.get_min_tick_size_for_contract(contract)
    close = Decimal(str(broker.prices.get_prices_for_contract_object(contract)["close"].iloc[-1]))
    price = close * Decimal("0.9") // tick * tick
    control = broker.orders.put_order_on_stack(Order.limit(contract, 1, price))
    broker.orders.modify_order_given_control_object(control, OrderChange(limit_price=price - tick, quantity=2))
    broker.orders.cancel_order_given_control_object(control).wait()
    return []


def _front(broker: Broker, instrument: str) -> FuturesContract:
    code = instrument or broker.prices.get_instruments_with_price_data()[0]
    return FuturesContract(code, broker.contracts.get_list_of_contract_dates_for_instrument_code(code)[0])


SCENARIOS: dict[str, Scenario] = {"facts": facts, "round-trip": round_trip, "resting": resting}
"""The scenarios by name."""
