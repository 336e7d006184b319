"""A change that IB took is known to be taken, whatever kind of order it was of."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, FxPair, Order, OrderChange, OrderControl, OrderState
from brokerkit.errors import BrokerkitError, InvalidQuantity, OrderCannotBeModified
from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder
from brokerkit.plugins.sim.gateway.codec.responses.session import Error
from brokerkit.store import open_store

Listen = Callable[[Broker], Any]


@pytest.fixture
def spread(broker: Broker) -> FuturesContract:
    """The two front contracts of gold, as a calendar spread."""
    return FuturesContract("GOLD", broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[:2])


def changed(broker: Broker, control: OrderControl, **change: object) -> Order:
    """Return an order's instruction after a change."""
    return broker.orders.modify_order_given_control_object(control, OrderChange(**change)).current().order  # type: ignore[arg-type]  # because each test gives its own


def test_a_spread_grows_and_is_filled_only_when_all_of_it_is(
    gateway: SimulatedGateway, broker: Broker, spread: FuturesContract
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(spread, (1, -1), "-90"))
    assert changed(broker, control, quantity=(3, -3)).quantity == (3, -3)
    assert changed(broker, control, limit_price=90).limit_price == 90
    gateway.advance_bars(2)
    done = control.wait(30)
    assert (done.state, done.filled) == (OrderState.FILLED, (3, -3))


def test_a_spread_keeps_the_ratio_of_its_legs(broker: Broker, spread: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(spread, (2, -2), "-90"))
    with pytest.raises(InvalidQuantity, match="must keep the ratio of its legs"):
        changed(broker, control, quantity=(4, -2))
    assert control.current().order.quantity == (2, -2)


def test_a_spread_s_limit_may_become_zero(broker: Broker, spread: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(spread, (-1, 1), 50))
    assert changed(broker, control, limit_price=0).limit_price == 0


def test_a_limit_may_be_negative_and_turn_positive(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, "-37.6"))
    assert changed(broker, control, limit_price=0).limit_price == 0
    assert changed(broker, control, limit_price="0.1").limit_price == Decimal("0.1")


def test_a_price_that_an_order_does_not_have_cannot_be_changed(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.stop(gold, 1, 2900))
    with pytest.raises(OrderCannotBeModified, match="is stop and has no limit_price"):
        changed(broker, control, limit_price=1890)


def test_a_change_is_written_down(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    changed(broker, control, limit_price=1890, quantity=2)
    broker.close()
    with open_store(broker="ib") as store:
        known = store.journal.order(control.order_ref).order
    assert (known.limit_price, known.quantity) == (1890, (2,))


def test_an_order_for_a_currency_pair_can_be_changed(broker: Broker) -> None:
    control = broker.fx.put_fx_order_on_stack(Order.limit(FxPair("GBPUSD"), 10_000, "1.1"))
    assert changed(broker, control, limit_price="1.12345").limit_price == Decimal("1.12345")


def test_a_change_that_was_rejected_does_not_make_a_later_cancel_a_rejection(
    broker: Broker, gold: FuturesContract, listen: Listen
) -> None:
    heard = listen(broker)
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    order_id = int(control.current().ids.order_id)
    tell = broker.native.connection.hear  # the Gateway of the tests refuses no change for its margin
    broker.native.connection.call(lambda _ib: tell("error", (order_id, 201, "Order rejected - reason: margin", None)))
    heard.wait_for(lambda: "margin" in control.current().reason)
    broker.orders.get_list_of_broker_orders()  # IB says that it works on
    broker.orders.cancel_order_given_control_object(control)
    assert control.wait(30).state is OrderState.CANCELLED


def test_changes_by_many_threads_are_each_answered(
    broker: Broker, gold: FuturesContract, answer_as: Callable[..., None]
) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(gold, 1, 1900))
    refused = range(1910, 1950, 4)
    ended: dict[int, BaseException | None] = {}

    def change(price: int) -> None:
        try:
            broker.orders.modify_limit_price_given_control_object(control, price)
        except BrokerkitError as error:
            ended[price] = error
        else:
            ended[price] = None

    def answer(session: Any, request: Any, usual: Callable[..., None]) -> None:
        if request.order.limit_price in refused:
            session.send(Error(request.order_id, 105, "Order being modified does not match original order"))
        else:
            usual(session, request)

    answer_as(PlaceOrder, answer)
    for first in range(1910, 1950, 4):
        threads = [threading.Thread(target=change, args=(first + each,)) for each in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert {price for price, error in ended.items() if error is not None} == set(refused)
    assert {type(ended[price]) for price in refused} == {OrderCannotBeModified}
