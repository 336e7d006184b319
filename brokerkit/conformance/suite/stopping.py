"""Group Y: how a run ends."""

from __future__ import annotations

import threading
from contextlib import suppress

from brokerkit import Broker
from brokerkit.conformance.connection import OpenAnother
from brokerkit.conformance.levels import trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.recorder import Recorder
from brokerkit.conformance.suite.connection import wait_until
from brokerkit.conformance.trader import Trader
from brokerkit.errors import NotSupported


@trade("put_order_on_stack")
def test_297_after_closing_nothing_is_told(open_another: OpenAnother, trader: Trader) -> None:
    """Case 297: after a broker was closed, no event and no quote comes from it, and no thread of its is left."""
    open_another().close()
    before = set(threading.enumerate())
    other, heard = open_another(), Recorder()
    with heard.listen_to(other):
        if other.supports("get_ticker_object_for_contract"):
            other.prices.get_ticker_object_for_contract(trader.market.contract)
        control = trader.place(trader.resting_order(trader.quantity), at=other)
        with suppress(NotSupported):
            other.orders.cancel_order_on_stack(control)
            control.wait(trader.market.patience)
        other.close()
        told = len(heard.events)
    assert len(heard.events) == told, f"told after it was closed: {heard.events[told:]}"
    wait_until(lambda: set(threading.enumerate()) <= before)
    left = sorted(thread.name for thread in set(threading.enumerate()) - before)
    assert not left, f"threads are left after it placed an order and was closed: {', '.join(left)}"


@trade("put_order_on_stack")
def test_298_the_account_is_left_as_it_was_found(broker: Broker, market: Market) -> None:
    """Case 298: whatever a test has left, orders are cancelled and positions traded back at its end."""
    heard = Recorder()
    with heard.listen_to(broker):
        trader = Trader(market, heard)
        trader.needs_open_market()
        trader.buys()
        trader.rests(trader.resting_order(trader.quantity))
        trader.restore()
    assert trader.gained() == 0
    assert not trader.open_orders()
