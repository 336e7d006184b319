"""Orders for an opening: which one they take part in."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange, Latency, Models
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, TimeInForce

MIDNIGHT = datetime(2023, 1, 3, tzinfo=timezone.utc)
GOLD = FuturesContract("GOLD", "202312")


@pytest.mark.parametrize(
    ("on_the_way", "state"), [(59, OrderState.FILLED), (60, OrderState.FILLED), (61, OrderState.WORKING)]
)
def test_an_order_for_the_opening_takes_part_if_it_arrives_by_then(on_the_way: int, state: OrderState) -> None:
    models = Models(latency=Latency(timedelta(seconds=on_the_way)))
    exchange = Exchange(MIDNIGHT - timedelta(minutes=1), models=models)
    exchange.open_account("DU1", {"USD": 100_000})
    exchange.list_contract(ContractTerms(GOLD, "0.1"))
    for minute in range(3):
        exchange.add_bar(GOLD, MIDNIGHT + timedelta(minutes=minute), 100, 101, 99, 100)
    live = exchange.submit(Order.market(GOLD, 1, time_in_force=TimeInForce.AT_OPEN))
    exchange.run()
    assert live.state is state
