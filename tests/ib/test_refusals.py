"""An order that IB refuses is refused in IB's words, also with a code of which nobody said what it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Order, OrderState
from brokerkit.errors import OrderRejected
from brokerkit.plugins.sim.gateway import SimulatedGateway

Listen = Callable[[Broker], Any]
PRICE_CAP = "The price is out of the range defined by the Precautionary Settings at the Order Presets."


def answer_instead_of_placing(broker: Broker, monkeypatch: pytest.MonkeyPatch, code: int, text: str) -> None:
    """Have the next order answered with an error, and not placed."""
    ib = broker.native.connection.ib._ib

    def refuse(_contract: Any, order: Any) -> None:
        monkeypatch.undo()
        ib.wrapper.error(order.orderId, code, text, "")

    monkeypatch.setattr(ib, "placeOrder", refuse)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (109, PRICE_CAP),
        (103, "Duplicate order id"),
        (388, "Order size 1 is smaller than the minimum required size of 2."),
        (460, "No trading permissions."),  # QuantConnect/Lean.Brokerages.InteractiveBrokers#245
        (99999, "Something new"),
    ],
)
def test_an_order_refused_with_any_code_ends_with_its_reason(
    broker: Broker, gold: FuturesContract, monkeypatch: pytest.MonkeyPatch, code: int, text: str
) -> None:
    broker.contracts.get_contract_object_with_broker_data(gold)
    order = Order.limit(gold, 1, 1900)
    with monkeypatch.context() as patch:
        answer_instead_of_placing(broker, patch, code, text)
        with pytest.raises(OrderRejected) as refused:
            broker.orders.put_order_on_stack(order)
    assert (refused.value.broker_code, refused.value.broker_message) == (code, text)
    view = broker.orders.match_db_broker_order_to_order_from_brokers(order)
    assert (view.state, view.reason) == (OrderState.REJECTED, text)


def test_an_order_that_lives_on_after_a_code_nobody_knows_is_placed(
    gateway: SimulatedGateway, broker: Broker, gold: FuturesContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.contracts.get_contract_object_with_broker_data(gold)
    ib = broker.native.connection.ib._ib
    place = ib.placeOrder

    def place_and_say(contract: Any, order: Any) -> None:
        monkeypatch.undo()
        place(contract, order)
        broker.native.connection.hear("error", (order.orderId, 99999, "Something new", None))

    monkeypatch.setattr(ib, "placeOrder", place_and_say)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    assert control.current().state is OrderState.WORKING
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED


@pytest.mark.parametrize("ends_by", ["Inactive", "Cancelled"])
def test_an_order_that_ends_after_a_code_nobody_knows_was_rejected(
    broker: Broker, gold: FuturesContract, listen: Listen, ends_by: str
) -> None:
    """An order that IB has acknowledged may still be refused, and Inactive says that it is without saying why.

    As in nautechsystems/nautilus_trader#3603 and brndnmtthws/thetagang#709.
    """
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    ids, connection = control.current().ids, broker.native.connection

    def refuse(_ib: Any) -> None:
        connection.hear("error", (int(ids.order_id), 99999, "Something new", None))
        status = (int(ids.order_id), ends_by, 0.0, 1.0, 0.0, int(ids.perm_id), 0, 0.0, ids.client_id, "", 0.0)
        connection.hear("orderStatus", status)

    connection.call(refuse)
    connection.server_time()
    heard.wait_for(lambda: control.current().state is not OrderState.WORKING)
    assert (control.current().state, control.current().reason) == (OrderState.REJECTED, "Something new")


def test_an_order_that_works_on_after_a_code_nobody_knows_may_still_be_cancelled(
    broker: Broker, gold: FuturesContract
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    connection = broker.native.connection
    connection.call(
        lambda _ib: connection.hear("error", (int(control.current().ids.order_id), 99999, "Something new", None))
    )
    assert len(broker.orders.get_list_of_broker_orders()) == 1
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED
