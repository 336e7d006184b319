"""Group J: limit orders, how long they work, and how they are read back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from brokerkit import Broker, Order, OrderOrigin, OrderState, TimeInForce
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, read, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.trader import Trader
from brokerkit.errors import InvalidOrder, InvalidQuantity, OffTickPrice

_NOT_FILLED = {OrderState.CANCELLED, OrderState.EXPIRED}
_LISTED = "get_list_of_broker_orders"


@trade()
def test_114_limit_buy_rests(trader: Trader) -> None:
    """Case 114: a GTC limit order to buy rests with the price, quantity, side and time in force that were asked."""
    _rests_as_asked(trader, trader.resting_order(trader.quantity, time_in_force=TimeInForce.GTC))


@trade()
def test_115_limit_sell_rests(trader: Trader) -> None:
    """Case 115: a GTC limit order to sell rests with the price, quantity, side and time in force that were asked."""
    _rests_as_asked(trader, trader.resting_order(-trader.quantity, time_in_force=TimeInForce.GTC))


@trade("put_order_on_stack", _LISTED)
def test_116_buy_and_sell_rest_together(trader: Trader) -> None:
    """Case 116: an order to buy and an order to sell rest side by side."""
    both = [trader.rests(trader.resting_order(sign * trader.quantity)) for sign in (1, -1)]
    listed = {view.order_ref for view in trader.open_orders()}
    assert {control.order_ref for control in both} <= listed


@trade()
def test_117_crossing_ioc_fills_at_once(trader: Trader) -> None:
    """Case 117: an IOC limit order that crosses the market fills."""
    trader.fills(trader.crossing_order(trader.quantity, time_in_force=TimeInForce.IOC))


@trade()
def test_118_passive_ioc_is_cancelled(trader: Trader) -> None:
    """Case 118: an IOC limit order that does not cross is cancelled without a fill."""
    _ends_unfilled(trader, TimeInForce.IOC)


@trade()
def test_119_crossing_fok_fills_whole(trader: Trader) -> None:
    """Case 119: a FOK limit order that crosses the market fills whole."""
    trader.fills(trader.crossing_order(trader.quantity, time_in_force=TimeInForce.FOK))


@trade()
def test_120_passive_fok_is_cancelled(trader: Trader) -> None:
    """Case 120: a FOK limit order that does not cross is cancelled without a fill."""
    _ends_unfilled(trader, TimeInForce.FOK)


@trade()
def test_121_good_till_date_rests_with_its_date(trader: Trader) -> None:
    """Case 121: a GTD order rests, and is read back with the time until which it is good."""
    until = (trader.market.now + timedelta(days=3)).replace(microsecond=0)
    order = trader.resting_order(trader.quantity, time_in_force=TimeInForce.GTD, good_till=until)
    assert trader.rests(order).current().order.good_till == until


@fault("advance")
def test_122_good_till_date_expires(trader: Trader, harness: Harness) -> None:
    """Case 122: a GTD order expires when its time is over, and that is told."""
    until = (trader.market.now + timedelta(hours=2)).replace(microsecond=0)
    control = trader.rests(trader.resting_order(trader.quantity, time_in_force=TimeInForce.GTD, good_till=until))
    harness.advance(4 * 3600.0)
    _has_ended(trader, control.order_ref)


@fault("advance")
def test_123_day_orders_end_with_the_session(trader: Trader, harness: Harness) -> None:
    """Case 123: a DAY order is gone after the end of its session."""
    control = trader.rests(trader.resting_order(trader.quantity, part=4))
    harness.advance(4 * 86_400.0)
    _has_ended(trader, control.order_ref)


@trade()
def test_124_marketable_limit_fills_at_its_price_or_better(trader: Trader) -> None:
    """Case 124: a limit order that crosses fills at its price or better."""
    for quantity in (trader.quantity, -trader.quantity):
        order = trader.crossing_order(quantity)
        view = trader.fills(order)
        assert order.limit_price is not None
        worse = [fill.price for fill in view.fills if (fill.price - order.limit_price) * quantity > 0]
        assert not worse, f"limit {order.limit_price}, filled at {worse}"


@trade()
def test_125_off_tick_prices_are_refused_with_their_neighbours(trader: Trader) -> None:
    """Case 125: a price between two ticks is refused before it is sent, and both neighbours are named."""
    below = trader.market.resting_buy()
    order = trader.limit_order(trader.quantity, below + trader.tick / 4)
    with pytest.raises(OffTickPrice) as raised:
        trader.place(order)
    said = str(raised.value)
    for neighbour in (below, below + trader.tick):
        assert _plain(neighbour) in said.replace(",", ""), f"{neighbour} is not named in: {said}"
    assert not trader.is_known(order.order_ref), "it was sent all the same"


@read()
def test_126_quantities_below_one_lot_are_refused(market: Market) -> None:
    """Case 126: an order of no lots, or of a part of one, is refused before anything is sent."""
    wrong: tuple[Any, ...] = (0, 0.5, (1, 1))
    for quantity in wrong:
        with pytest.raises(InvalidQuantity):
            Order.market(market.contract, quantity)


@trade("put_order_on_stack", _LISTED, "match_db_broker_order_to_order_from_brokers")
def test_127_order_reads_back_as_it_was_placed(broker: Broker, trader: Trader) -> None:
    """Case 127: the order found by reference, in the list, and in storage is the order that was placed."""
    order = trader.resting_order(trader.quantity, time_in_force=TimeInForce.GTC)
    trader.rests(order)
    found = broker.orders.match_db_broker_order_to_order_from_brokers(order)
    listed = [view for view in broker.orders.get_list_of_broker_orders() if view.order_ref == order.order_ref]
    assert len(listed) == 1
    for view in (found, *listed):
        assert _essence(view.order) == _essence(order)
        assert view.origin is OrderOrigin.OURS, f"an order of our own is called one of {view.origin.value}"
    if broker.supports("get_list_of_orders_from_storage"):
        stored = [view.order_ref for view in broker.orders.get_list_of_orders_from_storage()]
        assert stored.count(order.order_ref) == 1


@trade("put_order_on_stack", _LISTED)
def test_128_listed_orders_are_in_the_order_they_were_placed(broker: Broker, trader: Trader) -> None:
    """Case 128: the list has each order once, in the order they were placed, with its true state."""
    working = [trader.rests(trader.resting_order(trader.quantity, part)).order_ref for part in (1, 2)]
    done = trader.buys().order_ref
    listed = [view for view in broker.orders.get_list_of_broker_orders() if view.order_ref in {*working, done}]
    assert [view.order_ref for view in listed] == [*working, done]
    assert [view.state.is_final for view in listed] == [False, False, True]


@trade()
def test_129_time_in_force_is_never_changed_in_silence(trader: Trader) -> None:
    """Case 129: the broker works with the time in force that was asked for, or tells the change with a reason."""
    for time_in_force in (TimeInForce.DAY, TimeInForce.GTC):
        control = trader.rests(trader.resting_order(trader.quantity, time_in_force=time_in_force))
        view = trader.market.broker.orders.match_db_broker_order_to_order_from_brokers(control)
        kept = view.order.time_in_force is time_in_force
        assert kept or view.reason, f"asked {time_in_force}, works as {view.order.time_in_force}, no reason given"


@trade()
def test_130_outside_hours_flag_is_kept(trader: Trader) -> None:
    """Case 130: the flag for trading outside regular hours is kept on the order."""
    control = trader.rests(trader.resting_order(trader.quantity, outside_hours=True))
    assert control.current().order.outside_hours is True


@trade()
def test_126_an_order_for_a_spread_has_a_quantity_a_leg(trader: Trader) -> None:
    """Case 126: an order that contradicts its contract is refused before anything is sent."""
    with pytest.raises(InvalidOrder):
        Order.market(trader.market.spread, trader.quantity)


def _rests_as_asked(trader: Trader, order: Order) -> None:
    view = trader.rests(order).current()
    assert _essence(view.order) == _essence(order)
    assert view.filled == (0,)
    assert view.remaining == order.quantity


def _ends_unfilled(trader: Trader, time_in_force: TimeInForce) -> None:
    view = trader.done(trader.place(trader.resting_order(trader.quantity, time_in_force=time_in_force)))
    assert view.state in _NOT_FILLED, f"it ended {view.state.value}"
    assert view.filled == (0,)


def _has_ended(trader: Trader, order_ref: str) -> None:
    trader.eventually(
        lambda: any(view.state in _NOT_FILLED for view in trader.events.views(order_ref)), "its end was told"
    )
    assert order_ref not in {view.order_ref for view in trader.open_orders()}, "it is still listed as open"


def _essence(order: Order) -> Order:
    """Return an order without what a broker may fill in: the default account."""
    return attrs.evolve(order, account="", children=())


def _plain(price: object) -> str:
    return f"{price:f}".rstrip("0").rstrip(".") if "." in f"{price}" else f"{price}"
