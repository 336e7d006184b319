"""Risk limits: what passes, what is refused, and that a refusal sends nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest

from brokerkit import Broker, Fill, FuturesContract, Order, OrderChange, OrderControl, errors
from brokerkit.middleware.risk import Risk

Desk = Callable[..., Broker]
GOLD = FuturesContract("GOLD", "202312")


def assert_passes(broker: Broker, order: Order) -> OrderControl:
    """Check that an order passes, and that the plugin has it as it was given."""
    control = broker.orders.put_order_on_stack(order)
    assert broker.native.orders[order.order_ref].order == order
    return control


def assert_refused(broker: Broker, order: Order, message: str) -> None:
    """Check that an order is refused with a message, and that the plugin never saw it."""
    before = dict(broker.native.orders)
    with pytest.raises(errors.RiskLimitExceeded, match=message):
        broker.orders.put_order_on_stack(order)
    assert broker.native.orders == before


def with_risk(desk: Desk, **limits: Any) -> Broker:
    """Open the desk with risk limits."""
    return desk(middleware=["risk"], risk=limits)


def test_the_largest_order_is_counted_in_any_leg_and_either_sign(desk: Desk) -> None:
    broker = with_risk(desk, max_order=3)
    assert_passes(broker, Order.market(GOLD, -3))
    assert_refused(broker, Order.market(GOLD, -4), r"an order of 4 lots is above max_order = 3")
    assert_refused(broker, Order.market(FuturesContract("GOLD", ["202312", "202406"]), (1, -4)), "4 lots")


def test_the_position_counts_what_is_held_and_what_could_still_fill(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    assert_passes(broker, Order.market(GOLD, 2))
    assert_passes(broker, Order.limit(GOLD, 2, 90))
    assert_refused(broker, Order.market(GOLD, 2), r"GOLD/202312 could reach 6 lots, above max_position = 5")
    assert_passes(broker, Order.market(GOLD, 1))
    assert_passes(broker, Order.market(GOLD, -8))  # ends at -5, were the limit order never to fill
    assert_refused(broker, Order.market(GOLD, -1), "could reach 6 lots")


def test_an_order_that_arrived_counts_only_as_long_as_the_broker_reports_it(desk: Desk) -> None:
    """Some brokers list no order that is over, and keep no records of their own."""
    broker = with_risk(desk, max_position=3)
    assert_passes(broker, Order.limit(GOLD, 2, 90))
    broker.native.orders.clear()  # it was cancelled
    assert_passes(broker, Order.limit(GOLD, 3, 90))


def test_an_order_that_brings_a_position_back_passes_though_the_position_is_above_the_limit(desk: Desk) -> None:
    broker = desk(middleware=["risk"], risk={"max_position": 5})
    broker.native.put_order_on_stack(Order.market(GOLD, 9))  # placed elsewhere
    assert_passes(broker, Order.market(GOLD, -2))
    assert_refused(broker, Order.market(GOLD, 1), "could reach 8 lots")


def test_a_change_of_quantity_is_held_to_the_limits_and_its_own_order_is_not_counted_twice(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5, max_order=5)
    control = assert_passes(broker, Order.limit(GOLD, 4, 90))
    broker.orders.modify_order_given_control_object(control, OrderChange(quantity=5))
    assert control.current().order.quantity == (5,)
    with pytest.raises(errors.RiskLimitExceeded, match="max_order = 5"):
        broker.orders.modify_order_given_control_object(control, OrderChange(quantity=6))
    assert control.current().order.quantity == (5,)


def test_orders_that_threads_place_at_one_moment_are_counted_together(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    together = threading.Barrier(2, timeout=10)
    broker.native.inside = lambda: together.wait() if not together.broken else None
    outcomes: list[object] = []

    def place() -> None:
        try:
            outcomes.append(broker.orders.put_order_on_stack(Order.market(GOLD, 3)))
        except errors.RiskLimitExceeded as refusal:
            outcomes.append(refusal)
            together.abort()
        except threading.BrokenBarrierError:
            outcomes.append("alone")

    threads = [threading.Thread(target=place) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, errors.RiskLimitExceeded) for outcome in outcomes) == 1


def test_an_order_that_lands_while_another_is_checked_is_not_overlooked(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    first = Order.limit(GOLD, 3, 90)
    broker.native.after_reading = lambda: broker.orders.put_order_on_stack(first)
    with pytest.raises(errors.RiskLimitExceeded, match="could reach 6 lots"):
        broker.orders.put_order_on_stack(Order.limit(GOLD, 3, 90))
    assert list(broker.native.orders) == [first.order_ref]


def test_what_is_filled_already_is_not_counted_again_when_an_order_is_changed(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    control = assert_passes(broker, Order.limit(GOLD, 4, 90))
    working = broker.native.orders[control.order_ref]
    fill = Fill("1", control.order_ref, GOLD, 3, Decimal(90), datetime(2023, 6, 1, tzinfo=timezone.utc))
    broker.native.orders[control.order_ref] = attrs.evolve(working, fills=(fill,))
    broker.orders.modify_order_given_control_object(control, OrderChange(quantity=5))
    assert control.current().order.quantity == (5,)
    with pytest.raises(errors.RiskLimitExceeded, match="could reach 6 lots"):
        broker.orders.modify_order_given_control_object(control, OrderChange(quantity=6))


def test_an_order_whose_fate_is_unknown_goes_on_counting(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    broker.native.fault = errors.OutcomeUnknown("The line broke.")
    with pytest.raises(errors.OutcomeUnknown):
        broker.orders.put_order_on_stack(Order.market(GOLD, 4))
    broker.native.fault = None
    assert_refused(broker, Order.market(GOLD, 2), "could reach 6 lots")
    assert_passes(broker, Order.market(FuturesContract("SILVER", "202312"), 5))


def test_an_order_whose_fate_was_unknown_counts_once_when_it_turns_out_to_be_filled(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    order = Order.market(GOLD, 2)

    def arrive() -> None:
        broker.native.inside = None
        broker.native.put_order_on_stack(order)
        raise errors.OutcomeUnknown("The line broke.")

    broker.native.inside = arrive
    with pytest.raises(errors.OutcomeUnknown):
        broker.orders.put_order_on_stack(order)
    assert_passes(broker, Order.market(GOLD, 3))
    assert_refused(broker, Order.market(GOLD, 1), "could reach 6 lots")


def test_an_order_that_was_rejected_counts_no_more(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    broker.native.fault = errors.OrderRejected("No.")
    with pytest.raises(errors.OrderRejected):
        broker.orders.put_order_on_stack(Order.market(GOLD, 4))
    broker.native.fault = None
    assert_passes(broker, Order.market(GOLD, 5))


def test_an_order_that_pacing_or_the_store_refused_counts_no_more(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    for fault in (errors.PacingViolation("Too many."), errors.StoreLocked("The intent cannot be written.")):
        broker.native.fault = fault
        with pytest.raises(type(fault)):
            broker.orders.put_order_on_stack(Order.market(GOLD, 4))
    broker.native.fault = None
    assert_passes(broker, Order.market(GOLD, 5))


def test_an_order_whose_fate_is_unknown_counts_though_it_is_refused_the_second_time(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    order = Order.market(GOLD, 2)
    for fault in (errors.OutcomeUnknown("The line broke."), errors.DuplicateOrder("It was placed before.")):
        broker.native.fault = fault
        with pytest.raises(type(fault)):
            broker.orders.put_order_on_stack(order)
    broker.native.fault = None
    assert_refused(broker, Order.market(GOLD, 4), "could reach 6 lots")


def test_a_change_whose_fate_is_unknown_counts_though_another_one_is_refused(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    control = assert_passes(broker, Order.limit(GOLD, 1, 90))
    for fault in (errors.OutcomeUnknown("The line broke."), errors.OrderCannotBeModified("It is being changed.")):

        def fail(error: Exception = fault) -> None:
            raise error

        broker.native.inside = fail
        with pytest.raises(type(fault)):
            broker.orders.modify_order_given_control_object(control, OrderChange(quantity=3))
    broker.native.inside = None
    assert_refused(broker, Order.market(GOLD, 3), "could reach 6 lots")


def test_orders_and_changes_in_a_minute_are_counted_and_cancels_are_not(desk: Desk) -> None:
    broker = with_risk(desk, max_orders_per_minute=2)
    control = assert_passes(broker, Order.limit(GOLD, 1, 90))
    broker.orders.modify_limit_price_given_control_object(control, 91)
    assert control.current().order.limit_price == 91
    assert_refused(broker, Order.market(GOLD, 1), r"2 orders were sent in the last 60 s, and max_orders_per_minute = 2")
    assert broker.orders.cancel_all_orders()
    broker.middleware["risk"]._sent[0] -= 60  # as if the first one had been sent a minute ago
    assert_passes(broker, Order.market(GOLD, 1))
    assert_refused(broker, Order.market(GOLD, 1), "2 orders were sent in the last 60 s")


def test_notional_is_held_to_the_limit_of_its_currency(desk: Desk) -> None:
    broker = with_risk(desk, max_notional={"USD": 15_000})
    assert_passes(broker, Order.market(GOLD, 3))  # 3 lots x 100 x 50
    assert_refused(broker, Order.market(GOLD, 4), r"20,000.0* USD is above max_notional = 15000 USD")
    assert_refused(broker, Order.limit(GOLD, 3, "100.02"), "is above max_notional")
    assert_refused(
        broker, Order.limit(GOLD, -4, 1), r"20,000.0* USD is above max_notional"
    )  # it sells at 100, and not at 1
    assert_refused(broker, Order.stop(GOLD, 3, 101), r"15,150 USD is above max_notional")
    assert_refused(broker, Order.market(FuturesContract("BTP", "202312"), 1), "has no limit for EUR")
    assert_refused(broker, Order.market(FuturesContract("NOPRICE", "202312"), 1), "no price of NOPRICE/202312")


def test_a_spread_is_worth_what_its_legs_are_whatever_its_own_price(desk: Desk) -> None:
    broker = with_risk(desk, max_notional={"USD": 15_000})
    spread = FuturesContract("GOLD", ["202312", "202406"])
    assert_passes(broker, Order.limit(spread, (1, -1), "-1.5"))
    assert_refused(broker, Order.limit(spread, (2, -2), "-1.5"), r"20,000.0* USD is above max_notional")


def test_a_price_far_from_the_last_one_is_refused_and_so_is_a_change_to_it(desk: Desk) -> None:
    broker = with_risk(desk, price_collar="2.5")
    control = assert_passes(broker, Order.limit(GOLD, 1, "102.5"))
    assert_refused(
        broker, Order.limit(GOLD, 1, "102.51"), r"a price of 102.51 is more than 2.5 % from the last price, 100"
    )
    assert_refused(broker, Order.stop(GOLD, -1, 97), "a price of 97")
    assert_passes(broker, Order.market(GOLD, 1))
    with pytest.raises(errors.RiskLimitExceeded, match="a price of 90"):
        broker.orders.modify_limit_price_given_control_object(control, 90)
    assert control.current().order.limit_price == Decimal("102.5")


def test_the_last_price_is_the_middle_of_the_newest_quote_that_has_two_sides(desk: Desk) -> None:
    broker = with_risk(desk, price_collar=1)
    broker.native.quotes = [(80.0, 82.0), (90.0, 92.0), (119.0, 121.0), (90.0, float("nan"))]
    assert_passes(broker, Order.limit(GOLD, 1, "121.2"))
    assert_refused(broker, Order.limit(GOLD, 1, 100), "more than 1 % from the last price, 120")
    broker.native.quotes = [(90.0, float("nan"))]
    assert_passes(broker, Order.limit(GOLD, 1, 100))  # without such a quote the daily close counts


def test_the_prices_of_a_brackets_exits_are_held_to_the_collar_too(desk: Desk) -> None:
    broker = with_risk(desk, price_collar=5)
    entry = Order.limit(GOLD, 1, 99)
    assert_passes(broker, entry.with_bracket(take_profit=105, stop_loss=95))
    assert_refused(broker, Order.limit(GOLD, 1, 99).with_bracket(stop_loss="9.5"), "a price of 9.5 is more than 5 %")
    assert_refused(broker, Order.market(GOLD, 1).with_bracket(take_profit=1050), "a price of 1050")


def test_an_exit_that_would_turn_the_position_is_refused_where_positions_are_limited(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    entry = Order.market(GOLD, 3)
    assert_refused(
        broker, attrs.evolve(entry, children=(Order.stop(GOLD, -4, 95),)), r"an exit of \(-4,\) lots would turn"
    )
    assert_passes(broker, attrs.evolve(entry, children=(Order.stop(GOLD, -3, 95), Order.limit(GOLD, -1, 105))))


def test_no_child_of_any_order_may_be_larger_than_what_it_closes(desk: Desk) -> None:
    broker = with_risk(desk, max_order=3)
    assert_refused(broker, Order.market(GOLD, 1, children=(Order.market(GOLD, -100),)), r"an exit of \(-100,\) lots")
    exit_and_entry = Order.market(GOLD, -1, children=(Order.market(GOLD, 100),))
    assert_refused(broker, Order.market(GOLD, 1, children=(exit_and_entry,)), r"an exit of \(100,\) lots")


def test_a_contract_is_one_by_its_month_and_by_its_expiry(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    by_day = FuturesContract("GOLD", "20231227")
    assert_passes(broker, Order.market(GOLD, 3))
    assert_refused(broker, Order.market(by_day, 3), r"GOLD/20231227 could reach 6 lots")
    assert_passes(broker, Order.limit(by_day, 2, 90))
    assert_refused(broker, Order.market(GOLD, 1), r"GOLD/202312 could reach 6 lots")
    assert_passes(broker, Order.market(FuturesContract("GOLD", "20240625"), 5))
    assert_passes(broker, Order.market(FuturesContract("GOLD", "20240618"), 5))  # another week's is another contract


def test_changes_that_threads_make_at_one_moment_are_counted_together(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    controls = [assert_passes(broker, Order.limit(GOLD, 1, 90)) for _ in range(2)]
    both = threading.Barrier(2, timeout=10)
    broker.native.inside = lambda: both.wait() if not both.broken else None
    outcomes: list[object] = []

    def grow(control: OrderControl) -> None:
        try:
            outcomes.append(broker.orders.modify_order_given_control_object(control, OrderChange(quantity=4)))
        except errors.RiskLimitExceeded as refusal:
            outcomes.append(refusal)
            both.abort()
        except threading.BrokenBarrierError:
            outcomes.append(None)

    threads = [threading.Thread(target=grow, args=(control,)) for control in controls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(isinstance(outcome, errors.RiskLimitExceeded) for outcome in outcomes) == 1


def test_a_spread_may_be_priced_near_zero_within_the_collar(desk: Desk) -> None:
    broker = with_risk(desk, price_collar=1)
    spread = FuturesContract("GOLD", ["202312", "202406"])
    assert_passes(broker, Order.limit(spread, (2, -2), "-1.5"))
    assert_refused(broker, Order.limit(spread, (-2, 2), "2.5"), "more than 1 % from the last price, 0")


def test_halted_lets_only_cancels_pass(desk: Desk) -> None:
    broker = with_risk(desk)
    control = assert_passes(broker, Order.limit(GOLD, 1, 90))
    risk: Any = broker.middleware["risk"]
    risk.halt("drawdown")
    assert_refused(broker, Order.market(GOLD, 1), r"trading is halted \(drawdown\): put_order_on_stack was refused")
    with pytest.raises(errors.RiskLimitExceeded, match="halted"):
        broker.orders.modify_limit_price_given_control_object(control, 91)
    assert [order.state.value for order in broker.orders.cancel_all_orders()] == ["cancelled"]
    risk.resume()
    assert_passes(broker, Order.market(GOLD, 1))


def test_an_order_that_is_being_checked_when_trading_is_halted_does_not_pass(desk: Desk) -> None:
    broker = with_risk(desk, max_position=5)
    risk: Any = broker.middleware["risk"]
    broker.native.after_reading = lambda: risk.halt("drawdown")
    assert_refused(broker, Order.market(GOLD, 1), r"trading is halted \(drawdown\)")
    assert broker.native.orders == {}


def test_reducing_lets_only_orders_pass_that_can_do_nothing_else(desk: Desk) -> None:
    broker = with_risk(desk)
    assert_passes(broker, Order.market(GOLD, 3))
    broker.middleware["risk"].reduce_only("winding down")
    assert_refused(broker, Order.market(GOLD, 1), r"only orders that make a position smaller pass \(winding down\)")
    assert_refused(broker, Order.market(GOLD, -4), "only orders that make a position smaller")
    assert_refused(broker, Order.market(GOLD, -1, children=(Order.market(GOLD, 1),)), "a child opens one again")
    assert_passes(broker, Order.limit(GOLD, -2, 110))
    assert_refused(broker, Order.market(GOLD, -2), "only orders that make a position smaller")  # 3 held, 2 being sold
    assert_passes(broker, Order.market(GOLD, -1))


def test_a_file_halts_trading_while_it_exists(desk: Desk, tmp_path: Path) -> None:
    switch = tmp_path / "halt"
    broker = with_risk(desk, halt_file=switch)
    assert_passes(broker, Order.market(GOLD, 2))
    switch.touch()
    assert_refused(broker, Order.market(GOLD, -1), r"trading is halted \(.*halt exists\)")
    switch.write_text("reducing\n")
    assert_passes(broker, Order.market(GOLD, -1))
    assert_refused(broker, Order.market(GOLD, 1), "only orders that make a position smaller")
    switch.unlink()
    assert_passes(broker, Order.market(GOLD, 1))
    switch.mkdir()  # what cannot be read halts as well
    assert_refused(broker, Order.market(GOLD, -1), "trading is halted")


def test_a_halt_file_stays_where_it_was_when_the_program_goes_to_another_folder(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = with_risk(desk, halt_file=Path("halt"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "halt").touch()
    assert_refused(broker, Order.market(GOLD, 1), r"trading is halted")


def test_the_stricter_of_a_call_and_the_file_counts(desk: Desk, tmp_path: Path) -> None:
    switch = tmp_path / "halt"
    broker = with_risk(desk, halt_file=switch)
    assert_passes(broker, Order.market(GOLD, 3))
    risk: Any = broker.middleware["risk"]
    risk.reduce_only("winding down")  # and no file
    assert_refused(broker, Order.market(GOLD, 1), "only orders that make a position smaller")
    switch.touch()
    assert_refused(broker, Order.market(GOLD, -1), "trading is halted")
    switch.write_text("reducing")
    risk.halt("drawdown")
    assert_refused(broker, Order.market(GOLD, -1), r"trading is halted \(drawdown\)")
    risk.resume()
    assert_passes(broker, Order.market(GOLD, -1))
    assert_refused(broker, Order.market(GOLD, 1), "only orders that make a position smaller")


def test_it_is_shown_as_its_limits_and_whether_trading_is_halted(desk: Desk) -> None:
    risk = with_risk(desk, max_order=5).middleware["risk"]
    assert isinstance(risk, Risk)
    risk.halt("drawdown")
    assert "max_order=5" in repr(risk)
    assert repr(risk).endswith("_state=<TradingState.HALTED: 2>, _reason='drawdown')")
    assert "_reason=''" in repr(Risk())
