"""What a gateway forgets: a day's orders when the day is over, a client's session when the client is gone."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from brokerkit.plugins.sim.gateway import Gateway, ManualClock, SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import requests
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.parts import Contract

ES = Contract(symbol="ES", sec_type="FUT", last_trade_date="202312", exchange="CME", currency="USD")
PlaceOrder = requests.orders.PlaceOrder

Connect = Callable[..., Any]
References = list["weakref.ref[Any]"]


@pytest.fixture
def still(run_gateway: Connect) -> SimulatedGateway:
    """Return a gateway whose clock stands still, as it does but for moments with one in real time."""
    return run_gateway(clock=ManualClock())


def orders_of(gateway: Gateway) -> References:
    return [weakref.ref(order) for order in gateway.orders.registry]


def left_of(references: References) -> int:
    gc.collect()
    return sum(reference() is not None for reference in references)


def test_a_day_that_is_over_leaves_only_the_orders_that_still_work(still: SimulatedGateway, raw: Connect) -> None:
    client = raw(still)
    rests = OrderTerms("BUY", 1.0, "LMT", 4000.0, tif="GTC")
    client.answers(PlaceOrder(1, ES, rests))
    client.answers(PlaceOrder(2, ES, OrderTerms("BUY", 1.0, "MKT", tif="DAY")))
    client.answers(PlaceOrder(3, ES, rests))
    client.answers(requests.orders.CancelOrder(3))
    client.answers(PlaceOrder(4, ES, rests))
    client.answers(PlaceOrder(4, ES, OrderTerms("BUY", 1.0, "MKT", tif="GTC")))  # takes the place of the one before
    client.answers(PlaceOrder(5, ES, OrderTerms("BUY", 100000.0, "MKT")))  # rejected
    orders = still.call(orders_of)
    still.advance(timedelta(minutes=5))
    assert len(client.answers(requests.orders.CompletedOrdersRequest(False))) > 4
    assert left_of(orders) == 5
    still.advance(timedelta(days=1))
    assert client.answers(requests.orders.CompletedOrdersRequest(False))[-1:] == [["102"]]
    assert left_of(orders) == 1
    assert still.call(lambda gateway: len(gateway.orders.fills.executions)) == 0


def test_a_client_that_is_gone_leaves_nothing(still: SimulatedGateway, raw: Connect) -> None:
    client = raw(still)
    watched: list[Any] = [
        requests.market_data.MarketDataRequest(1, ES),
        requests.market_data.DepthRequest(2, ES),
        requests.market_data.TickByTickRequest(3, ES, tick_type="BidAsk"),
        requests.market_data.RealTimeBarsRequest(4, ES),
        requests.history.HistoricalDataRequest(
            5, ES, bar_size="1 min", duration="1 D", what_to_show="TRADES", keep_up_to_date=True
        ),
        requests.account.AccountUpdatesRequest(True, ""),
        requests.account.AccountSummaryRequest(6, "All", "NetLiquidation"),
        requests.account.AccountUpdatesMultiRequest(7),
        requests.account.PositionsRequest(),
        requests.account.PositionsMultiRequest(8),
        requests.account.PnlRequest(9),
        requests.account.PnlSingleRequest(10),
        PlaceOrder(1, ES, OrderTerms("BUY", 1.0, "MKT", transmit=False)),
    ]
    for request in watched:
        client.answers(request)
    still.advance(timedelta(minutes=2))
    client.answers(requests.session.IdsRequest())
    sessions = still.call(lambda gateway: [weakref.ref(session) for session in gateway.sessions()])
    drafts = still.call(orders_of)
    assert (left_of(sessions), left_of(drafts)) == (1, 1)
    client.close()
    deadline = time.monotonic() + 30
    while left_of(sessions) + left_of(drafts):
        assert time.monotonic() < deadline, gc.get_referrers(*(reference() for reference in sessions))
        still.advance(timedelta(minutes=1))
