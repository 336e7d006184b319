"""Orders on the simulated broker, through the facade."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import attrs
import numpy as np
import pytest

from brokerkit import Frequency, FuturesContract, FxPair, Order, OrderChange, OrderState, TimeInForce
from brokerkit.broker import Broker
from brokerkit.errors import (
    ContractExpired,
    DuplicateOrder,
    InsufficientMargin,
    InvalidArgument,
    InvalidOrder,
    InvalidQuantity,
    MarketClosed,
    MissingAccount,
    MissingContract,
    MissingInstrument,
    MissingOrder,
    OffTickPrice,
    OrderCannotBeCancelled,
    OrderCannotBeModified,
    RequestTimedOut,
    WrongArgumentType,
)

GOLD = FuturesContract("GOLD", "202304")
CORN = FuturesContract("CORN", "202305")
OpenSim = Callable[..., Broker]


def _ask(broker: Broker, contract: FuturesContract = GOLD) -> Decimal:
    ask = broker.prices.get_ticker_object_for_contract(contract).quote().ask
    assert ask is not None
    return ask


def test_a_market_order_fills_at_a_price_that_history_then_shows(broker: Broker) -> None:
    done = broker.orders.put_order_on_stack(Order.market(GOLD, 2)).wait()
    assert (done.state, done.filled) == (OrderState.FILLED, (2,))
    broker.native.advance(minutes=1)
    bars = broker.prices.get_prices_for_contract_object(GOLD, Frequency.MINUTE)
    price = done.average_price()
    assert price is not None
    assert bars["low"].iloc[-1] <= float(price) <= bars["high"].iloc[-1]


def test_a_limit_order_is_filled_in_parts_and_never_worse_than_its_limit(broker: Broker) -> None:
    limit = _ask(broker) + 1
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 100, limit))
    broker.native.advance(seconds=10)
    partly = control.current()
    assert partly.state is OrderState.WORKING
    assert 0 < partly.filled[0] < 100
    done = control.wait(3600)
    assert done.filled == (100,)
    assert len(done.fills) > 1
    assert all(fill.price <= limit for fill in done.fills)
    assert len({fill.execution_id for fill in done.fills}) == len(done.fills)


def test_changing_and_cancelling_a_working_order(broker: Broker) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1000))
    assert broker.orders.check_order_can_be_modified_given_control_object(control)
    broker.orders.modify_limit_price_given_control_object(control, "1000.1")
    broker.orders.modify_order_given_control_object(control, OrderChange(quantity=4))
    changed = control.current().order
    assert (changed.limit_price, changed.quantity) == (Decimal("1000.1"), (4,))
    assert not broker.orders.check_order_is_cancelled(control)
    assert broker.orders.cancel_order_on_stack(control).state is OrderState.CANCELLED
    assert broker.orders.check_order_is_cancelled_given_control_object(control)
    assert not broker.orders.check_order_can_be_modified_given_control_object(control)


@pytest.mark.parametrize(
    ("order", "error", "words"),
    [
        (Order.limit(CORN, 1, "630.30"), OffTickPrice, "630.25 and 630.5"),
        (Order.stop(GOLD, 1, "1900.05"), OffTickPrice, "1900 and 1900.1"),
        (Order.market(FuturesContract("GOLD", "202301"), 1), MissingContract, "GOLD/202301"),
        (Order.market(FuturesContract("GOLD", "202212"), 1), ContractExpired, "2022-12-28"),
        (Order.market(FuturesContract("GOLD", "202612"), 1), MissingContract, "does not trade before"),
        (Order.market(FuturesContract("GLOD", "202304"), 1), MissingInstrument, "Did you mean 'GOLD'"),
        (Order.market(GOLD, 1, account="SIM9"), MissingAccount, "Did you mean 'SIM1'"),
        (Order.market(GOLD, 100_000), InsufficientMargin, "margin"),
        (Order.market(GOLD, 1, algo="TWAP"), InvalidOrder, "TWAP"),
        (Order.market(FxPair("GBPUSD"), 1000), InvalidOrder, "put_fx_order_on_stack"),
        (
            Order.market(
                GOLD,
                1,
                time_in_force=TimeInForce.GTD,
                good_till=datetime(2020, 1, 1, tzinfo=timezone.utc),
            ),
            InvalidOrder,
            "passed",
        ),
    ],
)
def test_bad_orders_are_refused_by_name_and_leave_nothing(
    broker: Broker, order: Order, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        broker.orders.put_order_on_stack(order)
    working = [one for one in broker.orders.get_list_of_broker_orders() if not one.state.is_final]
    assert working == []
    assert broker.positions.get_all_current_positions_as_list_with_contract_objects() == []


def test_an_order_is_placed_once(broker: Broker) -> None:
    order = Order.limit(GOLD, 1, 1000)
    broker.orders.put_order_on_stack(order)
    with pytest.raises(DuplicateOrder):
        broker.orders.put_order_on_stack(order)
    assert len(broker.orders.get_list_of_orders_from_storage()) == 1


def test_what_is_final_stays(broker: Broker) -> None:
    filled = broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    filled.wait()
    resting = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1000))
    broker.orders.cancel_order_on_stack(resting)
    for control in (filled, resting):
        before = control.current()
        with pytest.raises(OrderCannotBeCancelled):
            broker.orders.cancel_order_on_stack(control)
        with pytest.raises(OrderCannotBeModified):
            broker.orders.modify_order_given_control_object(control, OrderChange(quantity=2))
        assert control.current() == before


def test_changes_that_make_no_sense_change_nothing(broker: Broker) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 2, 1000))
    before = control.current().order
    with pytest.raises(OffTickPrice):
        broker.orders.modify_limit_price_given_control_object(control, "1000.05")
    with pytest.raises(InvalidArgument):
        broker.orders.modify_limit_price_given_control_object(control, "much")
    with pytest.raises(OrderCannotBeModified, match="no stop_price"):
        broker.orders.modify_order_given_control_object(control, OrderChange(stop_price=900))
    with pytest.raises(InvalidQuantity):
        broker.orders.modify_order_given_control_object(control, OrderChange(quantity=-2))
    assert control.current().order == before


def test_a_market_order_has_no_limit_to_change(open_sim: OpenSim) -> None:
    broker = open_sim(start=datetime(2023, 3, 11, 12, tzinfo=timezone.utc))
    control = broker.orders.put_order_on_stack(Order.market(GOLD, 1, time_in_force=TimeInForce.GTC))
    with pytest.raises(OrderCannotBeModified, match="no limit_price"):
        broker.orders.modify_limit_price_given_control_object(control, 1000)


def test_unknown_orders_are_missing(broker: Broker) -> None:
    stranger = Order.market(GOLD, 1)
    for ask in (
        broker.orders.match_db_broker_order_to_order_from_brokers,
        broker.orders.match_db_broker_order_to_control_order_from_brokers,
        broker.orders.cancel_order_on_stack,
        broker.orders.check_order_is_cancelled,
    ):
        with pytest.raises(MissingOrder):
            ask(stranger)


def test_an_order_is_found_by_its_reference(broker: Broker) -> None:
    order = Order.limit(GOLD, 1, 1000)
    broker.orders.put_order_on_stack(order)
    assert broker.orders.match_db_broker_order_to_order_from_brokers(order).order == order
    assert broker.orders.match_db_broker_order_to_control_order_from_brokers(order).order_ref == order.order_ref


def test_what_if_places_nothing(broker: Broker) -> None:
    two = broker.orders.what_if_order(Order.market(GOLD, 2))
    assert two.commission is not None
    assert (two.commission.currency, two.commission.amount) == ("USD", Decimal("4.62"))
    assert two.initial_margin_change.amount > two.maintenance_margin_change.amount > 0
    assert broker.orders.get_list_of_orders_from_storage() == []
    with pytest.raises(OffTickPrice):
        broker.orders.what_if_order(Order.limit(GOLD, 1, "0.05"))


def test_a_closed_market_holds_orders_until_it_opens(open_sim: OpenSim) -> None:
    broker = open_sim(start=datetime(2023, 3, 11, 12, tzinfo=timezone.utc))
    control = broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    with pytest.raises(RequestTimedOut):
        control.wait(3600)
    broker.native.advance_to_next_open("GOLD")
    done = control.wait()
    assert done.state is OrderState.FILLED
    assert done.fills[0].time >= datetime(2023, 3, 12, 22, tzinfo=timezone.utc)


def test_a_closed_market_refuses_orders_when_told_so(open_sim: OpenSim) -> None:
    broker = open_sim(start=datetime(2023, 3, 11, 12, tzinfo=timezone.utc), outside_hours="refuse")
    with pytest.raises(MarketClosed):
        broker.orders.put_order_on_stack(Order.market(GOLD, 1))


def test_a_contract_may_be_named_by_the_day_it_expires(broker: Broker) -> None:
    expiry = broker.contracts.get_actual_expiry_date_for_single_contract(GOLD)
    alias = FuturesContract("GOLD", f"{expiry:%Y%m%d}")
    order = Order.limit(alias, 1, 3000).with_bracket(stop_loss=1000)
    done = broker.orders.put_order_on_stack(order).wait()
    assert done.state is OrderState.FILLED
    assert order.contract == alias, "the argument is not changed"
    (position,) = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert position.contract == GOLD
    assert {one.order.contract for one in broker.orders.get_list_of_orders_from_storage()} == {GOLD}


def test_a_spread_trades_leg_against_leg(broker: Broker) -> None:
    spread = FuturesContract("GOLD", ["202304", "202306"])
    done = broker.orders.put_order_on_stack(Order.market(spread, (1, -1))).wait(600)
    assert done.filled == (1, -1)
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    assert [(one.contract.date, one.quantity) for one in held] == [("202304", 1), ("202306", -1)]


def test_fills_since_a_time(broker: Broker) -> None:
    broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait()
    broker.native.advance(minutes=5)
    later = broker.native.now
    broker.orders.put_order_on_stack(Order.market(GOLD, -1)).wait()
    assert [fill.quantity for fill in broker.orders.get_list_of_fills()] == [1, -1]
    assert [fill.quantity for fill in broker.orders.get_list_of_fills(later)] == [-1]
    with pytest.raises(InvalidArgument, match="no time zone"):
        broker.orders.get_list_of_fills(later.replace(tzinfo=None))


def test_yesterdays_orders_are_in_storage_only(broker: Broker) -> None:
    broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait()
    kept = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1000, time_in_force=TimeInForce.GTC))
    broker.native.advance(days=1)
    assert [one.order_ref for one in broker.orders.get_list_of_broker_orders()] == [kept.order_ref]
    assert len(broker.orders.get_list_of_orders_from_storage()) == 2


def test_all_orders_of_one_account_are_cancelled(open_sim: OpenSim) -> None:
    broker = open_sim(accounts=("A", "B"))
    for account in ("A", "B"):
        broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1000, account=account))
    assert [one.ids.account for one in broker.orders.cancel_all_orders("B")] == ["B"]
    assert [one.state for one in broker.orders.get_list_of_broker_orders("A")] == [OrderState.WORKING]
    with pytest.raises(MissingAccount):
        broker.orders.cancel_all_orders("C")


def test_latency_lets_a_cancel_lose_the_race(open_sim: OpenSim) -> None:
    broker = open_sim(latency_ms=30_000)
    control = broker.orders.put_order_on_stack(Order.market(GOLD, 1))
    assert control.current().state is OrderState.PENDING
    broker.native.advance(seconds=30)
    assert broker.orders.cancel_order_on_stack(control).state is OrderState.PENDING_CANCEL
    assert control.wait().state is OrderState.FILLED


def test_slippage_costs_ticks(open_sim: OpenSim) -> None:
    plain, slipping = open_sim(), open_sim(slippage_ticks=1)
    prices = [one.orders.put_order_on_stack(Order.market(GOLD, 1)).wait().average_price() for one in (plain, slipping)]
    assert prices[0] is not None
    assert prices[1] in (prices[0], prices[0] + Decimal("0.1")), "never outside the bar"


def test_events_tell_the_order_the_fill_and_the_position(broker: Broker) -> None:
    told: list[str] = []

    def hears_fill(fill: object) -> None:
        held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
        told.append(f"fill, holding {held[0].quantity}")

    with broker.subscribe(
        on_order_status=lambda order: told.append(order.state.value),
        on_fill=hears_fill,
        on_commission=lambda report: told.append(str(report.commission)),
        on_position=lambda position: told.append(f"position {position.quantity}"),
    ):
        broker.orders.put_order_on_stack(Order.market(GOLD, 2)).wait()
    assert told == ["working", "fill, holding 2", "filled", "4.62 USD", "position 2"]


def test_orders_are_not_changed_by_being_placed(broker: Broker) -> None:
    order = Order.limit(GOLD, 1, 1000, broker_parameters={"note": 1}).with_bracket(take_profit=2500)
    before = attrs.asdict(order)
    control = broker.orders.put_order_on_stack(order)
    broker.orders.modify_limit_price_given_control_object(control, 1001)
    broker.native.advance(hours=1)
    assert attrs.asdict(order) == before


def test_a_clock_of_its_own_fills_orders_while_the_caller_waits(open_sim: OpenSim) -> None:
    broker = open_sim(speed=20)
    before = broker.native.now
    done = broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait()
    assert done.state is OrderState.FILLED
    assert broker.native.now - before < timedelta(minutes=10)


@pytest.mark.parametrize("timeout", ["5", timedelta(seconds=5), None, Decimal(5), [5], 5j])
def test_a_wait_is_so_many_seconds_in_an_int_or_a_float(broker: Broker, timeout: Any) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1000))
    before = broker.native.now
    with pytest.raises(WrongArgumentType, match=r"wait\(\) was given timeout = .*It takes seconds") as refused:
        control.wait(timeout)
    assert isinstance(refused.value, TypeError)
    assert len(str(refused.value)) < 300
    assert broker.native.now == before


@pytest.mark.parametrize("timeout", [float("nan"), -1, -0.5, float("inf"), 1e300, np.float64("nan")])
def test_a_wait_without_an_end_or_into_the_past_is_refused(broker: Broker, timeout: float) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1000))
    before = broker.native.now
    with pytest.raises(InvalidArgument, match="timeout"):
        control.wait(timeout)
    assert broker.native.now == before


@pytest.mark.parametrize("timeout", [0, 0.5, np.int64(3), np.float64(2)])
def test_a_wait_takes_any_other_number(broker: Broker, timeout: float) -> None:
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1000))
    with pytest.raises(RequestTimedOut):
        control.wait(timeout)
