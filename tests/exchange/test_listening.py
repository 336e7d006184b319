"""Who listens hears what happens from then on, whoever else listens to other things."""

from __future__ import annotations

from datetime import datetime, timezone

from brokerkit.plugins.sim.exchange import ContractTerms, Exchange
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order

GOLD = FuturesContract("GOLD", "202312")


def listed() -> Exchange:
    exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc))
    exchange.open_account("DU1", {"USD": 100_000})
    exchange.list_contract(ContractTerms(GOLD, "0.1"))
    for minute in range(3):
        exchange.add_bar(GOLD, exchange.now_ns + minute * 60 * 10**9, "100", "101", "99", "100")
    return exchange


def test_a_new_listener_of_orders_hears_nothing_of_before_it_listened_while_fills_were_heard() -> None:
    exchange, fills, views = listed(), [], []
    exchange.listen(Fill, fills.append)
    exchange.submit(Order.limit(GOLD, 1, "50", order_ref="before"))
    exchange.listen(BrokerOrder, views.append)
    exchange.submit(Order.limit(GOLD, 1, "51", order_ref="after"))
    assert [(view.order_ref, view.state.value) for view in views] == [("after", "working")]
    exchange.submit(Order.market(GOLD, 1, order_ref="market"))
    exchange.advance()
    assert [fill.order_ref for fill in fills] == ["market"]
    assert [(view.order_ref, view.state.value) for view in views[1:]] == [("market", "working"), ("market", "filled")]


def test_a_line_that_becomes_faulty_carries_nothing_of_before() -> None:
    exchange, fills = listed(), []
    exchange.listen(Fill, fills.append)
    exchange.submit(Order.limit(GOLD, 1, "50", order_ref="before"))
    exchange.disconnect()
    exchange.reconnect()
    assert exchange.order("before").view is None
    assert fills == []
