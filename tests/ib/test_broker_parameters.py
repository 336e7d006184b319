"""Fields of IB's own order reach IB as they are given; what is no such field is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Order, OrderState
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
        ({"outsideRth": True}, "outside_hours"),
        ({"ocaGroup": "mine"}, "oco_group"),
        ({"goodTillDate": "20240105-10:00:00"}, "good_till"),
        ({"displaySize": 1}, "display_quantity"),
        ({"trailingPercent": 1.0}, "trail_percent"),
        ({"algoStrategy": "Adaptive"}, "algo"),
        ({"faGroup": "Clients"}, r"faGroup.*Order\.account"),
        ({"faProfile": "Clients"}, r"faProfile.*Order\.account"),
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


def test_the_price_of_a_stop_is_not_replaced_without_a_check_but_another_type_may_have_its_own(
    broker: Broker, gold: FuturesContract
) -> None:
    stop = Order.stop(gold, -1, "100.0", broker_parameters={"auxPrice": 90.03})
    with pytest.raises(InvalidOrder, match=r"auxPrice.*Order\.stop_price"):
        broker.orders.put_order_on_stack(stop)
    relative = Order.limit(gold, 1, "100.0", broker_parameters={"auxPrice": 0.1})
    assert broker.orders.put_order_on_stack(relative).current().state is OrderState.WORKING
