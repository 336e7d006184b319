"""A public, checkable case: real futures held for a month and rolled, the profit worked out by hand from the CSV."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, Models, PerLot
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, TimeInForce

Row = tuple[datetime, str, str, str, str]


def closes(real_data: Path, instrument: str, first: str, last: str) -> list[Row]:
    """Return the daily closes between two days: time, priced contract and price, forward contract and price."""
    with (real_data / "multiple_prices" / f"{instrument}.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if first <= row["DATETIME"][:10] <= last]
    return [
        (
            datetime.fromisoformat(row["DATETIME"]).replace(tzinfo=timezone.utc),
            row["PRICE_CONTRACT"][:6],
            row["PRICE"],
            row["FORWARD_CONTRACT"][:6],
            row["FORWARD"],
        )
        for row in rows
        if row["DATETIME"].endswith("23:00:00")
    ]


def opened(instrument: str, rows: list[Row], tick: str, multiplier: str, magnifier: str = "1") -> Exchange:
    """Return an exchange on which each daily close is a trade of that price."""
    exchange = Exchange(rows[0][0] - timedelta(hours=1), models=Models(commission=PerLot("2.05")))
    exchange.open_account("DU1", {"USD": 100_000})
    series: dict[str, list[tuple[datetime, str]]] = {}
    for time, priced, price, forward, forward_price in rows:
        series.setdefault(priced, []).append((time, price))
        if forward_price:
            series.setdefault(forward, []).append((time, forward_price))
    for date, points in series.items():
        contract = FuturesContract(instrument, date)
        exchange.list_contract(ContractTerms(contract, tick, multiplier=multiplier, price_magnifier=magnifier))
        times = [int(time.timestamp()) * 1_000_000_000 for time, _ in points]
        exchange.add_ticks(contract, times, [float(price) for _, price in points])
    return exchange


def test_eurodollars_held_over_a_month_and_rolled_earn_what_the_file_says(real_data: Path) -> None:
    rows = closes(real_data, "EDOLLAR", "2019-06-03", "2019-06-28")
    exchange = opened("EDOLLAR", rows, "0.0025", "2500")
    first, last = rows[0], rows[-1]
    roll = [row for row in rows if row[1] == first[1]][-1]
    assert last[1] == roll[3] != first[1]
    held, following = FuturesContract("EDOLLAR", first[1]), FuturesContract("EDOLLAR", last[1])

    def trade(row: Row, *legs: tuple[FuturesContract, int]) -> None:
        exchange.advance_to(row[0] - timedelta(minutes=1))
        for contract, lots in legs:
            exchange.submit(Order.market(contract, lots, time_in_force=TimeInForce.GTC))

    trade(first, (held, 3))
    trade(roll, (held, -3), (following, 3))
    trade(last, (following, -3))
    exchange.run()

    paid = [first[2], roll[2], roll[4], last[2]]
    assert [fill.price for fill in exchange.fills()] == [Decimal(price) for price in paid]
    by_hand = 3 * 2500 * ((Decimal(roll[2]) - Decimal(first[2])) + (Decimal(last[2]) - Decimal(roll[4])))
    statement = exchange.statement()["USD"]
    assert statement.realised.amount == by_hand != 0
    assert statement.commission.amount == 12 * Decimal("2.05")
    assert exchange.cash()["USD"].amount == 100_000 + by_hand - 12 * Decimal("2.05")
    assert exchange.positions() == []


def test_corn_in_cents_earns_fifty_dollars_a_point(real_data: Path) -> None:
    rows = closes(real_data, "CORN", "2021-05-03", "2021-05-28")
    exchange = opened("CORN", rows, "0.25", "5000", "100")
    contract = FuturesContract("CORN", rows[0][1])
    exchange.submit(Order.market(contract, -2, time_in_force=TimeInForce.GTC))
    exchange.advance_to(rows[-1][0] - timedelta(minutes=1))
    exchange.submit(Order.market(contract, 2, time_in_force=TimeInForce.GTC))
    exchange.run()
    by_hand = -2 * 50 * (Decimal(rows[-1][2]) - Decimal(rows[0][2]))
    assert exchange.statement()["USD"].realised.amount == by_hand != 0
