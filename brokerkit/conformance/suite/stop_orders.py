"""Group K: orders that wait for a trigger."""

from __future__ import annotations

from decimal import Decimal

from brokerkit import BrokerOrder, Order, OrderControl, OrderState, OrderType
from brokerkit.conformance.levels import trade
from brokerkit.conformance.trader import TAG, Trader
from brokerkit.errors import InvalidOrder, OrderRejected


@trade()
def test_131_stop_buy_waits(trader: Trader) -> None:
    """Case 131: a stop order to buy is accepted, and waits with its trigger."""
    _waits(trader, trader.stop_order(trader.quantity))


@trade()
def test_132_stop_sell_waits(trader: Trader) -> None:
    """Case 132: a stop order to sell is accepted, and waits with its trigger."""
    _waits(trader, trader.stop_order(-trader.quantity))


@trade()
def test_133_stop_limit_buy_waits(trader: Trader) -> None:
    """Case 133: a stop-limit order to buy is accepted, and waits with its trigger and its limit."""
    _waits(trader, trader.stop_order(trader.quantity, OrderType.STOP_LIMIT))


@trade()
def test_134_stop_limit_sell_waits(trader: Trader) -> None:
    """Case 134: a stop-limit order to sell is accepted, and waits with its trigger and its limit."""
    _waits(trader, trader.stop_order(-trader.quantity, OrderType.STOP_LIMIT))


@trade()
def test_135_market_if_touched_buy_waits(trader: Trader) -> None:
    """Case 135: a market-if-touched order to buy is accepted, and waits below the market."""
    _waits(trader, trader.stop_order(trader.quantity, OrderType.MARKET_IF_TOUCHED))


@trade()
def test_136_market_if_touched_sell_waits(trader: Trader) -> None:
    """Case 136: a market-if-touched order to sell is accepted, and waits above the market."""
    _waits(trader, trader.stop_order(-trader.quantity, OrderType.MARKET_IF_TOUCHED))


@trade()
def test_137_limit_if_touched_buy_waits(trader: Trader) -> None:
    """Case 137: a limit-if-touched order to buy is accepted, and waits below the market."""
    _waits(trader, trader.stop_order(trader.quantity, OrderType.LIMIT_IF_TOUCHED))


@trade()
def test_138_limit_if_touched_sell_waits(trader: Trader) -> None:
    """Case 138: a limit-if-touched order to sell is accepted, and waits above the market."""
    _waits(trader, trader.stop_order(-trader.quantity, OrderType.LIMIT_IF_TOUCHED))


@trade()
def test_139_trailing_stop_by_amount_waits_and_is_cancelled(trader: Trader) -> None:
    """Case 139: a trailing stop at a distance in price is accepted, keeps its distance, and is cancelled."""
    _, ask = trader.market.bid_ask()
    distance = trader.market.resting_sell() - ask
    order = Order.trailing_stop(trader.contract, -trader.quantity, amount=distance, tag=TAG)
    control = trader.rests(order)
    assert control.current().order.trail_amount == distance
    assert trader.cancel(control).state is OrderState.CANCELLED


@trade()
def test_139_trailing_stop_by_percent_waits_and_is_cancelled(trader: Trader) -> None:
    """Case 139: a trailing stop at a distance in percent is accepted, keeps its distance, and is cancelled."""
    order = Order.trailing_stop(trader.contract, -trader.quantity, percent=5, tag=TAG)
    control = trader.rests(order)
    assert control.current().order.trail_percent == Decimal(5)
    assert trader.cancel(control).state is OrderState.CANCELLED


@trade()
def test_140_a_waiting_stop_is_told_like_any_order(trader: Trader) -> None:
    """Case 140: a stop that only waits is told as working, however the broker holds it."""
    control = trader.rests(trader.stop_order(trader.quantity))
    trader.eventually(
        lambda: OrderState.WORKING in {view.state for view in trader.events.views(control.order_ref)},
        "the stop was told to be working",
        control,
    )


@trade()
def test_141_a_met_trigger_fills(trader: Trader) -> None:
    """Case 141: of two stops, one tick above and one below the market, one is met and fills whole."""
    bid, ask = trader.market.bid_ask()
    tick = trader.tick
    stops = [
        trader.place(Order.stop(trader.contract, quantity, price, tag=TAG))
        for quantity, price in ((trader.quantity, ask + tick), (-trader.quantity, bid - tick))
    ]
    filled = trader.sees(stops[0], lambda _: any(_is_filled(each) for each in stops))
    assert filled is not None, f"neither stop was met within {trader.market.patience:g} s"
    for control in (each for each in stops if _is_filled(each)):
        view = control.current()
        assert view.filled == view.order.quantity


@trade()
def test_142_a_stop_through_the_market_triggers_or_is_refused(trader: Trader) -> None:
    """Case 142: a stop whose trigger is already passed trades at once, or is refused with a reason; it never hangs."""
    order = Order.stop(trader.contract, trader.quantity, trader.market.resting_buy(), tag=TAG)
    try:
        control = trader.place(order)
    except (OrderRejected, InvalidOrder) as refusal:
        assert str(refusal)
        return
    view = trader.until(control, lambda seen: seen.state.is_final)
    assert view.state in {OrderState.FILLED, OrderState.REJECTED}
    assert view.state is OrderState.FILLED or view.reason


def _waits(trader: Trader, order: Order) -> BrokerOrder:
    view = trader.rests(order).current()
    kept = (view.order.order_type, view.order.stop_price, view.order.limit_price, view.order.quantity)
    assert kept == (order.order_type, order.stop_price, order.limit_price, order.quantity)
    return view


def _is_filled(control: OrderControl) -> bool:
    return control.current().state is OrderState.FILLED
