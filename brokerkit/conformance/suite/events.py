"""Group Q: what is told of orders and fills, and what always holds of it."""

from __future__ import annotations

import copy
import random
import threading
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import partial

import pytest

from brokerkit import AccountKind, Broker, BrokerOrder, CommissionReport, Fill, OrderState
from brokerkit.conformance.agreement import check_fills, check_times, check_utc
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, trade
from brokerkit.conformance.outcomes import blocked
from brokerkit.conformance.trader import Trader
from brokerkit.errors import BrokerkitError, OrderCannotBeCancelled

_PLACE = "put_order_on_stack"
_FILLS = "get_list_of_fills"
_PATIENCE, _SOON, _CORRECTED_IN = 20.0, 3.0, 3.0
_CLOCKS_APART = timedelta(minutes=10)


@trade()
def test_210_every_order_is_heard_of(trader: Trader) -> None:
    """Case 210: of every order placed, at least one event tells its state."""
    view = trader.buys()
    trader.eventually(lambda: bool(trader.events.views(view.order_ref)), "anything was told of it")


@trade()
def test_210_who_has_waited_has_heard(broker: Broker, trader: Trader) -> None:
    """Case 210: when waiting for an order ends, a listener has heard of all its fills and of its final state."""
    for _ in range(4):
        heard: list[Fill] = []
        states: list[BrokerOrder] = []
        with broker.subscribe(on_fill=heard.append, on_order_status=states.append):
            view = trader.buys()
            told, last = {fill.execution_id for fill in heard}, [each.state.value for each in states]
            assert told >= {fill.execution_id for fill in view.fills}, f"heard {len(told)} of {len(view.fills)} fills"
            assert view.state.value in last, f"it ended {view.state.value}, and listeners have heard only {last}"


@trade()
def test_211_final_states_are_final(trader: Trader, rng: random.Random) -> None:
    """Case 211: only legal states follow each other, and after a final state no other one comes."""
    refs = [trader.buys().order_ref]
    for _ in range(3):
        control = trader.rests(trader.resting_order(rng.choice((1, -1)) * trader.quantity, rng.randint(1, 3)))
        refs.append(trader.cancel(control).order_ref)
    for ref in refs:
        states = [view.state for view in trader.events.views(ref)]
        finals = [state for state in states if state.is_final]
        assert len(set(finals)) <= 1, f"two final states: {states}"
        after = states[next((place for place, state in enumerate(states) if state.is_final), len(states)) :]
        assert all(state.is_final for state in after), f"a state after a final one: {states}"
        working = [place for place, state in enumerate(states) if state is OrderState.WORKING]
        pending = [place for place, state in enumerate(states) if state is OrderState.PENDING]
        assert not working or not pending or pending[-1] < working[0], f"pending after working: {states}"


@trade()
def test_212_filled_is_told_once(trader: Trader) -> None:
    """Case 212: an order that fills is told to be filled exactly once."""
    view = trader.buys()

    def filled() -> list[BrokerOrder]:
        return [each for each in trader.events.views(view.order_ref) if each.state is OrderState.FILLED]

    trader.eventually(lambda: bool(filled()), "it was told to be filled")
    told = filled()
    assert len(told) == 1, f"told {len(told)} times"
    assert told[0].filled == view.filled, (
        f"told to be filled with {told[0].filled} filled, and it has filled {view.filled}: tell fills before the state"
    )


@trade()
def test_212_fills_are_told_before_the_state_that_they_lead_to(trader: Trader) -> None:
    """Case 212: when a state is told, all fills that it counts have been told before: totals and fills never part."""
    view = trader.fills(trader.market_order(trader.large_quantity))
    trader.eventually(
        lambda: any(each.state.is_final for each in trader.events.views(view.order_ref)), "its end was told"
    )
    told: set[str] = set()
    for event in tuple(trader.events.events):
        if isinstance(event, Fill):
            told.add(event.execution_id)
        elif isinstance(event, BrokerOrder) and event.order_ref == view.order_ref:
            untold = {fill.execution_id for fill in event.fills} - told
            assert not untold, f"told to be {event.state.value} with fills that were told only later: {sorted(untold)}"


@trade()
def test_213_fills_have_the_orders_sign(trader: Trader) -> None:
    """Case 213: each fill has the sign of its order, a whole quantity, an exact price, and is told as it is listed."""
    for view in (trader.buys(), trader.sells()):
        told = trader.events.fills(view.order_ref)
        for fill in (*view.fills, *told):
            assert (fill.quantity > 0) is (view.order.quantity[0] > 0), f"{fill} of {view.order}"
            assert type(fill.quantity) is int, f"the quantity of {fill} is a {type(fill.quantity).__name__}, not an int"
            assert type(fill.price) is Decimal, f"the price of {fill} is a {type(fill.price).__name__}, not a Decimal"
            check_utc(fill.time, f"the time of fill {fill.execution_id},")
            assert not fill.late, f"marked as late, although it came before its order's final state: {fill}"
        check_times(view)
        check_fills(told, view, "as listeners were told")


@trade()
def test_213_fills_are_dated_when_they_happen(broker: Broker, trader: Trader) -> None:
    """Case 213: a fill is dated between the placing of its order and now, so its zone was not mistaken."""
    if broker.account_kind is AccountKind.SIMULATED and not broker.supports("get_ticker_object_for_contract"):
        blocked("nothing tells the time of this simulation")
    earliest = min(trader.market.now, datetime.now(timezone.utc)) - _CLOCKS_APART
    view = trader.buys()
    latest = max(trader.market.now, datetime.now(timezone.utc)) + _CLOCKS_APART
    for fill in view.fills:
        off = fill.time - earliest if fill.time < earliest else fill.time - latest
        assert earliest <= fill.time <= latest, (
            f"fill {fill.execution_id} is dated {fill.time}, {abs(off)} away from when it happened: "
            "was a local time taken for UTC?"
        )


@trade()
def test_214_filled_and_remaining_make_the_quantity(trader: Trader) -> None:
    """Case 214: at each moment filled and remaining make the quantity, and never more is filled than ordered."""
    quantity = trader.large_quantity
    view = trader.fills(trader.market_order(quantity))
    for each in (*trader.events.views(view.order_ref), view):
        assert each.filled[0] + each.remaining[0] == quantity
        assert 0 <= each.filled[0] <= quantity


@fault("duplicate-fill")
def test_215_a_fill_reported_twice_counts_once(trader: Trader, harness: Harness) -> None:
    """Case 215: an execution that is reported twice is counted, told and listed once."""
    harness.cause("duplicate-fill")
    view = trader.buys()
    _each_fill_once(trader, view)
    assert trader.gained() == trader.quantity


@fault("fill-before-acknowledgement")
def test_216_a_fill_before_the_acknowledgement_is_kept(trader: Trader, harness: Harness) -> None:
    """Case 216: a fill that comes before the order is acknowledged is kept and applied."""
    harness.cause("fill-before-acknowledgement")
    _each_fill_once(trader, trader.buys())


@fault("late-acknowledgement", hooks=(_PLACE, "cancel_order_on_stack"))
def test_217_a_cancel_before_the_acknowledgement_finds_its_order(
    broker: Broker, trader: Trader, harness: Harness
) -> None:
    """Case 217: an order cancelled before it was acknowledged ends cancelled or filled, under its own reference."""
    harness.cause("late-acknowledgement")
    control = trader.place(trader.resting_order(trader.quantity))
    with suppress(OrderCannotBeCancelled):
        broker.orders.cancel_order_on_stack(control)
    assert trader.done(control).state is OrderState.CANCELLED


@fault("lost-statuses")
def test_218_executions_alone_complete_an_order(trader: Trader, harness: Harness) -> None:
    """Case 218: when no status comes at all, the order is filled by its executions."""
    harness.cause("lost-statuses")
    _each_fill_once(trader, trader.buys())


@fault("late-commission")
def test_219_a_late_commission_completes_the_fill_once(trader: Trader, harness: Harness) -> None:
    """Case 219: a commission that comes after its fill is told once, and completes the fill."""
    harness.cause("late-commission")
    view = trader.buys()

    def told() -> list[CommissionReport]:
        return [each for each in trader.events.of(CommissionReport) if each.order_ref == view.order_ref]

    if "advance" in harness.offers:
        harness.advance(60.0)
    trader.eventually(lambda: len(told()) == len(view.fills), "the commission was told")
    ids = [report.execution_id for report in told()]
    assert len(set(ids)) == len(ids), "a commission was told twice"


@fault("late-fill", hooks=(_PLACE, "cancel_order_on_stack"))
def test_220_a_late_fill_is_never_lost(trader: Trader, harness: Harness) -> None:
    """Case 220: a fill that comes after the cancel is told as late, applied, and held; the state stays final."""
    control = trader.rests(trader.resting_order(trader.quantity))
    harness.cause("late-fill")
    view = trader.cancel(control)
    assert view.state is OrderState.CANCELLED
    if "advance" in harness.offers:
        harness.advance(60.0)
    trader.eventually(lambda: bool(trader.events.fills(control.order_ref)), "the late fill was told")
    fills = trader.events.fills(control.order_ref)
    assert all(fill.late for fill in fills), "it is not marked as late"
    assert control.current().state is OrderState.CANCELLED
    assert control.current().filled[0] == sum(fill.quantity for fill in fills)
    assert trader.gained() == sum(fill.quantity for fill in fills)


@trade(_PLACE, _FILLS)
def test_221_listed_fills_agree_with_the_order(broker: Broker, trader: Trader) -> None:
    """Case 221: the listed fills of an order are its own fills: in order of time, each once, none before `since`."""
    ask = broker.orders.get_list_of_fills
    views = [trader.buys(), trader.sells()]
    for view in views:
        listed = [fill for fill in ask() if fill.order_ref == view.order_ref]
        check_fills(listed, view, "in the list of fills")
    for fill in ask():
        check_utc(fill.time, f"the time of fill {fill.execution_id},")
    for times in ([fill.time for fill in ask()] for _ in range(2)):
        assert times == sorted(times), "fills are not listed in order of time"
    last = views[-1].fills[-1]
    assert last.execution_id in {fill.execution_id for fill in ask(since=last.time)}, "a fill at `since` is left out"
    for since in (last.time, last.time + timedelta(microseconds=1)):
        early = [fill for fill in ask(since=since) if fill.time < since]
        assert not early, f"asked for fills since {since}, and got {early}"


@trade(_PLACE, _FILLS)
def test_221_a_time_without_a_zone_is_refused(broker: Broker, trader: Trader) -> None:
    """Case 221: fills since a time without a zone are not guessed: it is an InvalidArgument."""
    view = trader.buys()
    with pytest.raises(ValueError, match="zone") as raised:
        broker.orders.get_list_of_fills(since=view.fills[0].time.replace(tzinfo=None))
    assert isinstance(raised.value, BrokerkitError)


@trade(_PLACE, "get_list_of_broker_orders")
def test_222_a_reference_names_one_order(broker: Broker, trader: Trader) -> None:
    """Case 222: each reference names one order, whatever ids the broker uses again, and events keep to it."""
    views = [trader.buys(), trader.sells(), trader.buys()]
    listed = [view.order_ref for view in broker.orders.get_list_of_broker_orders()]
    assert len(set(listed)) == len(listed), "a reference is listed twice"
    for view in views:
        told = {fill.execution_id for fill in trader.events.fills(view.order_ref)}
        assert told == {fill.execution_id for fill in view.fills}, "fills were told for another order"
    ids = [fill.execution_id for view in views for fill in view.fills]
    assert len(set(ids)) == len(ids), "one execution id in two orders"


@trade()
def test_223_what_was_told_never_changes(trader: Trader) -> None:
    """Case 223: an object that a listener was given is not changed afterwards."""
    control = trader.rests(trader.resting_order(trader.quantity))
    trader.eventually(lambda: bool(trader.events.views(control.order_ref)), "it was told", control)
    given = trader.events.views(control.order_ref)[0]
    before = copy.deepcopy((given.state, given.fills, given.order, given.reason))
    trader.cancel(control)
    assert (given.state, given.fills, given.order, given.reason) == before


@trade(_PLACE, "cancel_order_on_stack")
def test_224_a_listener_may_trade(broker: Broker, trader: Trader) -> None:
    """Case 224: a listener that hears of a fill may place an order from there."""
    follow_up = trader.market_order(-trader.quantity)
    failed: list[BrokerkitError] = []
    placed = threading.Event()

    def follow(fill: Fill) -> None:
        if not placed.is_set():
            try:
                trader.send(follow_up)
            except BrokerkitError as error:
                failed.append(error)
            placed.set()

    with broker.subscribe(on_fill=follow):
        trader.buys()
        assert placed.wait(_PATIENCE), "the listener never came back"
    assert not failed, f"{failed}"
    trader.eventually(lambda: trader.is_known(follow_up.order_ref), "the order placed by the listener is known")


@trade()
def test_225_events_of_one_order_are_in_order(trader: Trader) -> None:
    """Case 225: what is told of one order comes in order, also when several threads place orders at once."""
    orders = [trader.market_order(sign * trader.quantity) for sign in (1, -1, 1, -1)]
    threads = [threading.Thread(target=trader.send, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_PATIENCE)
    trader.eventually(lambda: all(map(trader.is_known, (order.order_ref for order in orders))), "all orders are known")
    for order in orders:
        views = trader.events.views(order.order_ref)
        for view in views:
            check_times(view)
        times = [view.updated for view in views if view.updated is not None]
        assert times == sorted(times), f"events out of order: {[(view.state, view.updated) for view in views]}"


@trade(_PLACE, "get_list_of_broker_orders")
def test_226_any_thread_may_call(broker: Broker, trader: Trader) -> None:
    """Case 226: calls may be made from several threads at once; all are answered and none fails."""
    failed: list[BaseException] = []

    def look() -> None:
        try:
            for _ in range(5):
                broker.orders.get_list_of_broker_orders()
                trader.positions()
        except BrokerkitError as error:
            failed.append(error)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    trader.buys()
    for thread in threads:
        thread.join(_PATIENCE)
    assert not any(thread.is_alive() for thread in threads), "a call never came back"
    assert not failed, f"{failed}"


@trade(_PLACE, "get_list_of_broker_orders")
def test_226_a_listener_may_wait_for_another_thread(broker: Broker, trader: Trader) -> None:
    """Case 226: while a listener is told of a fill, calls from other threads are answered: it may wait for one."""
    came_back: list[bool] = []

    def wait_for_another(fill: Fill) -> None:
        asks = threading.Thread(target=broker.orders.get_list_of_broker_orders, daemon=True)
        asks.start()
        asks.join(_SOON)
        came_back.append(not asks.is_alive())

    with broker.subscribe(on_fill=wait_for_another):
        view = trader.buys()
        trader.eventually(lambda: len(came_back) >= len(view.fills), "the fill was told")
    assert all(came_back), f"a call from another thread waited {_SOON:g} s for a listener: tell without holding a lock"


@fault("execution-correction")
def test_219_a_corrected_fill_takes_the_place_of_the_first(trader: Trader, harness: Harness) -> None:
    """Case 219: a correction takes the place of the execution that it corrects; both are never counted."""
    view = _corrected(trader, harness)
    corrected = {fill.corrects for fill in trader.events.fills(view.order_ref)} - {""}
    now = trader.market.broker.orders.match_db_broker_order_to_order_from_brokers(view)
    assert not corrected & {fill.execution_id for fill in now.fills}, "the corrected execution still counts"
    assert now.filled == view.filled


@fault("reordered-fills")
def test_225_fills_out_of_order_all_count(trader: Trader, harness: Harness) -> None:
    """Case 225: fills that are reported in another order than they happened all count, once each."""
    if "partial-fill" in harness.offers:
        harness.cause("partial-fill")  # of one fill there is no other order
    harness.cause("reordered-fills")
    view = trader.fills(trader.market_order(trader.large_quantity))
    _each_fill_once(trader, view)


def _corrected(trader: Trader, harness: Harness) -> BrokerOrder:
    """Return an order of which a fill was corrected; a price that has no room to move is not."""
    for quantity in (1, -1) * 4:
        harness.cause("execution-correction")
        view = trader.fills(trader.market_order(quantity * trader.quantity))
        trader.let_pass(120.0)
        if trader.events.wait_for(partial(_is_corrected, trader, view.order_ref), _CORRECTED_IN):
            return view
    raise AssertionError("no correction was told")


def _is_corrected(trader: Trader, order_ref: str) -> bool:
    return any(fill.corrects for fill in trader.events.fills(order_ref))


def _each_fill_once(trader: Trader, view: BrokerOrder) -> None:
    assert view.state is OrderState.FILLED
    assert view.filled == view.order.quantity, f"ordered {view.order.quantity}, filled {view.filled}"
    told = [fill.execution_id for fill in trader.events.fills(view.order_ref)]
    assert len(set(told)) == len(told), f"told twice: {told}"
    listed = [fill for fill in trader.market.broker.orders.get_list_of_fills() if fill.order_ref == view.order_ref]
    assert sum(fill.quantity for fill in listed) == view.order.quantity[0], f"listed {listed}"
