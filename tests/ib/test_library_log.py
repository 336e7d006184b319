"""The client library's own record of our orders: usable as ever, and whole in its log for those who switch that on."""

from __future__ import annotations

import logging

import pytest

from brokerkit import Broker, FuturesContract, Order


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
