"""Group O: what can be said beside price and quantity."""

from __future__ import annotations

import attrs
import pytest

from brokerkit import Broker, Order
from brokerkit.conformance.levels import trade
from brokerkit.conformance.trader import Trader
from brokerkit.errors import InvalidOrder, NotFound
from brokerkit.spec.order import new_order_ref

_PLACE = "put_order_on_stack"
_LONGEST = 20


@trade()
def test_186_post_only_rests(trader: Trader) -> None:
    """Case 186: an order that must not take liquidity rests, or the flag is refused as not supported."""
    assert trader.rests(trader.resting_order(trader.quantity, post_only=True)).current().order.post_only is True


@trade()
def test_187_reduce_only_closes(trader: Trader) -> None:
    """Case 187: an order that may only reduce closes a position."""
    trader.needs_no_position()
    trader.buys()
    trader.fills(trader.market_order(-trader.quantity, reduce_only=True))
    assert trader.gained() == 0


@trade()
def test_188_display_quantity_is_kept(trader: Trader) -> None:
    """Case 188: the part of an order that is shown to the market is kept, or refused as not supported."""
    quantity = max(2, trader.large_quantity)
    control = trader.rests(trader.resting_order(quantity, display_quantity=1))
    assert control.current().order.display_quantity == 1


@trade(_PLACE, "match_db_broker_order_to_order_from_brokers")
def test_189_reference_and_tag_come_back(broker: Broker, trader: Trader) -> None:
    """Case 189: our reference, of 20 characters, makes the way to the broker and back, and finds the order."""
    order = trader.resting_order(trader.quantity, order_ref=new_order_ref().ljust(_LONGEST, "0"))
    control = trader.rests(order)
    assert control.order_ref == order.order_ref
    found = broker.orders.match_db_broker_order_to_order_from_brokers(order)
    assert found.order_ref == order.order_ref, f"sent as {order.order_ref}, and it came back as {found.order_ref}"
    assert found.order.tag == order.tag, f"tagged {order.tag!r}, and it came back as {found.order.tag!r}"


@trade(_PLACE, "get_list_of_accounts")
def test_190_an_order_trades_for_its_account(broker: Broker, trader: Trader) -> None:
    """Case 190: an order that names an account trades for that account, and its fills say so."""
    account = trader.market.account
    view = trader.fills(attrs.evolve(trader.market_order(trader.quantity), account=account))
    assert view.ids.account == account
    assert {fill.account for fill in view.fills} == {account}


@trade("what_if_order", "get_list_of_broker_orders")
def test_191_a_preview_places_nothing(broker: Broker, trader: Trader) -> None:
    """Case 191: a preview says what margin and cost would be, and nothing is placed; wrong orders are refused."""
    order = trader.market_order(trader.quantity)
    preview = broker.orders.what_if_order(order)
    assert preview.initial_margin_change.amount > 0
    assert preview.initial_margin.currency == preview.maintenance_margin.currency
    assert preview.commission is None or preview.commission.amount >= 0, f"it would pay {preview.commission}"
    assert not trader.is_known(order.order_ref)
    assert trader.gained() == 0
    price = trader.market.resting_buy() + trader.tick / 3
    with pytest.raises(InvalidOrder):
        broker.orders.what_if_order(trader.limit_order(trader.quantity, price))
    with pytest.raises(NotFound):
        broker.orders.what_if_order(Order.market(trader.market.missing_contract, trader.quantity))
