"""A simulated Gateway in a process of its own, for the benchmarks of the IB plugin: prints its port and serves."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, Models, PerLot
from brokerkit.plugins.sim.exchange.units import SECOND, nanoseconds
from brokerkit.plugins.sim.gateway import EagerClock, GatewaySettings, Limits, simulated_gateway
from brokerkit.plugins.sim.gateway.contracts.listed import InstrumentCard
from brokerkit.plugins.sim.gateway.market import Bars, Market
from brokerkit.spec.contract import FuturesContract

START = datetime(2024, 1, 1, tzinfo=timezone.utc)


def gold(contracts: int, bars: int, seconds: int) -> Market:
    """Return a market of gold contracts, each with bars before the start and some after it."""
    import numpy as np

    exchange = Exchange(START, seed=0, models=Models(commission=PerLot("2.10")))
    exchange.open_account("DU1", {"USD": 1_000_000_000})
    market = Market(exchange)
    card = InstrumentCard("GOLD", "GC", "COMEX", "100", "Gold", time_zone="UTC")
    total = bars + 10_000
    starts = (
        nanoseconds(START - timedelta(seconds=seconds * bars)) + np.arange(total, dtype=np.int64) * seconds * SECOND
    )
    price = np.round(2000 + np.arange(total) % 977 * 0.1, 1)
    columns = (price, price + 1, price - 1, price)
    volume = np.full(total, 1_000_000, dtype=np.int64)
    for number in range(contracts):
        year, month = 2025 + number // 12, number % 12 + 1
        terms = ContractTerms(
            FuturesContract("GOLD", f"{year}{month:02}"),
            "0.1",
            "USD",
            multiplier="100",
            initial_margin=1,
            expiry=datetime(year, month, 20, tzinfo=timezone.utc),
        )
        market.list_contract(terms, card, Bars.of(starts, *columns, volume, length=seconds * SECOND))
    return market


MARKETS: dict[str, Callable[[], Market]] = {
    "many": lambda: gold(200, 365, 86_400),
    "bars": lambda: gold(1, 100_000, 60),
    "orders": lambda: gold(1, 1_000, 10),
}


def main(kind: str) -> None:
    """Serve a market until the standard input ends."""
    settings = GatewaySettings(port=0, limits=Limits.none())
    with simulated_gateway(MARKETS[kind](), settings, clock=EagerClock()) as gateway:
        print(gateway.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1])
