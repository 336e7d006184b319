"""An hour of seeded trading with every order type and fault; prints the hash of its event log."""

from __future__ import annotations

import hashlib
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

from brokerkit.errors import BrokerkitError
from brokerkit.plugins.sim.exchange import FAULTS, ContractTerms, Exchange, Latency, Models, PerLot, TickSlippage, fault
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, OrderType, TimeInForce
from brokerkit.spec.orders import OrderChange

MINUTE = 60_000_000_000
CONTRACTS = (FuturesContract("GOLD", "202312"), FuturesContract("GOLD", "202402"), FuturesContract("DAX", "202312"))
KINDS = list(OrderType)
HELD = [TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]


def opened() -> Exchange:
    """Return the exchange of the hour."""
    latency = Latency(submit=timedelta(milliseconds=20), jitter=timedelta(seconds=1))
    models = Models(commission=PerLot("2.07"), slippage=TickSlippage(1), latency=latency)
    faults = [fault(name, rate=0.05) for name in sorted(FAULTS)]
    exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc), seed=11, models=models, faults=faults)
    exchange.open_account("A", {"USD": 1_000_000, "EUR": 200_000})
    exchange.open_account("B", {"USD": 500_000})
    for contract in CONTRACTS:
        currency = "EUR" if contract.instrument_code == "DAX" else "USD"
        exchange.list_contract(
            ContractTerms(contract, "0.1", currency, multiplier=25, initial_margin=2000, maintenance_margin=1500)
        )
    exchange.list_contract(ContractTerms(FxPair("EURUSD"), "0.0001"))
    return exchange


def feed(exchange: Exchange, draw: Random) -> None:
    """Give every contract sixty minutes of a walk."""
    times = [exchange.now_ns + at * MINUTE for at in range(60)]
    for contract in (*CONTRACTS, FxPair("EURUSD")):
        level, unit = (11000, 10**4) if isinstance(contract, FxPair) else (10000, 10)
        rows = []
        for _ in times:
            first, level = level, level + int(draw.random() * 7) - 3
            rows.append(
                (first, max(first, level) + int(draw.random() * 5), min(first, level) - int(draw.random() * 5), level)
            )
        opens, highs, lows, closes = ([row[at] / unit for row in rows] for at in range(4))
        volume = None if isinstance(contract, FxPair) else [int(draw.random() * 30) for _ in times]
        exchange.add_bars(contract, times, opens, highs, lows, closes, volume)


def order(draw: Random, exchange: Exchange) -> Order:
    """Return a drawn order."""
    pick = lambda options: options[int(draw.random() * len(options))]  # noqa: E731 because it is one word
    contract = pick(CONTRACTS)
    lots = (1 + int(draw.random() * 20)) * (1 if draw.random() < 0.5 else -1)
    kind, held = pick(KINDS), pick(HELD)
    last = exchange.last_price(contract) or Decimal(1000)
    near = lambda: last + Decimal(int(draw.random() * 11) - 5) / 10  # noqa: E731 because it is one word
    prices: dict[str, Any] = {}
    if kind in (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED):
        prices["limit_price"] = near()
    if kind in (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED):
        prices["stop_price"] = near()
    if kind is OrderType.TRAILING_STOP:
        prices["trail_percent"] = Decimal("0.05")
    group = "g" if draw.random() < 0.2 else ""
    made = Order(contract, lots, kind, time_in_force=held, account=pick("AB"), oco_group=group, **prices)
    if draw.random() < 0.2:
        made = made.with_bracket(
            take_profit=last + Decimal(lots) / abs(lots), stop_loss=last - Decimal(lots) / abs(lots)
        )
    return made


def trade(exchange: Exchange, draw: Random) -> None:
    """Place, change and cancel orders for an hour; what is refused is refused the same way every time."""
    spread = FuturesContract("GOLD", "202312_202402")
    sent: list[str] = []
    for _ in range(240):
        exchange.advance_to(exchange.now + timedelta(seconds=15))
        chance = draw.random()
        try:
            if chance < 0.6 or not sent:
                made = order(draw, exchange)
                sent.append(made.order_ref)
                exchange.submit(made)
            elif chance < 0.7:
                exchange.submit(Order.market(spread, (1, -1), account="A"))
            elif chance < 0.85:
                exchange.cancel(sent[int(draw.random() * len(sent))])
            else:
                exchange.modify(sent[int(draw.random() * len(sent))], OrderChange(quantity=1 + int(draw.random() * 9)))
        except BrokerkitError:
            continue
    exchange.run()


def main() -> None:
    """Trade the hour, and print how many lines its log has and their hash."""
    exchange, draw = opened(), Random(7)
    feed(exchange, draw)
    trade(exchange, draw)
    lines = exchange.log()
    if "--log" in sys.argv:
        print("\n".join(lines))
    print(len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest())


if __name__ == "__main__":
    main()
