"""Orders under a seeded storm of every fault of the Gateway: none twice, no fill lost, positions and cash right.

Runs 150 orders by default, and a third as many by two sessions of one broker; `IB_STORM_ORDERS=2000 IB_STORM_SEED=7`
sets number and seed.
"""

from __future__ import annotations

import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from brokerkit import Broker, BrokerOrder, CommissionReport, ConnectionState, Fill, FuturesContract, Order, OrderState
from brokerkit.errors import (
    BrokerkitError,
    ConnectionProblem,
    MissingContract,
    OrderCannotBeCancelled,
    OrderCannotBeModified,
    OutcomeUnknown,
)
from brokerkit.plugins.ib.executions import revision_of
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.faults import FAULTS
from brokerkit.plugins.sim.gateway.gateway import Gateway

ORDERS = int(os.environ.get("IB_STORM_ORDERS", "150"))
SEED = int(os.environ.get("IB_STORM_SEED", "7"))
CONTRACTS = [
    FuturesContract("GOLD", "202402"),
    FuturesContract("SP500", "202403"),
    FuturesContract("EDOLLAR", "202403"),
]
FAR = {"GOLD": (1500, 2900), "SP500": (3000, 6000), "EDOLLAR": (50, 150)}
SPREAD = FuturesContract("GOLD", ["202402", "202404"])
MOST_LOTS = 6
MULTIPLIERS = {"GOLD": 100, "SP500": 50, "EDOLLAR": 2500}
ORDER_TIMEOUT, REQUEST_TIMEOUT = 1.0, 3.0
LONGEST = 10.0  # some calls make several requests

# What the Gateway does, and whether its clients lose their line meanwhile: some faults strike those who connect.
WEATHER: list[tuple[str, dict[str, Any], bool]] = [
    ("lose", {"message": "openOrder", "count": 3}, False),
    ("lose", {"message": "orderStatus", "count": 3}, False),
    ("lose", {"message": "execDetails"}, False),
    ("lose", {"message": "commissionReport"}, False),
    ("lose", {"message": "position", "count": 3}, False),
    ("lose", {"message": "openOrderEnd"}, True),
    ("lose", {"message": "error"}, False),
    ("repeat", {"message": "execDetails", "count": 2}, False),
    ("repeat", {"message": "orderStatus", "count": 2}, False),
    ("repeat", {"message": "commissionReport", "count": 2}, False),
    ("repeat", {"message": "openOrder", "count": 2}, True),
    ("reorder", {"seed": 3}, False),
    ("reorder", {"seed": 4}, True),
    ("no-status-on-fill", {}, False),
    ("late-commission", {"seconds": 0.05}, False),
    ("missing-commission", {}, False),
    ("cut", {"message": "openOrder"}, False),
    ("cut", {"message": "orderStatus", "keep": 0}, False),
    ("cut", {"message": "execDetails", "keep": 3}, False),
    ("cut", {"message": "commissionReport"}, False),
    ("cut", {"message": "execDetails", "close": False}, False),
    ("cut", {"message": "openOrder"}, True),
    ("lose-request", {"message": "placeOrder"}, False),
    ("lose-request", {"message": "placeOrder", "close": False}, False),
    ("lose-request", {"message": "cancelOrder"}, False),
    ("lose-request", {"message": "cancelOrder", "close": False}, False),
    ("lose-request", {"message": "reqAllOpenOrders"}, True),
    ("drip", {"bytes_at_a_time": 7}, False),
    ("drip", {"bytes_at_a_time": 400}, True),
    ("stall", {}, False),
    ("modify-error", {"code": 105}, False),
    ("modify-error", {"code": 110}, False),
    ("modify-error", {"code": 135}, False),
    ("cancel-error", {"code": 10147}, False),
    ("cancel-error", {"code": 10148}, False),
    ("tif-notice", {}, False),
    ("preview-warning", {}, False),
    ("connectivity", {"data_lost": True}, False),
    ("connectivity", {"data_lost": False}, False),
    ("farm", {}, False),
    ("client-id-in-use", {"count": 2}, True),
    ("roll-back-ids", {"client_id": 100, "to": 1}, True),
    ("maintenance", {}, False),
    ("competing-session", {}, False),
    ("stale-positions", {}, False),
    ("stale-positions", {}, True),
    ("correct-execution", {}, False),
    ("restart", {}, False),
]


def test_the_storm_has_every_fault_that_the_gateway_has() -> None:
    assert {name for name, _, _ in WEATHER} == set(FAULTS)


@pytest.mark.timeout(120 + ORDERS)
@pytest.mark.parametrize(("sessions", "orders"), [(1, ORDERS), (2, ORDERS // 3)], ids=["one session", "two sessions"])
def test_orders_in_a_storm(
    run_gateway: Callable[..., SimulatedGateway],
    open_ib: Callable[..., Broker],
    listen: Callable[..., Any],
    sessions: int,
    orders: int,
) -> None:
    gateway = run_gateway(days=2 + orders // 150)  # each order moves the clock by some bars of a minute
    print(f"rerun with IB_STORM_ORDERS={ORDERS} IB_STORM_SEED={SEED}")
    settings = {
        "order_timeout": ORDER_TIMEOUT,
        "request_timeout": REQUEST_TIMEOUT,
        "connect_timeout": 3.0,
        "probe_interval": 1.0,
        "max_reconnect_wait": 0.2,
    }
    brokers = [open_ib(gateway, **settings) for _ in range(sessions)]
    storm = Storm(gateway, {broker: listen(broker) for broker in brokers})
    while len(storm.placed) < orders:
        storm.trade()
    storm.calm()
    storm.check()


class Storm:
    """A strategy that trades in all weathers, as careful as one must be, and what its Gateway saw of it."""

    def __init__(self, gateway: SimulatedGateway, heard: dict[Broker, Any]) -> None:
        self._gateway = gateway
        self._heard = heard
        self._broker = broker = next(iter(heard))  # the one whose turn it is
        self._placed_by: dict[str, Broker] = {}
        self._chances = random.Random(SEED)
        self._deck: list[tuple[str, dict[str, Any], bool]] = []
        self.placed: dict[str, Order] = {}
        self._at_gateway: dict[int, str] = {}
        self._executions: dict[str, tuple[str, int, Decimal]] = {}
        self._at_exchange: dict[str, Fill] = {}
        self._ticker = broker.prices.get_ticker_object_for_contract(CONTRACTS[0])
        self._start = broker.fx.get_fx_balances()[0].amount

    # Trading

    def trade(self) -> None:
        """Place an order and do something with it, in foul weather once in three times; a day ends in fair weather."""
        if self._gateway.call(_is_late):
            self.calm()
        self._broker = self._chances.choice(list(self._heard))
        kinds = (self._market, self._spread, self._cancelled, self._chased, self._bracket)
        order, work = self._chances.choice(kinds)()
        with self._weather() if self._chances.random() < 1 / 3 else contextlib.nullcontext():
            self._place(order)
            work(order)
            self._read()
        while order.order_ref not in self.placed:  # it is certain that nothing was sent: place it in fair weather
            self._place(order)

    def _market(self) -> tuple[Order, Callable[[Order], None]]:
        contract = self._chances.choice(CONTRACTS)
        return Order.market(contract, self._lots(contract)), lambda order: None

    def _spread(self) -> tuple[Order, Callable[[Order], None]]:
        lots = self._lots(SPREAD.legs[0])
        return Order.market(SPREAD, [lots, -lots]), lambda order: None

    def _cancelled(self) -> tuple[Order, Callable[[Order], None]]:
        contract = self._chances.choice(CONTRACTS)
        return Order.limit(contract, 1, FAR[contract.instrument_code][0]), self._cancel

    def _chased(self) -> tuple[Order, Callable[[Order], None]]:
        contract = self._chances.choice(CONTRACTS)
        lots = self._lots(contract)
        low, high = FAR[contract.instrument_code]
        away, near = (low, high) if lots > 0 else (high, low)
        return Order.limit(contract, lots, away), lambda order: self._chase(order, near)

    def _bracket(self) -> tuple[Order, Callable[[Order], None]]:
        contract = self._chances.choice(CONTRACTS)
        lots = self._lots(contract)
        low, high = FAR[contract.instrument_code]
        stop, profit = (low, high) if lots > 0 else (high, low)
        entry = Order.market(contract, lots).with_bracket(take_profit=profit, stop_loss=stop)
        take_profit, stop_loss = entry.children
        if self._chances.random() < 0.5:
            return entry, lambda order: self._chase(take_profit, stop)
        return entry, lambda order: self._cancel(stop_loss)

    def _lots(self, contract: FuturesContract) -> int:
        """Return how many lots to trade: towards flat where many are held, so that the margin lasts."""
        lots = self._chances.choice((-2, -1, 1, 2))
        held = sum(fill.quantity for fill in self._traded() if fill.contract == contract)
        return lots if abs(held + lots) <= MOST_LOTS else (-1 if held > 0 else 1)

    def _place(self, order: Order) -> None:
        """Place an order as a careful strategy does, never again once it may have left."""
        with self._in_time(), contextlib.suppress(ConnectionProblem):  # of which nothing was sent
            with contextlib.suppress(OutcomeUnknown):
                try:
                    self._broker.orders.put_order_on_stack(order)
                except MissingContract:  # in its maintenance IB denies contracts, before an order or in answer to it
                    known = self._broker.orders.get_list_of_orders_from_storage()
                    if order.order_ref not in [view.order_ref for view in known]:
                        return
            for each in (order, *order.children):
                self.placed[each.order_ref] = each
                self._placed_by[each.order_ref] = self._broker

    def _cancel(self, order: Order) -> None:
        with self._in_time(), contextlib.suppress(OrderCannotBeCancelled, ConnectionProblem, BrokerkitError):
            self._broker.orders.cancel_order_on_stack(order)

    def _chase(self, order: Order, limit: int) -> None:
        expected = (OrderCannotBeModified, ConnectionProblem, OutcomeUnknown)
        with self._in_time(), contextlib.suppress(*expected, BrokerkitError):
            control = self._broker.orders.match_db_broker_order_to_control_order_from_brokers(order)
            self._broker.orders.modify_limit_price_given_control_object(control, limit)

    def _read(self) -> None:
        reads: list[Callable[[], Any]] = [
            self._broker.positions.get_all_current_positions_as_list_with_contract_objects,
            self._broker.orders.get_list_of_broker_orders,
            self._broker.orders.get_list_of_fills,
            self._broker.fx.get_fx_balances,
            lambda: self._broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN"),
            lambda: self._broker.prices.get_prices_for_contract_object(CONTRACTS[0]),
            self._ticker.quote,
        ]
        with self._in_time(), contextlib.suppress(BrokerkitError):
            self._chances.choice(reads)()

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[None]:
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        assert took < LONGEST, f"a call took {took:.1f} s"

    @contextlib.contextmanager
    def _weather(self) -> Iterator[None]:
        """Let the next of a shuffled deck of faults strike; every one does before any does again."""
        if not self._deck:
            self._deck = self._chances.sample(WEATHER, len(WEATHER))
        name, options, breaks = self._deck.pop()
        if name == "correct-execution":  # at the price that it had, so that the exchange's cash is right
            options = {"price": self._gateway.call(_newest_price)}
        with self._gateway.fault(name, **options):
            if breaks:
                self._gateway.call(lambda inner: inner.restart())
            yield

    # Fair weather

    def calm(self) -> None:
        """Let everything end, and wait until the broker knows all of it."""
        self._look()
        end = time.monotonic() + 90
        while time.monotonic() < end:
            with contextlib.suppress(BrokerkitError):
                self._broker.orders.cancel_all_orders()
                self._gateway.advance_bars(5)
                for broker in self._heard:
                    broker.orders.get_list_of_fills()
                if self._is_calm():
                    self._look()
                    self._gateway.call(_to_the_next_day_if_late)
                    return
        views = self._views()
        pytest.fail(f"not calm: {Counter(view.state for view in views)}, {[v for v in views if not v.state.is_final]}")

    def _is_calm(self) -> bool:
        return all(broker.state is ConnectionState.CONNECTED for broker in self._heard) and all(
            view.state.is_final and (not view.fills or view.commissions is not None) for view in self._views()
        )

    def _views(self) -> list[BrokerOrder]:
        """Return every order as the session that placed it sees it."""
        return [
            view
            for broker in self._heard
            for view in broker.orders.get_list_of_orders_from_storage()
            if self._placed_by.get(view.order_ref) is broker
        ]

    def _look(self) -> None:
        """Take note of what the Gateway has: it forgets its orders and executions at the end of the day."""
        self._at_gateway |= self._gateway.call(_orders)
        self._executions |= self._gateway.call(_executions)
        self._traded()

    def _traded(self) -> Iterable[Fill]:
        """Return every fill at the exchange, which forgets those of the day before yesterday."""
        self._at_exchange |= {fill.execution_id: fill for fill in self._gateway.call(_fills)}
        return self._at_exchange.values()

    # What must be true

    def check(self) -> None:
        """Compare what the broker says with what the Gateway and the exchange behind it have."""
        self._check_positions()
        self._close_positions()
        self._check_orders()
        self._check_fills()
        self._check_cash()
        end = time.monotonic() + 30
        while self._ticker.quote().bid is None and time.monotonic() < end:
            self._gateway.advance_bars(1)
        assert self._ticker.quote().bid is not None

    def _check_orders(self) -> None:
        arrived = Counter(self._at_gateway.values())
        assert [ref for ref, count in arrived.items() if count > 1] == []
        assert set(arrived) <= set(self.placed)
        views = {view.order_ref: view for view in self._views()}
        assert set(views) == set(self.placed)
        for ref, view in views.items():
            full = view.order.quantity
            assert view.filled == (full if view.state is OrderState.FILLED else (0,) * len(full)), view
            assert (view.state is OrderState.REJECTED) is (ref not in arrived), view

    def _check_fills(self) -> None:
        known = {revision_of(fill.execution_id)[0]: fill for view in self._views() for fill in view.fills}
        traded = {trade: (fill.order_ref, fill.quantity, fill.price) for trade, fill in known.items()}
        assert traded == self._executions
        for broker, heard in self._heard.items():
            ours = {trade for trade, (ref, _, _) in traded.items() if self._placed_by[ref] is broker}
            heard.wait_for(lambda ours=ours, heard=heard: ours <= _told(heard, Fill))
            heard.wait_for(lambda ours=ours, heard=heard: ours <= _told(heard, CommissionReport))
            assert _told(heard, Fill) | _told(heard, CommissionReport) <= set(traded)
            for kind in (Fill, CommissionReport):
                assert Counter(event.execution_id for event in heard.of(kind)).most_common(1)[0][1] == 1

    def _check_positions(self) -> None:
        at_venue = Counter[Any]()
        for fill in self._traded():
            at_venue[fill.contract] += fill.quantity
        for broker in self._heard:
            positions = broker.positions.get_all_current_positions_as_list_with_contract_objects()
            held = {position.contract: position.quantity for position in positions}
            assert held == {contract: quantity for contract, quantity in at_venue.items() if quantity}

    def _close_positions(self) -> None:
        """Sell what is held: where nothing is, cash is all that the fills' prices and the commissions leave."""
        for held in self._broker.positions.get_all_current_positions_as_list_with_contract_objects():
            self._place(Order.market(held.contract, -held.quantity))
        self.calm()
        assert self._broker.positions.get_all_current_positions_as_list_with_contract_objects() == []

    def _check_cash(self) -> None:
        cash = self._gateway.call(lambda inner: inner.exchange.cash("DU1000001")["USD"].amount)
        assert self._broker.fx.get_fx_balances()[0].amount == cash.quantize(Decimal("0.01"))  # IB tells whole cents
        expected = self._start
        for view in self._views():
            expected -= sum((each.amount for each in view.commissions or ()), Decimal(0))
            for fill in view.fills:
                expected -= fill.quantity * fill.price * MULTIPLIERS[fill.contract.instrument_code]
        assert abs(expected - cash) < Decimal("1e-4")


def _told(heard: Any, kind: type[Any]) -> set[str]:
    return {revision_of(event.execution_id)[0] for event in heard.of(kind)}


# In the Gateway's thread


def _is_late(gateway: Gateway) -> bool:
    return gateway.now.hour == 23 and gateway.now.minute >= 30


def _to_the_next_day_if_late(gateway: Gateway) -> None:
    if _is_late(gateway):
        gateway.advance_bars(60)


def _fills(gateway: Gateway) -> tuple[Fill, ...]:
    return tuple(gateway.exchange.fills())


def _newest_price(gateway: Gateway) -> float:
    single = [one for one in gateway.orders.fills.executions.values() if one.contract.sec_type != "BAG"]
    return single[-1].price if single else 0.0


def _orders(gateway: Gateway) -> dict[int, str]:
    return {order.perm_id: order.terms.order_ref for order in gateway.orders.registry}


def _executions(gateway: Gateway) -> dict[str, tuple[str, int, Decimal]]:
    return {
        revision_of(one.execution_id)[0]: (one.order.terms.order_ref, round(one.quantity), Decimal(str(one.price)))
        for one in gateway.orders.fills.executions.values()
        if one.contract.sec_type != "BAG"
    }
