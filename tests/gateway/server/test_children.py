"""Children that join a parent which is working or waiting already, and exits that wait for something of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract, TimeCondition

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
GE = Contract(symbol="GE", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
AWAY = {"order_type": "LMT", "limit_price": 4000.0, "tif": "GTC"}
NEAR = {"order_type": "LMT", "limit_price": 6000.0, "tif": "GTC"}
PROFIT = {"action": "SELL", "order_type": "LMT", "limit_price": 4000.0, "parent_id": 1, "tif": "GTC"}
STOP = {"action": "SELL", "order_type": "STP", "aux_price": 4900.0, "parent_id": 1, "tif": "GTC"}
LATER = (TimeCondition("a", True, "20231129 00:20:00"),)

Connect = Callable[..., Any]


def place(order_id: int, contract: Contract = ES, **terms: Any) -> requests.orders.PlaceOrder:
    order = OrderTerms(**{"action": "BUY", "total_quantity": 1.0, **terms})
    return requests.orders.PlaceOrder(order_id, contract, order)


def statuses(frames: list[list[str]]) -> dict[str, str]:
    """Return the last status of each order."""
    return {frame[1]: frame[2] for frame in frames if frame[0] == "3"}


@pytest.fixture
def still(run_gateway: Connect) -> SimulatedGateway:
    """Return a gateway whose clock stands still."""
    return run_gateway(clock=ManualClock())


@pytest.fixture
def client(still: SimulatedGateway, raw: Connect) -> Any:
    return raw(still)


def advance(gateway: SimulatedGateway, client: Any, minutes: int) -> list[list[str]]:
    """Move the clock on minute by minute, and return all that is told meanwhile."""
    for _ in range(minutes):
        gateway.advance(timedelta(minutes=1))
    return client.answers(requests.session.IdsRequest())


def held_lots(client: Any) -> list[str]:
    return [frame[14] for frame in client.answers(requests.account.PositionsRequest()) if frame[0] == "61"]


def test_an_exit_that_ends_with_its_entry_names_no_order_by_a_number_that_clients_do_not_know(client: Any) -> None:
    client.answers(place(1, **AWAY, transmit=False))
    client.answers(place(2, **STOP))
    ended = client.answers(requests.orders.CancelOrder(1))
    assert [frame[4] for frame in ended if frame[:4] == ["4", "2", "2", "202"]] == [
        "Order Canceled - reason:another order, its parent, is cancelled"
    ]


def test_exits_that_join_a_working_entry_one_by_one_end_each_other(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, **AWAY))
    assert statuses(client.answers(place(2, **PROFIT)))["2"] == "PreSubmitted"
    frames = client.answers(place(3, **STOP))
    assert {frame[1]: frame[10] for frame in frames if frame[0] == "3"}["3"] == "child,trigger"
    groups = {frame[1]: frame[19] for frame in client.answers(requests.orders.OpenOrdersRequest()) if frame[0] == "5"}
    assert groups["2"] == groups["3"] != ""
    client.answers(place(1, **NEAR))
    last = statuses(advance(still, client, 6))
    assert sorted((last["2"], last["3"])) == ["Cancelled", "Filled"]
    assert held_lots(client) == []


def test_an_exit_that_joins_a_waiting_entry_is_placed_once(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, order_type="MKT", tif="GTC", conditions=LATER))
    client.answers(place(2, **{**PROFIT, "limit_price": 9000.0}))
    advance(still, client, 30)
    assert still.call(lambda gateway: [live.side for live in gateway.exchange.orders()]) == [1, -1]
    assert statuses(client.answers(requests.orders.OpenOrdersRequest())) == {"2": "Submitted"}


@pytest.mark.parametrize("waiting", [{"conditions": LATER}, {"good_after_time": "20231129 00:20:00"}])
def test_an_exit_that_waits_for_more_than_its_entry_waits_and_is_ended_by_the_other(
    still: SimulatedGateway, client: Any, waiting: dict[str, Any]
) -> None:
    client.answers(place(1, transmit=False, **NEAR))
    client.answers(place(2, transmit=False, **{**PROFIT, **waiting}))
    client.answers(place(3, **{**STOP, "aux_price": 4000.0}))
    last = statuses(advance(still, client, 10))
    assert (last["1"], last.get("2", "PreSubmitted"), last["3"]) == ("Filled", "PreSubmitted", "PreSubmitted")
    client.answers(place(3, **{**STOP, "parent_id": 0}))
    last = statuses(advance(still, client, 5))
    assert (last["2"], last["3"]) == ("Cancelled", "Filled")
    assert statuses(advance(still, client, 30)) == {}
    assert held_lots(client) == []


def test_an_exit_cannot_join_others_whose_entry_has_filled_in_part(still: SimulatedGateway, client: Any) -> None:
    entry = {"total_quantity": 1800.0, "order_type": "LMT", "limit_price": 100.0, "tif": "GTC"}
    profit = {**PROFIT, "total_quantity": 1800.0, "limit_price": 200.0}
    client.answers(place(1, GE, transmit=False, **entry))
    client.answers(place(2, GE, **profit))
    advance(still, client, 1)
    frames = client.answers(place(3, GE, **profit))
    assert [frame[3] for frame in frames if frame[0] == "4"] == ["201"]
    assert statuses(frames) == {"3": "Inactive"}
    assert statuses(client.answers(requests.orders.OpenOrdersRequest())).keys() == {"1", "2"}


def test_a_hedge_that_joins_a_working_order_waits_for_it(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, **AWAY))
    hedge = {"action": "SELL", "order_type": "MKT", "parent_id": 1, "tif": "GTC"}
    assert statuses(client.answers(place(2, GE, **hedge))) == {"2": "PreSubmitted"}
    client.answers(place(1, **NEAR))
    assert statuses(advance(still, client, 5)) == {"1": "Filled", "2": "Filled"}
