"""The order in which messages come, as recorded from real gateways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import ib_insync as ibi
import pytest

from brokerkit.plugins.sim.gateway import GatewaySettings, Limits, ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
OUTSIDE_RTH = 26
"""Where an open order carries it."""

PlaceOrder, CancelOrder = requests.orders.PlaceOrder, requests.orders.CancelOrder

Connect = Callable[..., Any]


def place(order_id: int, **terms: Any) -> PlaceOrder:
    merged = {"action": "BUY", "total_quantity": 1.0, "order_type": "MKT", "tif": "DAY", **terms}
    return PlaceOrder(order_id, ES, OrderTerms(**merged))


def told(frames: list[list[str]]) -> list[str]:
    """Name order frames briefly: message id, and status, code or request id."""
    brief = []
    for frame in frames:
        if frame[0] == "3":
            brief.append(f"3 {frame[2]}")
        elif frame[0] == "5":
            brief.append("5")
        elif frame[0] == "4":
            brief.append(f"4 {frame[3]}")
        elif frame[0] == "11":
            brief.append(f"11 {frame[1]}")
        elif frame[0] == "59":
            brief.append("59")
    return brief


@pytest.fixture
def client(gateway: SimulatedGateway, raw: Connect) -> Any:
    return raw(gateway)


@pytest.fixture
def still(run_gateway: Connect) -> SimulatedGateway:
    """Return a gateway whose clock stands still."""
    return run_gateway(clock=ManualClock())


def test_start_of_a_session(gateway: SimulatedGateway, raw: Connect) -> None:
    client = raw(gateway, client_id=None)
    assert client.greeting == ["176", "20231129 00:00:00 UTC"]
    client.send(requests.session.StartApi(7))
    frames = client.until(lambda frame: frame[0] == "4" and frame[3] == "2158")
    assert frames[:2] == [["15", "1", "DU1000001"], ["9", "1", "1"]]
    assert [frame[1:4] for frame in frames[2:]] == [["2", "-1", "2104"], ["2", "-1", "2106"], ["2", "-1", "2158"]]


def test_a_market_order_that_fills(client: Any) -> None:
    client.send(place(1))
    frames = client.until(lambda frame: frame[0] == "59")
    assert told(frames) == ["5", "3 PreSubmitted", "11 -1", "5", "3 Filled", "5", "59"]


def test_a_limit_order_that_rests_and_is_cancelled(client: Any) -> None:
    assert told(client.answers(place(1, order_type="LMT", limit_price=4000.0))) == [
        *("5", "3 PreSubmitted", "5", "3 Submitted"),
    ]
    assert told(client.answers(CancelOrder(1))) == ["3 PendingCancel", "3 Cancelled", "4 202"]


def test_a_stop_order_waits_for_its_trigger(client: Any) -> None:
    frames = client.answers(place(1, order_type="STP", aux_price=5000.0))
    assert told(frames) == ["5", "3 PreSubmitted"]
    assert frames[1][10] == "trigger"


def test_what_has_ended_waits_for_nothing(still: SimulatedGateway, raw: Connect) -> None:
    client = raw(still)
    client.answers(place(1, order_type="STP", aux_price=9000.0))
    ended = [frame for frame in client.answers(CancelOrder(1)) if frame[0] == "3" and frame[2] == "Cancelled"]
    assert [frame[10] for frame in ended] == [""]


def test_an_untransmitted_order_is_silent_until_it_is_transmitted(client: Any) -> None:
    assert client.answers(place(1, transmit=False)) == []
    assert client.answers(requests.orders.OpenOrdersRequest())[-1] == ["53", "1"]
    client.send(place(1))
    assert told(client.until(lambda frame: frame[0] == "59"))[-2:] == ["5", "59"]


def test_a_bracket(still: SimulatedGateway, raw: Connect) -> None:
    client = raw(still)
    assert client.answers(place(1, order_type="LMT", limit_price=4000.0, transmit=False)) == []
    profit = place(2, action="SELL", order_type="LMT", limit_price=5000.0, parent_id=1, transmit=False)
    assert client.answers(profit) == []
    frames = client.answers(place(3, action="SELL", order_type="STP", aux_price=3900.0, parent_id=1))
    statuses = {frame[1]: frame[2] for frame in frames if frame[0] == "3"}
    held = {frame[1]: frame[10] for frame in frames if frame[0] == "3"}
    assert statuses == {"1": "Submitted", "2": "PreSubmitted", "3": "PreSubmitted"}
    assert (held["2"], held["3"]) == ("child", "child,trigger")
    groups = {frame[1]: frame[19] for frame in frames if frame[0] == "5"}
    assert groups["2"] == groups["3"] != ""
    assert told(client.answers(CancelOrder(1)))[:2] == ["3 PendingCancel", "3 Cancelled"]
    assert client.answers(requests.orders.AllOpenOrdersRequest()) == [["53", "1"]]


def test_a_bracket_whose_profit_is_taken_cancels_its_stop(still: SimulatedGateway, raw: Connect) -> None:
    client = raw(still)
    client.send(place(1, transmit=False))
    client.send(place(2, action="SELL", order_type="LMT", limit_price=4000.0, parent_id=1, transmit=False, tif="GTC"))
    client.send(place(3, action="SELL", order_type="STP", aux_price=3900.0, parent_id=1, tif="GTC"))
    client.answers(requests.session.IdsRequest())
    still.advance(timedelta(minutes=5))
    frames = client.until(lambda frame: frame[0] == "3" and frame[1] == "2" and frame[2] == "Filled")
    frames += client.until(lambda frame: frame[0] == "4" and frame[2] == "3")
    last = {frame[1]: frame[2] for frame in frames if frame[0] == "3"}
    assert last == {"1": "Filled", "2": "Filled", "3": "Cancelled"}


def statuses(frames: list[list[str]]) -> list[tuple[str, str]]:
    return [(frame[1], frame[2]) for frame in frames if frame[0] == "3"]


def place_a_chain(client: Any, limit_price: float) -> list[list[str]]:
    """Place an order, its child, and the child's own child; return what is said once the last is transmitted."""
    client.answers(place(1, order_type="LMT", limit_price=limit_price, transmit=False))
    client.answers(place(2, action="SELL", order_type="LMT", limit_price=4000.0, parent_id=1, transmit=False))
    return client.answers(place(3, order_type="LMT", limit_price=6000.0, parent_id=2))


def test_a_child_of_a_child_waits_its_turn(still: SimulatedGateway, raw: Connect) -> None:
    client = raw(still)
    frames = place_a_chain(client, 6000.0)
    assert statuses(frames)[-2:] == [("2", "PreSubmitted"), ("3", "PreSubmitted")]
    assert [frame[10] for frame in frames if frame[0] == "3"][-2:] == ["child", "child"]
    listed = client.answers(requests.orders.AllOpenOrdersRequest())
    assert statuses(listed) == [("1", "Submitted"), ("2", "PreSubmitted"), ("3", "PreSubmitted")]
    still.advance(timedelta(minutes=10))
    still.advance(timedelta(minutes=10))
    filled = [
        number for number, status in statuses(client.answers(requests.session.IdsRequest())) if status == "Filled"
    ]
    assert filled == ["1", "2", "3"]


def test_children_end_with_their_parent_however_deep_and_at_once(still: SimulatedGateway, raw: Connect) -> None:
    client = raw(still)
    place_a_chain(client, 4000.0)
    frames = client.answers(CancelOrder(1))
    assert statuses(frames) == [("1", "PendingCancel"), *((number, "Cancelled") for number in "123")]
    assert [frame[2] for frame in frames if frame[0] == "4"] == ["1", "2", "3"]
    assert client.answers(requests.orders.AllOpenOrdersRequest()) == [["53", "1"]]
    still.advance(timedelta(minutes=10))
    assert told(client.answers(requests.session.IdsRequest())) == []


def test_a_cancelled_child_takes_its_own_children_with_it_and_leaves_its_parent(
    still: SimulatedGateway, raw: Connect
) -> None:
    client = raw(still)
    place_a_chain(client, 4000.0)
    assert statuses(client.answers(CancelOrder(2))) == [("2", "Cancelled"), ("3", "Cancelled")]
    assert statuses(client.answers(requests.orders.AllOpenOrdersRequest())) == [("1", "Submitted")]


@pytest.mark.parametrize("chain", [False, True])
def test_no_child_outlives_a_rejected_parent(still: SimulatedGateway, raw: Connect, chain: bool) -> None:
    client = raw(still)
    client.answers(place(1, total_quantity=100000.0, transmit=False))
    client.answers(place(2, action="SELL", order_type="LMT", limit_price=6000.0, parent_id=1, transmit=False))
    client.answers(place(3, action="SELL", order_type="STP", aux_price=4000.0, parent_id=2 if chain else 1))
    still.advance(timedelta(minutes=2))
    client.answers(requests.session.IdsRequest())
    assert client.answers(requests.orders.AllOpenOrdersRequest()) == [["53", "1"]]


def test_no_child_outlives_a_parent_that_contradicts_itself(still: SimulatedGateway, raw: Connect) -> None:
    client = raw(still)
    client.answers(place(1, order_type="STP", aux_price=5000.0, tif="IOC", transmit=False))
    client.answers(place(2, action="SELL", order_type="LMT", limit_price=6000.0, parent_id=1, transmit=False))
    frames = client.answers(place(3, action="SELL", order_type="STP", aux_price=4000.0, parent_id=1))
    assert [frame[3] for frame in frames if frame[0] == "4"] == ["201", "202", "202"]
    assert dict(statuses(frames)) == {"1": "Inactive", "2": "Cancelled", "3": "Cancelled"}
    assert client.answers(requests.orders.AllOpenOrdersRequest()) == [["53", "1"]]


def test_ioc_and_fok_that_do_not_fill(client: Any) -> None:
    client.send(place(1, order_type="LMT", limit_price=4000.0, tif="IOC"))
    frames = client.until(lambda frame: frame[0] == "4")
    assert told(frames) == ["5", "5", "3 PendingCancel", "3 Cancelled", "4 202"]
    client.send(place(2, order_type="LMT", limit_price=4000.0, tif="FOK"))
    frames = client.until(lambda frame: frame[0] == "3")
    assert told(frames) == ["5", "5", "3 Inactive"]


def test_a_rejected_order(client: Any) -> None:
    frames = client.answers(place(1, total_quantity=100000.0))
    assert told(frames) == ["4 201", "5", "3 Inactive"]
    assert "Order rejected - reason:" in frames[0][4]


def test_an_order_outside_hours_is_held_with_a_message(raw: Connect, closed_gateway: SimulatedGateway) -> None:
    client = raw(closed_gateway)
    frames = client.answers(place(1))
    assert told(frames) == ["4 399", "5", "3 PreSubmitted"]
    assert frames[0][4].startswith(
        "Order Message:\nBUY 1 ESZ3 CME\nWarning: Your order will not be placed at the exchange"
    )


def test_an_order_that_was_held_is_submitted_when_its_market_opens(
    raw: Connect, closed_gateway: SimulatedGateway
) -> None:
    client = raw(closed_gateway)
    client.answers(place(1, order_type="LMT", limit_price=4000.0, tif="GTC"))
    closed_gateway.advance(timedelta(hours=7, minutes=59))
    assert told(client.answers(requests.session.IdsRequest())) == []
    closed_gateway.advance(timedelta(minutes=2))
    assert told(client.answers(requests.session.IdsRequest())) == ["5", "3 Submitted"]
    closed_gateway.advance(timedelta(minutes=2))
    assert told(client.answers(requests.session.IdsRequest())) == []


@pytest.mark.parametrize("kind", ["STP LMT", "LIT"])
def test_an_order_whose_trigger_is_reached_rests_and_is_submitted(
    still: SimulatedGateway, raw: Connect, kind: str
) -> None:
    client = raw(still)
    quote = still.call(lambda g: g.quote(g.the_one(ES)))
    beyond = 1.0 if kind == "LIT" else -1.0
    terms = {"action": "SELL", "aux_price": quote.last + beyond, "limit_price": 6000.0, "tif": "GTC"}
    frames = client.answers(place(1, order_type=kind, **terms))
    assert (told(frames), frames[1][10]) == (["5", "3 PreSubmitted"], "trigger")
    for _ in range(240):
        still.advance(timedelta(minutes=1))
        frames = client.answers(requests.session.IdsRequest())
        if told(frames):
            break
    assert told(frames) == ["5", "3 Submitted"]
    assert frames[1][10] == ""


def test_what_if_places_nothing(client: Any) -> None:
    (frame,) = client.answers(place(1, what_if=True))
    assert frame[0] == "5"
    assert "12000.0" in frame
    assert client.answers(requests.orders.AllOpenOrdersRequest()) == [["53", "1"]]
    assert client.answers(requests.session.IdsRequest()) == [["9", "1", "1"]]


def test_another_client_sees_and_cancels_an_order(gateway: SimulatedGateway, raw: Connect) -> None:
    first, second = raw(gateway, 1), raw(gateway, 2)
    first.answers(place(5, order_type="LMT", limit_price=4000.0))
    assert second.answers(requests.orders.OpenOrdersRequest()) == [["53", "1"]]
    frames = second.answers(requests.orders.AllOpenOrdersRequest())
    assert [(frame[0], frame[1]) for frame in frames] == [("5", "5"), ("3", "5"), ("53", "1")]
    (status,) = second.answers(CancelOrder(5))
    assert (status[0], status[2], status[9]) == ("3", "Cancelled", "2")
    frames = first.answers(requests.session.IdsRequest())
    assert told(frames) == ["3 PendingCancel", "3 Cancelled", "4 202"]
    assert frames[-1] == ["9", "1", "6"]
    assert second.answers(requests.session.IdsRequest()) == [["9", "1", "1"]]


def test_global_cancel_reaches_every_client(gateway: SimulatedGateway, raw: Connect) -> None:
    first, second = raw(gateway, 1), raw(gateway, 2)
    first.answers(place(1, order_type="LMT", limit_price=4000.0))
    assert told(second.answers(place(1, order_type="LMT", limit_price=4000.0)))
    assert told(second.answers(requests.orders.GlobalCancel())) == ["3 PendingCancel", "3 Cancelled", "4 202"]
    assert told(first.answers(requests.session.IdsRequest())) == ["3 PendingCancel", "3 Cancelled", "4 202"]


def test_completed_orders_have_no_ids_and_no_quantity(client: Any) -> None:
    client.send(place(1))
    client.until(lambda frame: frame[0] == "59")
    *completed, end = client.answers(requests.orders.CompletedOrdersRequest())
    assert end == ["102"]
    (order,) = completed
    assert (order[0], order[12], order[13], order[14]) == ("101", "BUY", "0", "MKT")
    assert "Filled Size: 1" in order


def test_executions_come_with_commissions_before_the_end(client: Any) -> None:
    client.send(place(1))
    client.until(lambda frame: frame[0] == "59")
    frames = client.answers(requests.account.ExecutionsRequest(77))
    assert [frame[0] for frame in frames] == ["11", "59", "55"]
    assert frames[0][1] == "77"


def test_bad_orders_are_answered_by_their_codes(client: Any) -> None:
    cases = {
        200: PlaceOrder(1, Contract(symbol="NONE", sec_type="FUT", exchange="CME"), place(1).order),
        110: place(1, order_type="LMT", limit_price=4000.1),
        387: place(1, order_type="PEG MID"),
        434: place(1, total_quantity=0.0),
        135: place(1, parent_id=99),
        321: place(1, account="DU999"),
    }
    for code, request in cases.items():
        assert told(client.answers(request)) == [f"4 {code}"], code
    for size in (-1.0, 0.5, 1e10, 1.5e76, float("inf")):
        assert told(client.answers(place(1, total_quantity=size))) == ["4 321"], size
    assert client.answers(requests.orders.AllOpenOrdersRequest()) == [["53", "1"]]


@pytest.mark.parametrize("kind", ["LMT", "STP", "STP LMT", "TRAIL", "MIT", "LIT"])
@pytest.mark.parametrize("what_if", [False, True])
def test_an_order_without_the_price_it_needs_is_refused(client: Any, kind: str, what_if: bool) -> None:
    (error,) = client.answers(place(1, action="SELL", order_type=kind, what_if=what_if))
    assert (error[3], error[4]) == ("321", "Error validating request.-'bN' : cause - Missing order price.")
    assert client.answers(requests.orders.AllOpenOrdersRequest()) == [["53", "1"]]


def test_ids_that_were_used_and_orders_that_are_done(client: Any) -> None:
    client.send(place(5))
    client.until(lambda frame: frame[0] == "59")
    assert told(client.answers(place(4))) == ["4 103"]
    assert told(client.answers(place(5, total_quantity=2.0))) == ["4 104"]
    assert told(client.answers(CancelOrder(5))) == ["4 10148"]
    assert told(client.answers(CancelOrder(99))) == ["4 10147"]


def test_a_change_that_is_none(client: Any) -> None:
    client.answers(place(1, order_type="LMT", limit_price=4000.0))
    assert told(client.answers(place(1, action="SELL", order_type="LMT", limit_price=4000.0))) == ["4 105"]
    assert told(client.answers(place(1, order_type="LMT", limit_price=4000.1))) == ["4 110"]
    frames = client.answers(place(1, order_type="LMT", limit_price=4001.0, total_quantity=3.0))
    assert told(frames) == ["5", "3 Submitted"]
    assert (frames[1][4], frames[0][16]) == ("3", "4001.0")


def test_a_limit_order_becomes_a_market_order(client: Any) -> None:
    client.answers(place(1, order_type="LMT", limit_price=4000.0))
    client.send(place(1, order_type="MKT"))
    frames = client.until(lambda frame: frame[0] == "59")
    assert told(frames) == ["5", "3 PreSubmitted", "11 -1", "5", "3 Filled", "5", "59"]
    assert {frame[1] for frame in frames if frame[0] == "3"} == {"1"}


def test_an_order_with_conditions_waits_for_them(still: SimulatedGateway, raw: Connect) -> None:
    from brokerkit.plugins.sim.gateway.codec.parts import TimeCondition

    client = raw(still)
    late = (TimeCondition("a", True, "20231129 00:10:00"),)
    assert told(client.answers(place(1, conditions=late))) == ["5", "3 PreSubmitted"]
    still.advance(timedelta(minutes=5))
    assert told(client.answers(requests.session.IdsRequest())) == []
    still.advance(timedelta(minutes=7))
    still.advance(timedelta(minutes=2))
    assert told(client.answers(requests.session.IdsRequest()))[-1] == "59"


def test_one_cancels_all(client: Any) -> None:
    client.answers(place(1, order_type="LMT", limit_price=4000.0, oca_group="G", oca_type=1))
    client.send(place(2, oca_group="G", oca_type=1))
    frames = client.until(lambda frame: frame[0] == "4" and frame[3] == "202")
    assert {frame[1]: frame[2] for frame in frames if frame[0] == "3"}["1"] == "Cancelled"


def test_an_algo_is_accepted_as_named_and_said_back(client: Any) -> None:
    from brokerkit.plugins.sim.gateway.codec.parts import TagValue

    frames = client.answers(
        place(1, order_type="LMT", limit_price=4000.0, algo_strategy="Adaptive", algo_params=(TagValue("p", "q"),))
    )
    assert "Adaptive" in frames[0]


@pytest.fixture
def closed_gateway(run_gateway: Connect) -> SimulatedGateway:
    """Return a gateway whose markets are closed now."""
    return run_gateway(GatewaySettings(port=0, limits=Limits.none()), ManualClock(), hours=(8, 16))


def test_an_order_does_not_trade_while_its_market_is_closed_whatever_outside_rth_says(
    connect: Connect, until: Connect, closed_gateway: SimulatedGateway
) -> None:
    ib = connect(closed_gateway)
    (es,) = ib.qualifyContracts(ibi.Future("ES", "202312", "CME"))
    trade = ib.placeOrder(es, ibi.LimitOrder("BUY", 1, 6000, outsideRth=True, tif="GTC"))
    until(ib, lambda: trade.orderStatus.status == "PreSubmitted")
    closed_gateway.advance(timedelta(hours=7, minutes=59))
    (told,) = ib.reqAllOpenOrders()
    assert (told.order.outsideRth, told.orderStatus.status, ib.fills()) == (True, "PreSubmitted", [])
    closed_gateway.advance(timedelta(minutes=3))
    until(ib, trade.isDone)
    assert trade.fills[0].execution.time.hour == 8


def test_outside_rth_is_said_back_and_can_be_changed(client: Any) -> None:
    resting = {"order_type": "LMT", "limit_price": 4000.0}
    client.answers(place(1, **resting))
    frames = client.answers(place(1, outside_rth=True, **resting))
    assert told(frames) == ["5", "3 Submitted"]
    assert [frame[OUTSIDE_RTH] for frame in frames if frame[0] == "5"] == ["1"]
