"""Orders placed by hand, as at a trader's own screen: they have no id until client 0 has them bound."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, OrderType

Connect = Callable[..., Any]
ES = FuturesContract("SP500", "202312")


@pytest.fixture
def still(run_gateway: Connect) -> SimulatedGateway:
    """Return a gateway whose clock stands still."""
    return run_gateway(clock=ManualClock())


@pytest.fixture
def by_hand(still: SimulatedGateway) -> Callable[..., None]:
    """Return a function that places an order by hand."""

    def place(limit: int = 4000) -> None:
        order = Order(ES, (1,), OrderType.LIMIT, limit_price=limit)
        still.call(lambda gateway: gateway.exchange.submit(order, client_id=0))

    return place


def orders(frames: list[list[str]]) -> list[tuple[str, str, str]]:
    """Return message id, order id and, of a status, the status."""
    return [(frame[0], frame[1], frame[2] if frame[0] == "3" else "") for frame in frames if frame[0] in ("3", "5")]


def bound(frames: list[list[str]]) -> list[str]:
    return [frame[3] for frame in frames if frame[0] == "100"]


def test_an_order_without_an_id_is_seen_by_all_and_managed_by_nobody(
    still: SimulatedGateway, raw: Connect, by_hand: Callable[..., None]
) -> None:
    master, other = raw(still, 0), raw(still, 1)
    by_hand()
    by_hand(3999)
    assert master.answers(requests.session.IdsRequest()) == [["9", "1", "1"]]
    assert other.answers(requests.orders.OpenOrdersRequest()) == [["53", "1"]]
    listed = other.answers(requests.orders.AllOpenOrdersRequest())
    assert orders(listed) == [("5", "0", ""), ("3", "0", "Submitted")] * 2
    for client in (master, other):
        (error,) = client.answers(requests.orders.CancelOrder(0))
        assert error[2:5] == ["0", "10147", "OrderId 0 that needs to be cancelled is not found."]


def test_client_0_has_what_is_open_bound_by_asking_for_its_orders(
    still: SimulatedGateway, raw: Connect, by_hand: Callable[..., None]
) -> None:
    by_hand()
    by_hand(3999)
    master = raw(still, 0)
    frames = master.answers(requests.orders.OpenOrdersRequest())
    assert bound(frames) == ["-1", "-2"]
    assert orders(frames) == [("5", "-1", ""), ("3", "-1", "Submitted"), ("5", "-2", ""), ("3", "-2", "Submitted")]
    assert bound(master.answers(requests.orders.OpenOrdersRequest())) == []
    assert orders(master.answers(requests.orders.CancelOrder(-2)))[-1] == ("3", "-2", "Cancelled")
    assert master.answers(requests.session.IdsRequest()) == [["9", "1", "1"]]


def test_client_0_has_later_orders_bound_as_they_come(
    still: SimulatedGateway, raw: Connect, by_hand: Callable[..., None]
) -> None:
    master = raw(still, 0)
    assert master.answers(requests.orders.AutoOpenOrders()) == []
    by_hand()
    frames = master.answers(requests.session.IdsRequest())
    assert bound(frames) == ["-1"]
    assert orders(frames)[-1] == ("3", "-1", "Submitted")
    master.answers(requests.orders.AutoOpenOrders(auto_bind=False))
    by_hand()
    assert master.answers(requests.session.IdsRequest()) == [["9", "1", "1"]]


def test_a_real_client_changes_an_order_placed_by_hand(
    still: SimulatedGateway, connect: Connect, by_hand: Callable[..., None]
) -> None:
    by_hand()
    ib = connect(still, 0)
    (trade,) = ib.openTrades()
    assert (trade.order.orderId, trade.order.clientId) == (-1, 0)
    trade.order.lmtPrice = 4001
    ib.placeOrder(trade.contract, trade.order)
    assert {one.order.lmtPrice for one in ib.reqAllOpenOrders()} == {4001}


def test_completed_orders_of_clients_alone(still: SimulatedGateway, raw: Connect, by_hand: Callable[..., None]) -> None:
    by_hand(6000)
    still.advance(timedelta(minutes=2))
    client = raw(still, 1)
    assert [frame[0] for frame in client.answers(requests.orders.CompletedOrdersRequest())] == ["101", "102"]
    assert client.answers(requests.orders.CompletedOrdersRequest(api_only=True)) == [["102"]]


def test_trades_by_hand_are_executions_of_client_0(
    still: SimulatedGateway, connect: Connect, by_hand: Callable[..., None]
) -> None:
    by_hand(6000)
    still.advance(timedelta(minutes=2))
    (fill,) = connect(still, 5).reqExecutions(ibi.ExecutionFilter())
    assert (fill.execution.clientId, fill.execution.orderId, fill.execution.side) == (0, 0, "BOT")
