"""Group N: brackets, one-cancels-other groups, and spreads."""

from __future__ import annotations

import functools
from decimal import Decimal

import pytest

from brokerkit import Broker, BrokerOrder, Order, OrderChange, OrderControl, OrderState, SpreadFill
from brokerkit.conformance.connection import Restart
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, trade
from brokerkit.conformance.trader import TAG, Trader
from brokerkit.errors import OffTickPrice, OrderRejected

_PLACE = "put_order_on_stack"
_LISTED = "get_list_of_broker_orders"


@trade(_PLACE, _LISTED)
def test_170_bracket_to_buy(trader: Trader) -> None:
    """Case 170: an order to buy with two exits is placed as three orders in relation."""
    _three_in_relation(trader, _bracket(trader, trader.resting_order(trader.quantity)))


@trade(_PLACE, _LISTED)
def test_171_bracket_to_sell(trader: Trader) -> None:
    """Case 171: an order to sell with two exits is placed as three orders in relation; its cancel ends all three."""
    control = _three_in_relation(trader, _bracket(trader, trader.resting_order(-trader.quantity)))
    if trader.market.broker.supports("cancel_order_on_stack"):
        trader.cancel(control)
        trader.eventually(lambda: not trader.open_orders(), "the exits ended with their entry")
        for child in control.children:
            assert child.current().state.is_final, f"the entry is cancelled, its exit is {child.current().state.value}"


@trade()
def test_172_the_entry_wakes_its_exits(trader: Trader) -> None:
    """Case 172: once the entry has filled, both exits work, sized to what it filled."""
    _, exits = _entered(trader)
    assert {control.current().order.quantity for control in exits} == {(-trader.quantity,)}


@trade()
def test_173_bracket_with_a_passive_entry(trader: Trader) -> None:
    """Case 173: a bracket whose entry must not take liquidity is accepted, or refused as not supported."""
    control = trader.place(_bracket(trader, trader.resting_order(trader.quantity, post_only=True)))
    trader.until(control, OrderState.WORKING)
    assert len(control.children) == 2


@trade()
def test_174_one_exit_cancels_the_other(broker: Broker, trader: Trader) -> None:
    """Case 174: when one exit fills, the other is cancelled, and the position is closed once."""
    _, (profit, loss) = _entered(trader)
    broker.orders.modify_limit_price_given_control_object(profit, trader.market.crossing_sell())
    assert trader.done(profit).state is OrderState.FILLED
    assert trader.done(loss).state is OrderState.CANCELLED
    assert trader.gained() == 0


@fault("partial-fill")
def test_175_exits_are_sized_to_a_partial_entry(trader: Trader, harness: Harness) -> None:
    """Case 175: when the entry fills in part, the exits work for no more than that part."""
    harness.cause("partial-fill")
    control = trader.place(_bracket(trader, trader.crossing_order(trader.large_quantity)))
    view = trader.until(control, lambda seen: any(seen.filled))
    for child in control.children:
        seen = child.current()
        assert seen.state is not OrderState.WORKING or abs(seen.order.quantity[0]) <= abs(view.filled[0])


@fault("partial-fill")
def test_176_a_partial_exit_shrinks_its_sibling(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 176: when one exit fills in part, the other never covers more than what is left."""
    order = _bracket(trader, trader.market_order(trader.large_quantity))
    control = trader.place(order)
    trader.done(control)
    profit, loss = control.children
    trader.until(profit, OrderState.WORKING)
    harness.cause("partial-fill")
    broker.orders.modify_limit_price_given_control_object(profit, trader.market.crossing_sell())
    seen = trader.until(profit, lambda view: any(view.filled))
    left = trader.large_quantity - abs(seen.filled[0])
    sibling = loss.current()
    assert sibling.state.is_final or abs(sibling.remaining[0]) <= left


@fault("rejection")
def test_177_a_refused_entry_refuses_its_exits(trader: Trader, harness: Harness) -> None:
    """Case 177: when the entry is refused, its exits never work."""
    harness.cause("rejection")
    order = _bracket(trader, trader.resting_order(trader.quantity))
    try:
        control = trader.place(order)
    except OrderRejected:
        pass
    else:
        assert trader.done(control).state is OrderState.REJECTED
    trader.eventually(
        lambda: not {child.order_ref for child in order.children} & {view.order_ref for view in trader.open_orders()},
        "no exit works",
    )


@trade(_PLACE, _LISTED)
def test_178_one_bad_leg_refuses_the_whole_with_its_reason(trader: Trader) -> None:
    """Case 178: when one order of a bracket cannot be placed, none is, and the reason is that order's own."""
    entry = trader.resting_order(trader.quantity)
    assert entry.limit_price is not None
    off = trader.market.resting_sell(2) + trader.tick / 3
    order = entry.with_bracket(take_profit=off, stop_loss=trader.market.resting_buy(3))
    with pytest.raises(OffTickPrice):
        trader.place(order)
    for each in (order, *order.children):
        assert not trader.is_known(each.order_ref), "a part of it was placed"


@trade("modify_order_given_control_object")
def test_179_exits_are_changed_before_the_entry_fills(broker: Broker, trader: Trader) -> None:
    """Case 179: an exit is changed while its entry still rests, and keeps the change."""
    control = trader.rests(_bracket(trader, trader.resting_order(trader.quantity)))
    profit = control.children[0]
    price = trader.market.resting_sell(3)
    broker.orders.modify_order_given_control_object(profit, OrderChange(limit_price=price))
    trader.until(profit, lambda view: view.order.limit_price == price)


@fault("restart")
def test_180_a_bracket_survives_a_restart(trader: Trader, restart: Restart) -> None:
    """Case 180: after a restart the exits of a filled entry still work, and are found under their references."""
    _, exits = _entered(trader)
    again = restart()
    for child in exits:
        found = again.orders.match_db_broker_order_to_order_from_brokers(child)
        assert not found.state.is_final, f"the exit is {found.state.value}"
    again.orders.cancel_all_orders()


@trade()
def test_181_spread_fills_leg_by_leg_in_ratio(trader: Trader) -> None:
    """Case 181: a spread placed as one order fills every leg for its own quantity, in its own contract."""
    spread, quantity = trader.market.spread, trader.quantity
    view = trader.fills(Order.market(spread, (quantity, -quantity), tag=TAG))
    assert view.filled == (quantity, -quantity)
    for leg, contract in enumerate(spread.legs):
        assert {fill.contract for fill in view.fills if fill.leg == leg} == {contract}
        assert trader.gained(contract) == view.filled[leg]


@trade()
def test_181_spread_by_leg(trader: Trader) -> None:
    """Case 181: a spread whose legs may fill apart is accepted as such, or refused as not supported."""
    spread, quantity = trader.market.spread, trader.quantity
    view = trader.fills(Order.market(spread, (quantity, -quantity), spread_fill=SpreadFill.BY_LEG, tag=TAG))
    assert view.filled == (quantity, -quantity)


@trade(_PLACE, "cancel_order_on_stack")
def test_182_spread_is_changed_and_cancelled(broker: Broker, trader: Trader) -> None:
    """Case 182: a resting spread is changed as one order, and cancelled as one order."""
    control = trader.rests(_resting_spread(trader))
    limit = control.current().order.limit_price
    assert limit is not None
    price = limit - trader.tick
    broker.orders.modify_limit_price_given_control_object(control, price)
    trader.until(control, lambda view: view.order.limit_price == price)
    assert trader.cancel(control).state is OrderState.CANCELLED


@trade()
def test_183_spread_price_may_be_negative(trader: Trader) -> None:
    """Case 183: a spread may be ordered at a negative price, and its legs keep their own signs."""
    order = _resting_spread(trader)
    assert order.limit_price is not None
    assert order.limit_price < 0
    assert trader.rests(order).current().order.limit_price == order.limit_price


@trade()
def test_184_one_cancels_the_other(trader: Trader) -> None:
    """Case 184: in a group of which one cancels the other, the first fill cancels the rest."""
    group = trader.resting_order(1).order_ref
    other = trader.rests(trader.resting_order(-trader.quantity, oco_group=group))
    trader.fills(trader.crossing_order(trader.quantity, oco_group=group))
    assert trader.done(other).state is OrderState.CANCELLED


@trade()
def test_185_every_order_of_a_list_has_its_own_events(trader: Trader) -> None:
    """Case 185: of several orders placed in a row, each has events of its own, under its own reference."""
    controls = [trader.rests(trader.resting_order(trader.quantity, part)) for part in (1, 2, 3)]
    for control in controls:
        trader.eventually(functools.partial(trader.events.views, control.order_ref), "it was told", control)
    assert len({control.order_ref for control in controls}) == 3


def _bracket(trader: Trader, entry: Order) -> Order:
    """Return an order with both exits out of the market's reach."""
    above, below = trader.market.resting_sell(2), trader.market.resting_buy(2)
    profit, loss = (above, below) if entry.quantity[0] > 0 else (below, above)
    return entry.with_bracket(take_profit=profit, stop_loss=loss)


def _three_in_relation(trader: Trader, order: Order) -> OrderControl:
    control = trader.rests(order)
    assert [child.order_ref for child in control.children] == [child.order_ref for child in order.children]
    wanted = {order.order_ref, *(child.order_ref for child in order.children)}
    missing = wanted - {view.order_ref for view in trader.open_orders()}
    assert not missing, f"of the entry and its two exits, {len(missing)} are not in the list of orders: {missing}"
    assert trader.gained() == 0
    return control


def _entered(trader: Trader) -> tuple[BrokerOrder, tuple[OrderControl, ...]]:
    control = trader.place(_bracket(trader, trader.market_order(trader.quantity)))
    view = trader.done(control)
    assert view.state is OrderState.FILLED
    for child in control.children:
        trader.until(child, OrderState.WORKING)
    return view, control.children


def _resting_spread(trader: Trader) -> Order:
    """Return an order for the spread, far below its price and below zero."""
    bid, _ = trader.market.bid_ask()
    price = trader.market.on_grid(-abs(bid) * Decimal("0.5"))
    return Order.limit(trader.market.spread, (trader.quantity, -trader.quantity), price, tag=TAG)
