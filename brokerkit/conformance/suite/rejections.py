"""Group P: orders that are refused, and orders whose fate nobody knows."""

from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from brokerkit import (
    Broker,
    BrokerOrder,
    ConnectionChange,
    ConnectionState,
    FxPair,
    Order,
    OrderControl,
    OrderState,
    OrderType,
    TimeInForce,
)
from brokerkit.conformance.harness import Harness
from brokerkit.conformance.levels import fault, read, trade
from brokerkit.conformance.market import Market
from brokerkit.conformance.outcomes import blocked
from brokerkit.conformance.suite.connection import cut
from brokerkit.conformance.trader import TAG, Trader
from brokerkit.errors import (
    InvalidOrder,
    MissingAccount,
    MissingContract,
    MissingInstrument,
    MissingOrder,
    NotFound,
    NotSupported,
    OrderError,
    OrderRejected,
    OutcomeUnknown,
    PacingViolation,
    RequestTimedOut,
)

_PLACE = "put_order_on_stack"
_ABSURD = 10_000_000


@trade()
def test_194_post_only_that_would_trade_is_refused(trader: Trader) -> None:
    """Case 194: an order that must not take liquidity, and would, is refused and fills nothing."""
    view = _refused(trader, trader.crossing_order(trader.quantity, post_only=True))
    assert view is None or view.filled == (0,)
    assert trader.gained() == 0


@trade()
def test_195_reduce_only_with_nothing_to_reduce_is_refused(trader: Trader) -> None:
    """Case 195: an order that may only reduce is refused when there is nothing to reduce."""
    trader.needs_no_position()
    _refused(trader, trader.market_order(trader.quantity, reduce_only=True))
    assert trader.gained() == 0


@trade()
@pytest.mark.parametrize("order_type", list(OrderType), ids=lambda each: str(each.value))
def test_196_order_types_are_taken_or_denied_before_sending(trader: Trader, order_type: OrderType) -> None:
    """Case 196: an order type that the broker cannot do is denied before it is sent, and leaves nothing behind."""
    order = _of_type(trader, order_type)
    try:
        control = trader.send(order)
    except (NotSupported, InvalidOrder) as refusal:
        assert str(refusal)
        assert not trader.is_known(order.order_ref)
    else:
        trader.until(control, lambda view: view.state is not OrderState.PENDING)
        assert control.current().order.order_type is order_type


@trade()
@pytest.mark.parametrize("time_in_force", list(TimeInForce), ids=lambda each: str(each.value))
def test_197_times_in_force_are_taken_or_denied_before_sending(trader: Trader, time_in_force: TimeInForce) -> None:
    """Case 197: a time in force that the broker cannot do is denied before it is sent, and leaves nothing behind."""
    until = trader.market.now + timedelta(days=2) if time_in_force is TimeInForce.GTD else None
    order = trader.resting_order(trader.quantity, time_in_force=time_in_force, good_till=until)
    try:
        control = trader.send(order)
    except (NotSupported, InvalidOrder) as refusal:
        assert str(refusal)
        assert not trader.is_known(order.order_ref)
    else:
        assert control.current().order.time_in_force is time_in_force


@trade()
def test_198_what_the_account_cannot_carry_is_refused(trader: Trader) -> None:
    """Case 198: an order that the account cannot carry is refused with a reason, and nothing of it is left."""
    if isinstance(trader.contract, FxPair):
        blocked("a broker need not ask how a currency order is covered before it fills")
    view = _refused(trader, trader.resting_order(trader.market.lots(_ABSURD)))
    assert view is None or view.reason, "rejected without a reason"
    assert trader.gained() == 0
    assert not trader.open_orders()


@trade(_PLACE, "match_db_broker_order_to_order_from_brokers")
def test_199_each_mistake_has_its_own_error(broker: Broker, trader: Trader) -> None:
    """Case 199: an unknown order, an unknown account and an unknown contract are told apart."""
    never = trader.resting_order(trader.quantity)
    with pytest.raises(MissingOrder):
        broker.orders.match_db_broker_order_to_order_from_brokers(never)
    with pytest.raises((MissingAccount, InvalidOrder)):
        trader.place(trader.resting_order(trader.quantity, account="NO-SUCH-ACCOUNT"))
    with pytest.raises(NotFound):
        trader.place(Order.market(trader.market.missing_contract, 1, tag=TAG))


@trade()
def test_200_an_order_for_an_unknown_contract_leaves_nothing(trader: Trader) -> None:
    """Case 200: an order for a contract or instrument that is not there is refused, and nothing waits for it."""
    market = trader.market
    for contract in (market.missing_contract, attrs.evolve(market.contract, instrument_code="NO_SUCH_ONE")):
        order = Order.market(contract, trader.quantity, tag=TAG)
        with pytest.raises((MissingContract, MissingInstrument)):
            trader.place(order)
        assert not trader.is_known(order.order_ref)


@fault("lost-order")
def test_202_a_lost_order_is_not_called_rejected(trader: Trader, harness: Harness) -> None:
    """Case 202: an order that was lost on the way is unknown or pending, never rejected; its fate comes later."""
    harness.cause("lost-order")
    order = trader.resting_order(trader.quantity)
    control = sent(trader, order)
    told = [view.state for view in trader.events.views(order.order_ref)]
    if control is not None:
        told.append(control.current().state)
    assert OrderState.REJECTED not in told, "called rejected, although nobody rejected it"
    assert OrderState.WORKING not in told, "called working, although it never arrived"
    if "advance" in harness.offers:
        harness.advance(120.0)
    if control is not None:
        assert control.current().state in {OrderState.PENDING, OrderState.UNKNOWN}
    assert order.order_ref not in {view.order_ref for view in trader.open_orders() if view.state is OrderState.WORKING}


@fault("lost-acknowledgement")
def test_202_a_lost_acknowledgement_is_found_again(trader: Trader, harness: Harness) -> None:
    """Case 202: an order whose acknowledgement was lost is not rejected, and is found under its reference."""
    harness.cause("lost-acknowledgement")
    order = trader.resting_order(trader.quantity)
    control = sent(trader, order)
    assert control is None or control.current().state is not OrderState.REJECTED
    trader.eventually(lambda: trader.is_known(order.order_ref), "the order was found again", control)


@fault("lost-cancel", hooks=(_PLACE, "cancel_order_on_stack"))
def test_203_a_lost_cancel_is_no_refused_cancel(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 203: a cancel that was lost leaves the order open; it is called neither cancelled nor refused."""
    control = trader.rests(trader.resting_order(trader.quantity))
    harness.cause("lost-cancel")
    try:
        broker.orders.cancel_order_on_stack(control)
    except (OutcomeUnknown, RequestTimedOut) as unknown:
        assert str(unknown)
    assert not control.current().state.is_final, f"called {control.current().state.value}"
    harness.heal()
    assert not broker.orders.match_db_broker_order_to_order_from_brokers(control).state.is_final


@fault("lost-modify", hooks=(_PLACE, "modify_limit_price_given_control_object"))
def test_204_a_lost_change_is_no_refused_change(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 204: a change that was lost leaves the order working; it is not called refused, nor done."""
    control = trader.rests(trader.resting_order(trader.quantity))
    before = control.current().order.limit_price
    harness.cause("lost-modify")
    try:
        broker.orders.modify_limit_price_given_control_object(control, trader.market.resting_buy(2))
    except (OutcomeUnknown, RequestTimedOut) as unknown:
        assert str(unknown)
    harness.heal()
    view = broker.orders.match_db_broker_order_to_order_from_brokers(control)
    assert not view.state.is_final
    assert view.order.limit_price == before


@fault("notice")
def test_207_a_notice_is_no_error(broker: Broker, trader: Trader, harness: Harness) -> None:
    """Case 207: a notice of the broker's that is no error changes nothing: not the line, and no order."""
    control = trader.rests(trader.resting_order(trader.quantity))
    harness.cause("notice")
    assert broker.instruments.get_list_of_instruments()
    assert broker.state is ConnectionState.CONNECTED
    assert not trader.events.of(ConnectionChange)
    assert control.current().state is OrderState.WORKING


@fault("rejection")
def test_208_a_refusal_keeps_the_brokers_words(trader: Trader, harness: Harness) -> None:
    """Case 208: a refusal keeps the broker's own reason, in the error or on the order."""
    harness.cause("rejection")
    order = trader.resting_order(trader.quantity)
    try:
        control = trader.place(order)
    except OrderRejected as refusal:
        assert refusal.broker_message, f"the broker's own words are not kept: {refusal}"
        return
    view = trader.done(control)
    assert view.state is OrderState.REJECTED
    assert view.reason, "rejected without a reason"


@read("get_prices_for_contract_object")
def test_209_errors_say_whether_trying_again_helps(broker: Broker, market: Market) -> None:
    """Case 209: an error tells whether the same call may succeed later; what is missing is not temporary."""
    with pytest.raises(NotFound) as raised:
        broker.prices.get_prices_for_contract_object(market.missing_contract)
    assert raised.value.temporary is False
    assert raised.value.code.startswith("BK4")
    helps = raised.value.remedy or raised.value.candidates
    assert helps, (
        f"it says neither what to do nor what could have been meant: {raised.value!r}. Give remedy or candidates"
    )


@fault("pacing", hooks=("get_list_of_broker_orders",))
def test_209_too_many_requests_is_temporary(broker: Broker, harness: Harness) -> None:
    """Case 209: too many requests is a temporary error, or the plugin waits and answers; the next one is answered."""
    harness.cause("pacing")
    try:
        broker.orders.get_list_of_broker_orders()
    except PacingViolation as refusal:
        assert refusal.temporary is True
        assert refusal.remedy, "nobody is told when to ask again"
    assert isinstance(broker.orders.get_list_of_broker_orders(), list)


@fault("disconnect")
def test_205_nothing_is_rejected_by_a_broken_line(trader: Trader, harness: Harness) -> None:
    """Case 205: when the line breaks, no order that rests is called rejected for it."""
    controls = [trader.rests(trader.resting_order(trader.quantity, part)) for part in (1, 2)]
    with cut(harness):
        pass
    states = {view.state for control in controls for view in trader.events.views(control.order_ref)}
    assert OrderState.REJECTED not in states
    assert {control.order_ref for control in controls} <= {view.order_ref for view in trader.open_orders()}


def _refused(trader: Trader, order: Order) -> BrokerOrder | None:
    """Return the view of an order that must be refused; None when it was refused at once."""
    try:
        control = trader.place(order)
    except OrderError as refusal:
        assert str(refusal)
        assert refusal.code.startswith("BK5")
        return None
    view = trader.done(control)
    assert view.state in {OrderState.REJECTED, OrderState.CANCELLED}, f"expected a refusal, it ended {view.state.value}"
    return view


def sent(trader: Trader, order: Order) -> OrderControl | None:
    """Return the handle of an order whose sending may end unknown; a line that broke with it is mended first."""
    try:
        return trader.place(order)
    except (OutcomeUnknown, RequestTimedOut):
        broker = trader.market.broker
        trader.eventually(lambda: broker.state is ConnectionState.CONNECTED, "the line was mended")
        return None


def _of_type(trader: Trader, order_type: OrderType) -> Order:
    if order_type is OrderType.MARKET:
        return trader.market_order(trader.quantity)
    if order_type is OrderType.LIMIT:
        return trader.resting_order(trader.quantity)
    if order_type is OrderType.TRAILING_STOP:
        return Order.trailing_stop(trader.contract, -trader.quantity, percent=5, tag=TAG)
    return trader.stop_order(trader.quantity, order_type)
