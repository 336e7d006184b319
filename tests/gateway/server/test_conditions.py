"""Orders that wait for a condition, or are ended by one; and when they run out while they wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import (
    Contract,
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
LATE = (TimeCondition("a", True, "20231201 12:00:00"),)
SOON = (TimeCondition("a", True, "20231129 00:30:00"),)
AWAY = {"order_type": "LMT", "limit_price": 4000.0, "tif": "GTC"}

Connect = Callable[..., Any]


def place(order_id: int, **terms: Any) -> requests.orders.PlaceOrder:
    order = OrderTerms(**{"action": "BUY", "total_quantity": 1.0, "order_type": "MKT", **terms})
    return requests.orders.PlaceOrder(order_id, ES, order)


def ended(frames: list[list[str]]) -> list[tuple[str, str]]:
    """Return order id and text of every 202."""
    return [(frame[2], frame[4]) for frame in frames if frame[0] == "4" and frame[3] == "202"]


def statuses(frames: list[list[str]]) -> list[tuple[str, str]]:
    return [(frame[1], frame[2]) for frame in frames if frame[0] == "3"]


@pytest.fixture
def still(run_gateway: Connect) -> SimulatedGateway:
    """Return a gateway whose clock stands still."""
    return run_gateway(clock=ManualClock())


@pytest.fixture
def client(still: SimulatedGateway, raw: Connect) -> Any:
    return raw(still)


@pytest.fixture
def number_of_es(client: Any) -> int:
    """Return the contract id of the future."""
    return int(client.answers(requests.contracts.ContractDetailsRequest(1, ES))[0][12])


def news(client: Any) -> list[list[str]]:
    return client.answers(requests.session.IdsRequest())


def test_a_condition_can_be_there_to_cancel_an_order(still: SimulatedGateway, client: Any) -> None:
    frames = client.answers(place(1, conditions=SOON, conditions_cancel_order=True, **AWAY))
    assert statuses(frames) == [("1", "PreSubmitted"), ("1", "Submitted")]
    still.advance(timedelta(minutes=29))
    assert statuses(news(client)) == []
    still.advance(timedelta(minutes=1))
    assert statuses(news(client)) == [("1", "PendingCancel"), ("1", "Cancelled")]


def test_a_change_can_take_the_condition_for_a_cancel_away(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, conditions=SOON, conditions_cancel_order=True, **AWAY))
    client.answers(place(1, **AWAY))
    still.advance(timedelta(hours=1))
    assert statuses(news(client)) == []


@pytest.mark.parametrize(
    ("terms", "text"),
    [
        ({"tif": "DAY"}, "Order Canceled - reason:it has expired"),
        ({"tif": "GTD", "good_till_date": "20231129 12:00:00"}, "Order Canceled - reason:it has expired"),
        ({"tif": "GTC"}, None),
    ],
)
def test_an_order_runs_out_also_while_it_waits(
    still: SimulatedGateway, client: Any, terms: dict[str, str], text: str | None
) -> None:
    client.answers(place(1, conditions=LATE, **terms))
    still.advance(timedelta(days=1))
    assert ended(news(client)) == ([] if text is None else [("1", text)])
    assert statuses(client.answers(requests.orders.OpenOrdersRequest())) == (
        [("1", "PreSubmitted")] if text is None else []
    )


def test_an_order_for_tomorrow_is_good_tomorrow(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, tif="DAY", good_after_time="20231130 08:00:00", order_type="LMT", limit_price=4000.0))
    still.advance(timedelta(hours=32, minutes=1))
    assert statuses(news(client))[-1] == ("1", "Submitted")


def test_a_percentage_is_counted_from_the_last_close(still: SimulatedGateway, client: Any, number_of_es: int) -> None:
    moved = PercentChangeCondition("a", False, 100.0, number_of_es, "CME")
    assert statuses(client.answers(place(1, conditions=(moved,), **AWAY)))[-1] == ("1", "Submitted")
    far = PercentChangeCondition("a", True, 50.0, number_of_es, "CME")
    assert statuses(client.answers(place(2, conditions=(far,), **AWAY))) == [("2", "PreSubmitted")]
    before = still.call(lambda gateway: gateway.quote(gateway.contracts.by_number(number_of_es)))
    change = 100 * (before.last / before.previous_close - 1)
    for order_id, bound, status in ((3, change - 0.001, "Submitted"), (4, change + 0.001, "PreSubmitted")):
        exact = PercentChangeCondition("a", True, bound, number_of_es, "CME")
        assert statuses(client.answers(place(order_id, conditions=(exact,), **AWAY)))[-1] == (str(order_id), status)


def test_prices_volumes_cushions_and_executions_hold_an_order_back(
    still: SimulatedGateway, client: Any, number_of_es: int
) -> None:
    holding = (
        PriceCondition("a", True, 9999.0, number_of_es, "CME", 0),
        VolumeCondition("a", True, 10**9, number_of_es, "CME"),
        MarginCondition("a", False, 5.0),
        ExecutionCondition("a", "FUT", "CME", "ES"),
    )
    for order_id, condition in enumerate(holding, start=1):
        frames = client.answers(place(order_id, conditions=(condition,), **AWAY))
        assert statuses(frames) == [(str(order_id), "PreSubmitted")], condition
    client.answers(place(10))
    still.advance(timedelta(minutes=2))
    assert ("4", "Submitted") in statuses(news(client))


def test_a_condition_on_a_contract_that_does_not_exist_is_refused(client: Any) -> None:
    unknown = PriceCondition("a", True, 9999.0, 1, "CME", 0)
    (error,) = client.answers(place(1, conditions=(unknown,), **AWAY))
    assert (error[3], "No contract 1 for a condition" in error[4]) == ("321", True)
