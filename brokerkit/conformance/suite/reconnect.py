"""Group R: the line breaks, comes back, and nothing that happened meanwhile is lost or told twice."""

from __future__ import annotations

import threading

import attrs
import pytest

from brokerkit import (
    AccountKind,
    Broker,
    ConnectionChange,
    ConnectionState,
    DataGap,
    Fill,
    Order,
    OrderControl,
    OrderState,
    Position,
    TimeInForce,
)
from brokerkit.conformance.agreement import check_utc
from brokerkit.conformance.connection import OpenAnother
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.recorder import Recorder
from brokerkit.conformance.suite.connection import cut
from brokerkit.conformance.trader import TAG, Trader
from brokerkit.errors import ConnectionLost, ConnectionProblem, OutcomeUnknown

_PLACE = "put_order_on_stack"
_HELD = "get_all_current_positions_as_list_with_contract_objects"
_PATIENCE = 30.0
_BROKEN = {ConnectionState.DISCONNECTED, ConnectionState.RECONNECTING}
_DAYS, _CLOSED_FOR = 4 * 86_400.0, 1200.0


@fault("disconnect", hooks=())
def test_227_a_broken_line_is_told_and_mended(broker: Broker, harness: Harness, events: Recorder) -> None:
    """Case 227: a broken line is told, the plugin reconnects by itself, and that is told too."""
    with cut(harness):
        assert events.wait_for(lambda: bool(_states(events) & _BROKEN), _PATIENCE), "the break was not told"
        assert broker.state in _BROKEN, f"the line is cut, and the state is {broker.state.value}"
    assert events.wait_for(lambda: ConnectionState.CONNECTED in _states(events), _PATIENCE), "the return was not told"
    assert broker.state is ConnectionState.CONNECTED
    for change in events.of(ConnectionChange):
        check_utc(change.time, f"the time of the change to {change.state.value},")
    for gap in events.of(DataGap):
        check_utc(gap.start, "the start of a gap,")
        check_utc(gap.end, "the end of a gap,")


@fault("disconnect", hooks=())
def test_228_one_reconnect_loop_that_never_grows(broker: Broker, harness: Harness, events: Recorder) -> None:
    """Case 228: however often the line breaks, one loop mends it: no thread more, one return told for each break."""
    _break_until_told(harness, events)
    before = threading.active_count()
    for _ in range(3):
        _break_until_told(harness, events)

    def returns() -> int:
        return sum(change.state is ConnectionState.CONNECTED for change in events.of(ConnectionChange))

    assert events.wait_for(lambda: returns() >= 4, _PATIENCE), f"four breaks, {returns()} returns"
    assert returns() == 4, f"four breaks, {returns()} returns"
    assert threading.active_count() <= before + 1, f"{before} threads before, {threading.active_count()} after"


@fault("disconnect", "advance")
def test_229_fills_while_the_line_was_down_are_delivered_once(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 229: a fill that happened while the line was down is delivered after it is mended, and no fill twice."""
    before = trader.buys()
    controls = _on_both_sides_of_the_market(trader)
    with cut(harness):
        harness.advance(trader.market.facts.while_away)
        if broker.account_kind is AccountKind.SIMULATED:  # where the clock runs, one may have come before the cut
            told_before = {fill.order_ref for fill in trader.events.of(Fill)}
            assert told_before == {before.order_ref}, "a fill was told over a line that is down"
    _wait_for_a_fill(trader, controls)

    def executed() -> list[str]:
        views = [before, *(control.current() for control in controls)]
        return sorted(fill.execution_id for view in views for fill in view.fills)

    def told() -> list[str]:
        return sorted(fill.execution_id for fill in trader.events.of(Fill))

    trader.eventually(lambda: told() == executed(), "each fill was told, and told once")
    assert len(set(told())) == len(told()), f"told twice: {told()}"
    filled = [view for view in trader.events.views(before.order_ref) if view.state is OrderState.FILLED]
    assert len(filled) == 1, f"an order that filled before the break was told to be filled {len(filled)} times"
    held = trader.quantity
    trader.eventually(lambda: trader.gained() == held + _filled(controls), "the position was that of the fills")


@fault("disconnect", "advance")
def test_230_ends_while_the_line_was_down_are_delivered(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 230: an order that expired while the line was down is told to be final after it is mended, once."""
    control = trader.rests(trader.resting_order(trader.quantity, part=4))
    runs = broker.account_kind is not AccountKind.SIMULATED  # such a broker may forget the day that is over
    away = trader.market.until_closing() + _CLOSED_FOR if runs else _DAYS
    with cut(harness):
        harness.advance(away)
    trader.until(control, lambda view: view.state.is_final)
    ends = [view.state for view in trader.events.views(control.order_ref) if view.state.is_final]
    assert len(ends) == 1, f"its end was told {len(ends)} times"
    assert ends[0] in {OrderState.EXPIRED, OrderState.CANCELLED}


@fault("disconnect", "advance", hooks=(_PLACE, _HELD))
def test_231_positions_are_right_after_the_line_was_down(trader: Trader, harness: Harness) -> None:
    """Case 231: after the line is mended, positions are read anew, and their change is told."""
    controls = _on_both_sides_of_the_market(trader)
    with cut(harness):
        harness.advance(trader.market.facts.while_away)
    _wait_for_a_fill(trader, controls)
    trader.eventually(lambda: trader.gained() == _filled(controls), "the position was that of the fills")

    def last_told() -> list[int]:
        return [each.quantity for each in trader.events.of(Position) if each.contract == trader.contract][-1:]

    trader.eventually(lambda: last_told() == [trader.positions()[trader.contract]], "the new position was told")


@fault("disconnect", hooks=())
def test_232_a_gap_is_marked(harness: Harness, events: Recorder) -> None:
    """Case 232: after a break, an event marks the stretch of time for which something may be missing."""
    _break_until_told(harness, events)
    assert events.wait_for(lambda: bool(events.of(DataGap)), _PATIENCE), "no gap was marked"
    gap = events.of(DataGap)[0]
    assert gap.start <= gap.end
    check_utc(gap.start, "the start of a gap,")
    check_utc(gap.end, "the end of a gap,")
    assert gap.reason


@fault("disconnect")
def test_233_nothing_is_sent_while_the_line_is_down(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 233: while the line is down an order raises ConnectionLost, and nothing of it arrives later."""
    order = trader.resting_order(trader.quantity)
    with cut(harness), pytest.raises(ConnectionLost):
        trader.place(order)
    assert not trader.is_known(order.order_ref), "it arrived all the same"


@trade()
def test_235_two_sessions_at_once(open_another: OpenAnother, broker: Broker) -> None:
    """Case 235: a second session of the same broker opens beside the first, with an id of its own."""
    other = open_another()
    assert other.state is ConnectionState.CONNECTED
    assert broker.state is ConnectionState.CONNECTED
    other.capital.get_list_of_accounts()
    broker.capital.get_list_of_accounts()


@fault("silent-stall", "advance", hooks=(_PLACE,))
def test_236_a_silent_line_is_found_out(trader: Trader, harness: Harness) -> None:
    """Case 236: a line that is up and silent is found out: calls end with an error, and a gap is marked."""
    harness.cause("silent-stall")
    control = trader.place(trader.market_order(trader.quantity))
    for _ in range(3):
        try:
            control.wait(10)
        except ConnectionProblem:
            break
    harness.advance(600.0)
    trader.eventually(lambda: bool(trader.events.of(DataGap)), "a gap was marked")
    assert trader.done(control).state is OrderState.FILLED
    assert trader.gained() == trader.quantity


@fault("disconnect", hooks=("get_ticker_object_for_contract",))
def test_237_subscriptions_are_renewed_once(broker: Broker, market: Market, harness: Harness) -> None:
    """Case 237: after the line is mended each stream runs on, as the same stream: it is not started twice."""
    ticker = broker.prices.get_ticker_object_for_contract(market.contract)
    ticker.wait_for_quote(market.patience)
    with cut(harness):
        pass
    again = broker.prices.get_ticker_object_for_contract(market.contract)
    assert again.contract == ticker.contract
    assert again.wait_for_quote(market.patience).bid is not None


@fault("disconnect")
def test_230_a_cancel_while_the_line_is_down_is_not_believed(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 230: a cancel made while the line is down raises, and the order is as the broker has it afterwards."""
    control = trader.rests(trader.resting_order(trader.quantity))
    with cut(harness), pytest.raises((ConnectionLost, OutcomeUnknown)):
        broker.orders.cancel_order_on_stack(control)
    trader.until(control, OrderState.WORKING)


def _break_until_told(harness: Harness, events: Recorder) -> None:
    """Cut the line until that is told, and mend it until that is told: a plugin that polls misses a shorter break."""
    changes = len(events.of(ConnectionChange))
    with cut(harness):
        assert events.wait_for(lambda: bool(_BROKEN & _states(events, changes)), _PATIENCE), "the break was not told"
    mended = events.wait_for(lambda: ConnectionState.CONNECTED in _states(events, changes), _PATIENCE)
    assert mended, "the return was not told"


def _states(events: Recorder, after: int = 0) -> set[ConnectionState]:
    return {change.state for change in events.of(ConnectionChange)[after:]}


def _on_both_sides_of_the_market(trader: Trader) -> list[OrderControl]:
    """Return the handles of two orders to buy, of which a move of one tick, up or down, fills one."""
    bid, ask = trader.market.bid_ask()
    tick, account = trader.tick, trader.market.facts.account
    above = Order.stop(trader.contract, trader.quantity, ask + tick, tag=TAG, account=account)
    below = Order.limit(trader.contract, trader.quantity, bid - tick, tag=TAG, account=account)
    return [trader.place(attrs.evolve(order, time_in_force=TimeInForce.GTC)) for order in (above, below)]


def _wait_for_a_fill(trader: Trader, controls: list[OrderControl]) -> None:
    trader.eventually(lambda: _filled(controls), "one of the orders was filled", controls[0])


def _filled(controls: list[OrderControl]) -> int:
    return sum(control.current().filled[0] for control in controls)
