"""Orders under a seeded storm of every fault of the Gateway: none twice, no fill lost, positions and cash right.

Runs 120 orders by default; `IB_STORM_ORDERS=2000 IB_STORM_SEED=7` sets number and seed.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from brokerkit import Broker, ConnectionState, Fill, FuturesContract, Order
from brokerkit.errors import BrokerkitError, ConnectionProblem, OutcomeUnknown
from brokerkit.plugins.sim.gateway import SimulatedGateway

ORDERS = int(os.environ.get("IB_STORM_ORDERS", "120"))
SEED = int(os.environ.get("IB_STORM_SEED", "7"))
CONTRACTS = [
    FuturesContract("GOLD", "202402"),
    FuturesContract("SP500", "202403"),
    FuturesContract("EDOLLAR", "202403"),
]
MULTIPLIERS = {"GOLD": 100, "SP500": 50, "EDOLLAR": 2500}
LONGEST = 10.0

FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("lose", {"message": "openOrder", "count": 3}),
    ("lose", {"message": "orderStatus", "count": 3}),
    ("lose", {"message": "execDetails"}),
    ("lose", {"message": "commissionReport"}),
    ("repeat", {"message": "execDetails", "count": 2}),
    ("repeat", {"message": "orderStatus", "count": 2}),
    ("repeat", {"message": "commissionReport", "count": 2}),
    ("reorder", {"seed": 3}),
    ("no-status-on-fill", {}),
    ("late-commission", {"seconds": 0.05}),
    ("cut", {"message": "openOrder"}),
    ("cut", {"message": "orderStatus", "keep": 0}),
    ("cut", {"message": "execDetails", "keep": 3}),
    ("cut", {"message": "commissionReport"}),
    ("tif-notice", {}),
    ("connectivity", {"data_lost": True}),
    ("connectivity", {"data_lost": False}),
    ("farm", {}),
    ("stale-positions", {}),
    ("restart", {}),
]


def test_orders_in_a_storm(
    run_gateway: Callable[..., SimulatedGateway], open_ib: Callable[..., Broker], listen: Callable[..., Any]
) -> None:
    gateway = run_gateway(days=1 + ORDERS // 500)  # each order moves the clock by a bar of a minute
    print(f"rerun with IB_STORM_ORDERS={ORDERS} IB_STORM_SEED={SEED}")
    chances = random.Random(SEED)
    broker = open_ib(gateway, order_timeout=1.0, request_timeout=5.0, max_reconnect_wait=0.2)
    heard = listen(broker)
    start = broker.fx.get_fx_balances()[0].amount
    placed: dict[str, Order] = {}
    slowest = 0.0
    while len(placed) < ORDERS:
        order = Order.market(chances.choice(CONTRACTS), chances.choice((-2, -1, 1, 2)))
        with _weather(gateway, chances):
            slowest = max(slowest, _place(broker, order, placed))
        while order.order_ref not in placed:  # it is certain that nothing was sent: place it in fair weather
            slowest = max(slowest, _place(broker, order, placed))
    slowest = max(slowest, _calm(gateway, broker))
    _check(gateway, broker, heard, placed, start)
    assert slowest < LONGEST


@contextlib.contextmanager
def _weather(gateway: SimulatedGateway, chances: random.Random) -> Any:
    """One fault in three orders; the others in fair weather."""
    if chances.random() < 1 / 3:
        name, options = chances.choice(FAULTS)
        with gateway.fault(name, **options):
            yield
    else:
        yield


def _place(broker: Broker, order: Order, placed: dict[str, Order]) -> float:
    """Place an order as a careful strategy does, never again once it may have left; return the seconds it took."""
    began = time.monotonic()
    try:
        broker.orders.put_order_on_stack(order)
    except OutcomeUnknown:
        placed[order.order_ref] = order
    except ConnectionProblem:
        pass  # nothing was sent
    else:
        placed[order.order_ref] = order
    return time.monotonic() - began


def _calm(gateway: SimulatedGateway, broker: Broker) -> float:
    """Let everything fill, and wait until the broker knows all of it."""
    began = time.monotonic()
    gateway.advance_bars(5)
    while time.monotonic() - began < 60:
        with contextlib.suppress(BrokerkitError):
            orders = broker.orders.get_list_of_orders_from_storage()
            if broker.state is ConnectionState.CONNECTED and all(each.state.is_final for each in orders):
                broker.orders.get_list_of_fills()
                if all(each.commissions is not None for each in orders if each.fills):
                    return 0.0
    pytest.fail(f"not all final: {Counter(each.state for each in broker.orders.get_list_of_orders_from_storage())}")


def _check(gateway: SimulatedGateway, broker: Broker, heard: Any, placed: dict[str, Order], start: Decimal) -> None:
    done = {each.order_ref: each for each in broker.orders.get_list_of_orders_from_storage()}
    assert set(done) == set(placed)
    at_exchange = gateway.call(lambda inner: inner.exchange.fills())
    arrived = Counter(fill.order_ref for fill in at_exchange)
    assert len(arrived) == len({fill.order_ref for fill in at_exchange})
    heard.wait_for(lambda: len(heard.of(Fill)) >= len(at_exchange))
    told = [fill for fill in heard.of(Fill) if not fill.corrects]
    assert Counter(fill.execution_id for fill in told).most_common(1)[0][1] == 1
    for ref, order in placed.items():
        assert done[ref].filled in (order.quantity, (0,)), done[ref]
    expected = Counter[FuturesContract]()
    cash = start
    for view in done.values():
        for fill in view.fills:
            contract = view.order.contract
            assert isinstance(contract, FuturesContract)
            expected[contract] += fill.quantity
        cash -= sum((paid.amount for paid in view.commissions or ()), Decimal(0))
    held = {p.contract: p.quantity for p in broker.positions.get_all_current_positions_as_list_with_contract_objects()}
    assert held == {contract: quantity for contract, quantity in expected.items() if quantity}
    at_venue = Counter[FuturesContract]()
    for fill in at_exchange:
        at_venue[fill.contract] += fill.quantity
    assert {c: q for c, q in at_venue.items() if q} == held
    at_venue_cash = gateway.call(lambda inner: inner.exchange.cash("DU1000001")["USD"].amount)
    assert broker.fx.get_fx_balances()[0].amount == at_venue_cash.quantize(Decimal("0.01"))  # IB tells whole cents
    assert abs(at_venue_cash - cash - _realised(broker.orders.get_list_of_fills())) < Decimal("1e-4")


def _realised(fills: list[Fill]) -> Decimal:
    """Return the profit that closed lots made, by average price: futures pay it when it is realised."""
    profit = Decimal(0)
    held: dict[Any, tuple[int, Decimal]] = {}
    for fill in fills:
        quantity, average = held.get(fill.contract, (0, Decimal(0)))
        closing = min(abs(quantity), abs(fill.quantity)) if quantity * fill.quantity < 0 else 0
        sign = 1 if quantity > 0 else -1
        profit += closing * sign * (fill.price - average) * MULTIPLIERS[fill.contract.instrument_code]  # type: ignore[union-attr]  # because only futures are traded here
        new = quantity + fill.quantity
        if quantity * fill.quantity >= 0:
            average = (average * abs(quantity) + fill.price * abs(fill.quantity)) / abs(new)
        elif abs(fill.quantity) > abs(quantity):
            average = fill.price
        held[fill.contract] = (new, average)
    return profit
