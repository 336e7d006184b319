"""A change is sent as the whole order: what IB reports of it, less what IB reports wrongly, plus what it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Order, OrderChange
from brokerkit.errors import OrderCannotBeModified
from brokerkit.plugins.ib.clients.orders import unset_what_ib_refuses
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder


@pytest.fixture
def sent(answer_as: Callable[..., None]) -> list[Any]:
    """The terms of every order that the Gateway receives, as it receives them."""
    found: list[Any] = []

    def keep(session: Any, asked: PlaceOrder, usual: Callable[..., None]) -> None:
        found.append(asked.order)
        usual(session, asked)

    answer_as(PlaceOrder, keep)
    return found


def test_a_stop_that_is_changed_still_becomes_a_trailing_one_at_its_trigger_price(
    broker: Broker, gold: FuturesContract, sent: list[Any]
) -> None:
    given = {"adjustedOrderType": "TRAIL", "triggerPrice": 2600.0, "adjustedStopPrice": 2500.0}
    stop = Order.stop(gold, -1, "100.0", broker_parameters={**given, "adjustedTrailingAmount": 20.0})
    control = broker.orders.put_order_on_stack(stop)
    broker.orders.modify_order_given_control_object(control, OrderChange(stop_price="90.0"))
    assert (sent[-1].aux_price, sent[-1].trigger_price) == (90.0, 2600.0)
    assert sent[-1].adjusted_order_type == sent[0].adjusted_order_type == "TRAIL"


def test_what_ib_does_not_report_of_an_order_is_sent_again_with_its_change(
    broker: Broker, gold: FuturesContract, sent: list[Any]
) -> None:
    given = {"overridePercentageConstraints": True, "extOperator": "desk 1", "mifid2DecisionMaker": "7"}
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, "100.0", broker_parameters=given))
    broker.orders.modify_order_given_control_object(control, OrderChange(limit_price="90.0"))
    assert (sent[-1].limit_price, sent[-1].override_percentage_constraints) == (90.0, True)
    assert (sent[-1].ext_operator, sent[-1].mifid_decision_maker) == ("desk 1", "7")


def test_a_new_quantity_leaves_a_trailing_trigger_where_it_is_now(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract, sent: list[Any]
) -> None:
    """It has moved since the order was placed, and IB reports that only in its list of open orders."""
    stop = Order.trailing_stop(gold, -1, amount="5.0", stop_price="95.0")
    control = broker.orders.put_order_on_stack(stop)
    gateway.call(_move_trigger)
    broker.orders.modify_order_given_control_object(control, OrderChange(quantity=-2))
    assert (sent[-1].total_quantity, sent[-1].trail_stop_price) == (2.0, 110.0)


def test_a_trailing_limit_is_sent_as_the_offset_that_it_was_given_as(library: Any) -> None:
    """IB reports the limit that follows from it too, and refuses an order with both (321)."""
    given = {"orderType": "TRAIL LIMIT", "auxPrice": 5.0, "trailStopPrice": 110.0}
    told = library.Order(**given, lmtPrice=109.5, lmtPriceOffset=0.5)
    unset_what_ib_refuses(told, library.Order())
    assert (told.lmtPriceOffset, told.trailStopPrice, told.lmtPrice) == (0.5, 110.0, library.Order().lmtPrice)
    by_price = library.Order(**given, lmtPrice=109.5)
    unset_what_ib_refuses(by_price, library.Order())
    assert by_price.lmtPrice == 109.5


def test_a_trailing_trigger_that_ib_reports_of_a_limit_order_is_not_sent_back(library: Any) -> None:
    told = library.Order(orderType="LMT", lmtPrice=0.98, trailStopPrice=1.98)
    unset_what_ib_refuses(told, library.Order())
    assert (told.lmtPrice, told.trailStopPrice) == (0.98, library.Order().trailStopPrice)


def test_a_stop_that_ib_has_turned_into_a_trailing_one_is_not_given_a_price_as_its_distance(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract, sent: list[Any]
) -> None:
    """Its trigger was IB's auxPrice, which is the distance now; the same field changes its meaning by hand in TWS."""
    control = broker.orders.put_order_on_stack(Order.stop(gold, -1, "100.0"))

    def adjust(inner: Any) -> None:
        [order] = inner.orders.registry.open_orders()
        order.terms = order.terms.but(order_type="TRAIL", aux_price=20.0, trail_stop_price=2500.0)

    gateway.call(adjust)
    broker.orders.get_list_of_broker_orders()
    assert control.current().order.stop_price == 100
    with pytest.raises(OrderCannotBeModified, match="IB has it as a TRAIL order"):
        broker.orders.modify_order_given_control_object(control, OrderChange(stop_price="90.0"))
    assert len(sent) == 1


def test_a_trailing_trigger_is_put_back_where_it_began_if_that_is_asked_for(
    broker: Broker, gateway: SimulatedGateway, gold: FuturesContract, sent: list[Any]
) -> None:
    control = broker.orders.put_order_on_stack(Order.trailing_stop(gold, -1, amount="5.0", stop_price="95.0"))
    gateway.call(_move_trigger)
    broker.orders.modify_order_given_control_object(control, OrderChange(quantity=-2, stop_price="95.0"))
    assert (sent[-1].total_quantity, sent[-1].trail_stop_price) == (2.0, 95.0)


def _move_trigger(gateway: Any) -> None:
    [order] = gateway.orders.registry.open_orders()
    order.terms = order.terms.but(trail_stop_price=110.0)
