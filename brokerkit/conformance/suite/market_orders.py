"""Group I: market orders."""

from __future__ import annotations

from decimal import Decimal

from brokerkit import Broker, BrokerOrder, OrderState, TimeInForce
from brokerkit.conformance.levels import trade
from brokerkit.conformance.trader import Trader

_NEAR_A_QUOTE, _NEAR_THE_CLOSE = Decimal("0.02"), Decimal("0.1")
_AUCTION_ENDS = {OrderState.FILLED, OrderState.WORKING, OrderState.CANCELLED, OrderState.REJECTED}


@trade()
def test_104_market_buy_fills(trader: Trader) -> None:
    """Case 104: a market order to buy fills whole, with a positive quantity."""
    view = trader.buys()
    assert view.filled == (trader.quantity,)
    assert view.remaining == (0,)


@trade()
def test_105_market_sell_fills(trader: Trader) -> None:
    """Case 105: a market order to sell from flat fills whole, with a negative quantity."""
    view = trader.sells()
    assert view.filled == (-trader.quantity,)


@trade()
def test_106_long_and_short_are_closed(trader: Trader) -> None:
    """Case 106: a long position is closed by a sale, a short one by a purchase."""
    for first in (trader.quantity, -trader.quantity):
        trader.fills(trader.market_order(first))
        trader.fills(trader.market_order(-first))
        assert trader.gained() == 0


@trade()
def test_107_market_ioc_fills_or_ends(trader: Trader) -> None:
    """Case 107: a market order with IOC fills at once, or what is left of it is cancelled; it never rests."""
    _ends_at_once(trader, TimeInForce.IOC)


@trade()
def test_108_market_fok_fills_whole_or_not_at_all(trader: Trader) -> None:
    """Case 108: a market order with FOK fills whole or not at all."""
    view = _ends_at_once(trader, TimeInForce.FOK)
    assert view.filled in {(0,), (trader.quantity,)}


@trade()
def test_110_fills_add_up_to_the_order(trader: Trader) -> None:
    """Case 110: the fills of a larger order, however many, sum to its quantity, all with its sign."""
    quantity = trader.large_quantity
    view = trader.fills(trader.market_order(quantity))
    assert sum(fill.quantity for fill in view.fills) == quantity
    assert all(fill.quantity > 0 for fill in view.fills)
    trader.fills(trader.market_order(-quantity))


@trade()
def test_111_at_the_open_and_at_the_close(trader: Trader) -> None:
    """Case 111: orders for the opening and the closing auction are accepted and held for it, or refused as such."""
    for time_in_force in (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE):
        control = trader.place(trader.market_order(trader.quantity, time_in_force=time_in_force))
        view = trader.until(control, lambda seen: seen.state in _AUCTION_ENDS)
        assert view.order.time_in_force is time_in_force


@trade()
def test_112_fill_price_is_near_the_quote(broker: Broker, trader: Trader) -> None:
    """Case 112: a market order fills near the quote that was seen before it, or else near the last close, on a tick."""
    tick = trader.tick
    near = _NEAR_A_QUOTE if broker.supports("get_ticker_object_for_contract") else _NEAR_THE_CLOSE
    bid, ask = trader.market.bid_ask()
    view = trader.buys()
    price = view.average_price()
    assert price is not None
    allowed = max((ask - bid) * 5, abs(ask) * near)
    assert bid - allowed <= price <= ask + allowed, f"filled at {price}, quote {bid}/{ask}"
    assert all(fill.price % tick == 0 for fill in view.fills), f"off the tick: {view.fills}"


@trade()
def test_113_every_order_has_a_broker_id_of_its_own(trader: Trader) -> None:
    """Case 113: each order gets a broker id of its own, which is written on it."""
    ids = [trader.buys().ids for _ in range(2)]
    named = [(each.order_id, each.perm_id) for each in ids]
    assert all(any(pair) for pair in named), f"an order without an id: {named}"
    assert named[0] != named[1], f"two orders with one id: {named}"
    assert all(each.account for each in ids), "an order without its account"


def _ends_at_once(trader: Trader, time_in_force: TimeInForce) -> BrokerOrder:
    view = trader.done(trader.place(trader.market_order(trader.quantity, time_in_force=time_in_force)))
    assert view.state in {OrderState.FILLED, OrderState.CANCELLED, OrderState.EXPIRED}, view.state
    assert view.state is not OrderState.FILLED or view.remaining == (0,)
    return view
