"""The client library's own record of our orders: usable as ever, and whole in its log for those who switch that on."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Order
from brokerkit.plugins.sim.gateway import SimulatedGateway


def test_the_library_s_trades_show_our_orders(broker: Broker, gold: FuturesContract) -> None:
    control = broker.orders.put_order_on_stack(Order.market(gold, 2))
    control.wait(30)
    ib = broker.native.connection.ib
    [trade] = [each for each in ib.trades() if each.order.orderRef == control.order_ref]
    assert isinstance(trade, broker.native.connection.library.module.Trade)
    assert (trade.orderStatus.status, trade.filled(), trade.remaining()) == ("Filled", 2, 0)
    assert [entry.status for entry in trade.log][-1] == "Filled"


def test_the_library_s_log_shows_all_of_a_trade(
    broker: Broker, gold: FuturesContract, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger=broker.native.connection.library.name):
        control = broker.orders.put_order_on_stack(Order.market(gold, 1))
        control.wait(30)
    [filled, *_] = [each for each in caplog.messages if each.startswith("orderStatus") and "'Filled'" in each]
    for part in (control.order_ref, "TradeLogEntry", "lmtPrice"):
        assert part in filled


def test_a_completed_order_that_nobody_asked_for_is_no_error(
    broker: Broker, gold: FuturesContract, gateway: SimulatedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """IB also sends them unasked, as reported in erdewit/ib_insync#683 and ib-api-reloaded/ib_async#128."""
    control = broker.orders.put_order_on_stack(Order.market(gold, 1))
    control.wait(30)

    def send(inner: Any) -> None:
        for session in inner.sessions():
            inner.orders.send_completed_orders(session, api_only=False)

    gateway.call(send)
    broker.native.connection.server_time()
    assert broker.orders.get_list_of_broker_orders()[0].filled == (1,)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []
