"""Ids of orders are good on one line: what was meant for it is not sent on the next, where they may be another's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, ConnectionState, FuturesContract, Order, OrderState
from brokerkit.errors import ConnectionLost
from brokerkit.plugins.ib.clients.orders import OrdersClient
from brokerkit.plugins.sim.gateway import SimulatedGateway

Listen = Callable[[Broker], Any]
OpenIB = Callable[..., Broker]
BreakBefore = Callable[..., None]


def at_the_gateway(gateway: SimulatedGateway) -> list[tuple[int, int]]:
    """Return client id and order id of every order that reached the Gateway."""
    return gateway.call(lambda inner: [(order.client_id, order.order_id) for order in inner.orders.registry])


@pytest.fixture
def broker(gateway: SimulatedGateway, open_ib: OpenIB) -> Broker:
    """A broker that gives up a line which cannot be read within some seconds, and makes it anew."""
    return open_ib(gateway, connect_timeout=4.0)


@pytest.fixture
def break_before(
    gateway: SimulatedGateway, broker: Broker, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> BreakBefore:
    """Have the line break right before something is sent, and be made again under another client id.

    With `ready=False` the new line can be used and is still being read when the old line's order comes to be sent.
    """
    heard, connection = listen(broker), broker.native.connection
    ib = connection.ib._ib

    def break_now(*, ready: bool) -> None:
        with gateway.fault("client-id-in-use", count=5):
            gateway.call(lambda inner: inner.restart())
            heard.wait_for(lambda: broker.state is not ConnectionState.CONNECTED)
            heard.wait_for(lambda: connection.client_id() != 100)
        if ready:
            heard.wait_for(lambda: broker.state is ConnectionState.CONNECTED)
        else:
            heard.wait_for(ib.isConnected)
            assert broker.state is not ConnectionState.CONNECTED

    def arrange(name: str, *, ready: bool) -> None:
        send = getattr(OrdersClient, name)

        def send_on_another_line(client: OrdersClient, *given: Any) -> None:
            monkeypatch.undo()
            if ready:
                break_now(ready=True)
                send(client, *given)
            else:
                with gateway.fault("lose", message="execDetailsEnd", count=9):  # the line is not up before that
                    break_now(ready=False)
                    send(client, *given)

        monkeypatch.setattr(OrdersClient, name, send_on_another_line)

    return arrange


@pytest.mark.parametrize("ready", [True, False], ids=["up", "being-read"])
def test_a_change_does_not_become_a_second_order(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, break_before: BreakBefore, ready: bool
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    before = at_the_gateway(gateway)
    break_before("send_change", ready=ready)
    with pytest.raises(ConnectionLost, match="Nothing was sent"):
        broker.orders.modify_limit_price_given_control_object(control, 1905)
    assert at_the_gateway(gateway) == before
    assert control.current().order.limit_price == 1900


@pytest.mark.parametrize("ready", [True, False], ids=["up", "being-read"])
def test_a_cancel_does_not_cancel_another_order(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, break_before: BreakBefore, ready: bool
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    break_before("cancel", ready=ready)
    with pytest.raises(ConnectionLost, match="Nothing was sent"):
        broker.orders.cancel_order_given_control_object(control)
    assert control.current().state is OrderState.WORKING


@pytest.mark.parametrize("ready", [True, False], ids=["up", "being-read"])
def test_an_order_is_not_sent_with_ids_of_the_line_before(
    gateway: SimulatedGateway,
    broker: Broker,
    gold: FuturesContract,
    listen: Listen,
    break_before: BreakBefore,
    ready: bool,
) -> None:
    order = Order.limit(gold, 1, 1900)
    break_before("send", ready=ready)
    with pytest.raises(ConnectionLost, match="Nothing was sent"):
        broker.orders.put_order_on_stack(order)
    assert at_the_gateway(gateway) == []
    listen(broker).wait_for(lambda: broker.state is ConnectionState.CONNECTED)
    broker.orders.put_order_on_stack(order)
    assert [client_id for client_id, _ in at_the_gateway(gateway)] == [broker.native.connection.client_id()]
