"""Changes of more than a price: what hangs together at the exchange goes on hanging together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.gateway import ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
GE = Contract(symbol="GE", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
MARKET = {"order_type": "MKT"}
AWAY = {"order_type": "LMT", "limit_price": 4000.0}
PROFIT = {"action": "SELL", "order_type": "LMT", "limit_price": 5000.0, "parent_id": 1, "tif": "GTC"}
STOP = {"action": "SELL", "order_type": "STP", "aux_price": 3900.0, "parent_id": 1, "tif": "GTC"}

Connect = Callable[..., Any]


def place(order_id: int, **terms: Any) -> requests.orders.PlaceOrder:
    return requests.orders.PlaceOrder(order_id, ES, OrderTerms(**{"action": "BUY", "total_quantity": 1.0, **terms}))


def statuses(frames: list[list[str]]) -> list[tuple[str, str, str]]:
    """Return order id, status and the reason for being held of every orderStatus."""
    return [(frame[1], frame[2], frame[10]) for frame in frames if frame[0] == "3"]


@pytest.fixture
def still(run_gateway: Connect) -> SimulatedGateway:
    """Return a gateway whose clock stands still."""
    return run_gateway(clock=ManualClock())


@pytest.fixture
def client(still: SimulatedGateway, raw: Connect) -> Any:
    return raw(still)


def bracket(client: Any, entry: dict[str, Any]) -> None:
    """Place an entry with a profit and a stop, numbers 1 to 3."""
    client.answers(place(1, transmit=False, **entry))
    client.answers(place(2, transmit=False, **PROFIT))
    client.answers(place(3, **STOP))


def open_orders(client: Any) -> list[tuple[str, str, str]]:
    return statuses(client.answers(requests.orders.OpenOrdersRequest()))


@pytest.mark.parametrize("change", [{"tif": "DAY"}, {"order_type": "LIT", "aux_price": 4990.0}])
def test_an_exit_that_is_changed_goes_on_waiting_for_its_entry(client: Any, change: dict[str, Any]) -> None:
    bracket(client, AWAY)
    frames = client.answers(place(2, **{**PROFIT, **change}))
    assert {number: status for number, status, _ in statuses(frames)}["2"] == "PreSubmitted"
    waiting = [("1", "Submitted", ""), ("2", "PreSubmitted", "child"), ("3", "PreSubmitted", "child,trigger")]
    assert [told[:2] for told in open_orders(client)] == [told[:2] for told in waiting]
    client.answers(requests.orders.CancelOrder(1))
    assert open_orders(client) == []


def test_an_entry_that_becomes_a_market_order_keeps_its_exits(still: SimulatedGateway, client: Any) -> None:
    bracket(client, AWAY)
    assert {number for number, _, _ in statuses(client.answers(place(1, **MARKET)))} == {"1"}
    still.advance(timedelta(minutes=3))
    client.answers(requests.session.IdsRequest())
    assert open_orders(client) == [("2", "Submitted", ""), ("3", "PreSubmitted", "trigger")]


def test_an_exit_that_is_changed_once_its_entry_has_filled_still_ends_the_other(
    still: SimulatedGateway, client: Any
) -> None:
    bracket(client, MARKET)
    still.advance(timedelta(minutes=3))
    client.answers(place(2, **{**PROFIT, "tif": "DAY", "parent_id": 0}))
    client.answers(place(2, **{**PROFIT, "tif": "DAY", "limit_price": 4000.0, "parent_id": 0}))
    still.advance(timedelta(minutes=3))
    last = {number: status for number, status, _ in statuses(client.answers(requests.session.IdsRequest()))}
    assert (last["2"], last["3"]) == ("Filled", "Cancelled")
    assert open_orders(client) == []


def test_an_order_that_cannot_become_what_is_asked_stays_as_it_was(client: Any) -> None:
    client.answers(place(1, order_type="STP", aux_price=5000.0))
    (error,) = client.answers(place(1, order_type="STP", aux_price=5000.0, tif="IOC"))
    assert (error[0], error[2], error[3]) == ("4", "1", "201")
    assert open_orders(client) == [("1", "PreSubmitted", "trigger")]
    assert statuses(client.answers(requests.orders.CancelOrder(1)))[-1][:2] == ("1", "Cancelled")


def test_no_change_turns_an_order_into_another(run_gateway: Connect, raw: Connect) -> None:
    client = raw(run_gateway(clock=ManualClock(), accounts=("DU1", "DU2")))
    client.answers(place(1, account="DU1", **AWAY))
    others: list[dict[str, Any]] = [{"account": "DU2"}, {"account": "DU1", "action": "SELL"}]
    for other in others:
        (error,) = client.answers(place(1, **{**AWAY, **other}))
        assert (error[0], error[3]) == ("4", "105"), other
    (error,) = client.answers(requests.orders.PlaceOrder(1, GE, place(1, account="DU1", **AWAY).order))
    assert (error[0], error[3]) == ("4", "105")
    assert open_orders(client) == [("1", "Submitted", "")]


def test_a_change_that_does_not_reach_the_exchange_changes_nothing(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, **AWAY))
    still.call(lambda gateway: gateway.exchange.disconnect("test", timedelta(minutes=1)))
    frames = client.answers(place(1, order_type="LMT", limit_price=4001.0, total_quantity=5.0))
    assert [(frame[2], frame[3]) for frame in frames if frame[0] == "4"] == [("-1", "1100"), ("1", "322")]
    still.advance(timedelta(minutes=2))
    (opened, status, _) = client.answers(requests.orders.OpenOrdersRequest())[-3:]
    assert (opened[14], opened[16], status[4]) == ("1", "4000.0", "1")


def test_what_ended_while_nobody_heard_of_it_cannot_be_changed(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, **MARKET))
    still.call(lambda gateway: gateway.exchange.disconnect("test", timedelta(minutes=5)))
    still.advance(timedelta(minutes=2))
    frames = client.answers(place(1, total_quantity=5.0, **AWAY))
    assert [frame[3] for frame in frames if frame[0] == "4"] == ["1100", "105"]
    still.advance(timedelta(minutes=5))
    (filled,) = [frame for frame in client.answers(requests.session.IdsRequest()) if frame[0] == "3"]
    assert filled[2:5] == ["Filled", "1", "0"]


def test_what_is_filled_counts_in_the_new_size_of_an_order_that_is_placed_anew(
    still: SimulatedGateway, client: Any
) -> None:
    terms = {"action": "SELL", "order_type": "LMT", "tif": "GTC", "limit_price": 90.0}
    client.answers(requests.orders.PlaceOrder(1, GE, OrderTerms(total_quantity=1800.0, **terms)))
    still.advance(timedelta(seconds=60))
    filled = int(client.answers(requests.orders.OpenOrdersRequest())[-2][3])
    assert 0 < filled < 1800
    changed = {**terms, "tif": "DAY", "limit_price": 99.0, "total_quantity": 1900.0}
    client.answers(requests.orders.PlaceOrder(1, GE, OrderTerms(**changed)))
    status = client.answers(requests.orders.OpenOrdersRequest())[-2]
    assert [int(status[3]), int(status[4])] == [filled, 1900 - filled]
    live = still.call(lambda gateway: [one.remaining for one in gateway.exchange.orders() if not one.is_final])
    assert live == [1900 - filled]


def error_codes(ib: ibi.IB) -> list[tuple[int, int]]:
    """Return a list that fills with order id and code of every error from now on."""
    found: list[tuple[int, int]] = []
    ib.errorEvent += lambda req_id, code, *rest: found.append((req_id, code))
    return found


@pytest.mark.parametrize("before", ["", "one"])
def test_an_order_does_not_move_to_another_group(
    gateway: SimulatedGateway, connect: Connect, ib: ibi.IB, es: ibi.Contract, until: Connect, before: str
) -> None:
    errors = error_codes(ib)
    order = ibi.LimitOrder("SELL", 1, 6000, ocaGroup=before)
    trade = ib.placeOrder(es, order)
    until(ib, lambda: trade.orderStatus.status == "Submitted")
    order.ocaGroup, order.lmtPrice = "other", 6001
    ib.placeOrder(es, order)
    until(ib, lambda: errors)
    assert errors == [(order.orderId, 10326)]
    (told,) = connect(gateway, 2).reqAllOpenOrders()  # ib_insync takes any error of an order for its end
    assert (told.order.ocaGroup, told.order.lmtPrice, told.orderStatus.status) == (before, 6000, "Submitted")


@pytest.mark.parametrize("group", ["", "one"])
def test_an_order_stays_in_its_group_when_a_change_names_that_or_none(
    gateway: SimulatedGateway, connect: Connect, ib: ibi.IB, es: ibi.Contract, until: Connect, group: str
) -> None:
    order = ibi.LimitOrder("SELL", 1, 6000, ocaGroup="one")
    trade = ib.placeOrder(es, order)
    until(ib, lambda: trade.orderStatus.status == "Submitted")
    order.ocaGroup, order.lmtPrice = group, 6001
    ib.placeOrder(es, order)
    until(ib, lambda: trade.log[-1].message == "Modified")
    (told,) = connect(gateway, 2).reqAllOpenOrders()
    assert (told.order.ocaGroup, told.order.lmtPrice) == ("one", 6001)


def test_a_change_of_an_exit_whose_entry_has_filled_must_not_name_that(
    gateway: SimulatedGateway, connect: Connect, ib: ibi.IB, es: ibi.Contract, until: Connect
) -> None:
    errors = error_codes(ib)
    entry = ibi.MarketOrder("BUY", 1, orderId=ib.client.getReqId(), transmit=False)
    stop = ibi.StopOrder("SELL", 1, 3900, orderId=ib.client.getReqId(), parentId=entry.orderId, tif="GTC")
    bought, exit_ = ib.placeOrder(es, entry), ib.placeOrder(es, stop)
    until(ib, lambda: bought.isDone() and exit_.orderStatus.whyHeld == "trigger")
    stop.auxPrice = 3901
    ib.placeOrder(es, stop)
    until(ib, lambda: errors)
    assert errors == [(stop.orderId, 135)]
    ib.disconnect()  # ib_insync takes any error of an order for its end
    again = connect(gateway, 1)
    (trade,) = again.openTrades()
    assert (trade.order.auxPrice, trade.orderStatus.status) == (3900, "PreSubmitted")
    trade.order.auxPrice, trade.order.parentId = 3902, 0
    again.placeOrder(es, trade.order)
    again.reqCurrentTime()  # its answer comes after the change
    (told,) = connect(gateway, 2).reqAllOpenOrders()
    assert (told.order.auxPrice, told.orderStatus.status) == (3902, "PreSubmitted")


def parents(frames: list[list[str]]) -> dict[str, str]:
    """Return the parent id that the last orderStatus of each order tells."""
    return {frame[1]: frame[7] for frame in frames if frame[0] == "3"}


@pytest.mark.parametrize(
    "change", [{"limit_price": 4990.0}, {"tif": "DAY"}, {"order_type": "LIT", "aux_price": 4990.0}]
)
def test_a_change_without_a_parent_leaves_an_exit_attached(
    still: SimulatedGateway, client: Any, change: dict[str, Any]
) -> None:
    bracket(client, AWAY)
    frames = client.answers(place(2, **{**PROFIT, **change, "parent_id": 0}))
    assert [frame for frame in frames if frame[0] == "4"] == []
    assert parents(frames)["2"] == "1"
    still.advance(timedelta(minutes=3))
    assert parents(client.answers(requests.orders.OpenOrdersRequest())) == {"1": "0", "2": "1", "3": "1"}
    client.answers(requests.orders.CancelOrder(1))
    assert open_orders(client) == []


def test_an_exit_that_waits_here_stays_attached(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, transmit=False, **AWAY))
    later = {**PROFIT, "good_after_time": "20231129-12:00:00"}
    client.answers(place(2, **later))
    assert parents(client.answers(place(2, **{**later, "limit_price": 4990.0, "parent_id": 0})))["2"] == "1"
    client.answers(requests.orders.CancelOrder(1))
    assert open_orders(client) == []


def test_a_draft_that_is_made_anew_without_its_parent_stays_attached(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, transmit=False, **AWAY))
    client.answers(place(2, transmit=False, **PROFIT))
    assert parents(client.answers(place(2, **{**PROFIT, "parent_id": 0}))) == {"1": "0", "2": "1"}


def test_a_draft_that_is_made_anew_with_a_parent_is_attached_to_it(still: SimulatedGateway, client: Any) -> None:
    client.answers(place(1, transmit=False, **AWAY))
    client.answers(place(2, transmit=False, **{**PROFIT, "parent_id": 0}))
    assert statuses(client.answers(place(2, **PROFIT)))[-1] == ("2", "PreSubmitted", "child")
    client.answers(requests.orders.CancelOrder(1))
    assert open_orders(client) == []


def test_no_change_attaches_a_working_order_to_another(client: Any) -> None:
    bracket(client, AWAY)
    client.answers(place(4, **AWAY))
    for changed in (
        place(2, **{**PROFIT, "parent_id": 4}),
        place(4, parent_id=1, **AWAY),
        place(1, parent_id=1, **AWAY),
    ):
        (error,) = client.answers(changed)
        assert (error[0], error[3]) == ("4", "105")
    told = parents(client.answers(requests.orders.OpenOrdersRequest()))
    assert told == {"1": "0", "2": "1", "3": "1", "4": "0"}


def test_a_draft_whose_entry_fills_before_it_is_transmitted_still_protects(
    still: SimulatedGateway, client: Any
) -> None:
    client.answers(place(1, **MARKET))
    client.answers(place(2, transmit=False, **{**STOP, "parent_id": 1}))
    still.advance(timedelta(minutes=3))
    client.answers(requests.session.IdsRequest())
    client.answers(place(2, **STOP))
    still.advance(timedelta(minutes=1))
    client.answers(requests.session.IdsRequest())
    assert open_orders(client) == [("2", "PreSubmitted", "trigger")]


def test_a_draft_that_went_with_its_session_is_not_heard_of_again(still: SimulatedGateway, raw: Connect) -> None:
    first = raw(still)
    first.answers(place(1, **AWAY))
    first.answers(place(2, transmit=False, **PROFIT))
    first.close()
    still.call(lambda gateway: gateway.restart())
    second = raw(still)
    told = second.answers(requests.orders.CancelOrder(1))
    assert {frame[1] if frame[0] == "3" else frame[2] for frame in told} == {"1"}


def test_a_change_that_is_not_transmitted_changes_nothing(client: Any) -> None:
    bracket(client, AWAY)
    assert client.answers(place(2, transmit=False, **{**PROFIT, "limit_price": 4990.0})) == []
    opened = {frame[1]: frame for frame in client.answers(requests.orders.OpenOrdersRequest()) if frame[0] == "5"}
    assert opened["2"][16] == "5000.0"
    (error,) = client.answers(place(2, transmit=False, **{**PROFIT, "limit_price": 4990.1}))
    assert (error[0], error[3]) == ("4", "110")
    client.answers(place(2, **{**PROFIT, "limit_price": 4990.0}))
    opened = {frame[1]: frame for frame in client.answers(requests.orders.OpenOrdersRequest()) if frame[0] == "5"}
    assert opened["2"][16] == "4990.0"
