"""How the exchange's cost grows with orders, bars, open orders and contracts, and its memory with bars."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from decimal import Decimal

from bench.exchange_market import MINUTE_NS, START_NS, Walk, walk
from bench.memory import peak_mb
from brokerkit import FuturesContract, Order, TimeInForce
from brokerkit.plugins.sim.exchange import ContractTerms, Exchange

START = datetime.fromtimestamp(START_NS // 1_000_000_000, tz=timezone.utc)


def exchange_with(contracts: int, bars: Walk) -> tuple[Exchange, list[FuturesContract]]:
    """Return an exchange on which every contract trades the same bars."""
    exchange = Exchange(START)
    exchange.open_account("DU1", {"USD": 1_000_000})
    listed = [FuturesContract(f"C{number}", "202312") for number in range(contracts)]
    for contract in listed:
        exchange.list_contract(ContractTerms(contract, "0.01"))
        exchange.add_bars(contract, bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    return exchange, listed


def orders(times: int) -> float:
    """Return the seconds that market orders take, one a bar."""
    count = 500 * times
    exchange, (contract,) = exchange_with(1, walk(count + 1))
    began = time.process_time()
    for number in range(count):
        exchange.submit(Order.market(contract, 1 if number % 2 else -1))
        exchange.advance()
    return time.process_time() - began


def bars(times: int) -> float:
    """Return the seconds that bars take while a hundred orders rest far from the market."""
    exchange, (contract,) = exchange_with(1, walk(10_000 * times))
    for number in range(100):
        exchange.submit(Order.limit(contract, 1, Decimal(number + 1) / 100, time_in_force=TimeInForce.GTC))
    began = time.process_time()
    exchange.run()
    return time.process_time() - began


def open_orders(times: int) -> float:
    """Return the seconds that placing and cancelling resting orders takes."""
    exchange, (contract,) = exchange_with(1, walk(100))
    prices = [Decimal(number % 5000 + 1) / 100 for number in range(300 * times)]
    began = time.process_time()
    placed = [exchange.submit(Order.limit(contract, 1, price)) for price in prices]
    for live in placed:
        exchange.cancel(live.order_ref)
    return time.process_time() - began


def contracts(times: int) -> float:
    """Return the seconds that a market order on each contract takes, over ten bars stepped one by one."""
    exchange, listed = exchange_with(10 * times, walk(12))
    began = time.process_time()
    for _ in range(10):
        for contract in listed:
            exchange.submit(Order.market(contract, 1))
        exchange.advance()
    return time.process_time() - began


GROWTH: dict[str, Callable[[int], float]] = {
    "orders": orders,
    "bars, with a hundred resting orders": bars,
    "open orders, placed and cancelled": open_orders,
    "contracts, an order on each a bar": contracts,
}


def growth(action: Callable[[int], float]) -> Iterator[float]:
    """Yield the seconds at 1, 10 and 100 times the work, the best of a few rounds each, begun without garbage."""
    for times, rounds in ((1, 9), (10, 7), (100, 5)):
        yield min(_without_garbage(action, times) for _ in range(rounds))


def _without_garbage(action: Callable[[int], float], times: int) -> float:
    gc.collect()
    return action(times)


def streamed_memory(millions: int = 10) -> tuple[float, float]:
    """Stream bars in pieces; return the peak of resident memory in MB after the first million, and after all."""
    exchange = Exchange(START)
    exchange.open_account("DU1", {"USD": 1_000_000})
    contract = FuturesContract("C0", "202312")
    exchange.list_contract(ContractTerms(contract, "0.01"))
    exchange.submit(Order.limit(contract, 1, 1, time_in_force=TimeInForce.GTC))
    piece, at, first = walk(100_000), 0, 0.0
    for number in range(millions * 10):
        shift = number * len(piece.time) * MINUTE_NS
        exchange.add_bars(contract, piece.time + shift, piece.open, piece.high, piece.low, piece.close, piece.volume)
        exchange.run()
        at += len(piece.time)
        if at == 1_000_000:
            first = peak_mb()
    return first, peak_mb()
