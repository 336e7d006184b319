"""Fields of IB's own order reach IB as they are given; what is no such field is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Order
from brokerkit.errors import InvalidOrder
from brokerkit.plugins.sim.gateway import SimulatedGateway


def test_a_field_of_ibs_order_is_passed_through(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(
        Order.limit(gold, 1, "100.0", broker_parameters={"triggerMethod": 2, "hidden": True})
    )
    assert dict(control.current().order.broker_parameters) == {"triggerMethod": 2, "hidden": True}
    (trade,) = broker.native.connection.ib.openTrades()
    assert (trade.order.triggerMethod, trade.order.hidden) == (2, True)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"triggerMethd": 2}, "triggerMethod"),
        ({"triggerMethod": "last"}, "int"),
        ({"hidden": 1}, "bool"),
        ({"orderRef": "mine"}, "order_ref"),
        ({"totalQuantity": 5}, "quantity"),
        ({"orderId": 1}, "connection"),
    ],
)
def test_what_is_no_such_field_is_refused_before_it_is_sent(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract, given: dict[str, Any], words: str
) -> None:
    broker.orders.put_order_on_stack(Order.limit(gold, 1, "100.0"))
    order = Order.limit(gold, 1, "100.0", broker_parameters=given)
    with pytest.raises(InvalidOrder, match=words):
        broker.orders.put_order_on_stack(order)
    assert len(gateway.call(lambda gate: gate.exchange.orders())) == 1
    assert order.order_ref not in {view.order_ref for view in broker.orders.get_list_of_orders_from_storage()}
