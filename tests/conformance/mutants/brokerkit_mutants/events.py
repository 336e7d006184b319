"""Mutants that tell wrong things, or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from brokerkit import (
    BrokerOrder,
    CommissionReport,
    ConnectionChange,
    ConnectionState,
    DataGap,
    Fill,
    OrderState,
    Position,
)
from brokerkit_mutants.mutant import Mutant, every_view

Tell = Callable[[Any], None]


def _without(kind: type, only: Callable[[Any], bool] = lambda event: True) -> Callable[[Tell, Any], None]:
    def emit(tell: Tell, event: Any) -> None:
        if not (isinstance(event, kind) and only(event)):
            tell(event)

    return emit


def _twice(kind: type, only: Callable[[Any], bool] = lambda event: True) -> Callable[[Tell, Any], None]:
    def emit(tell: Tell, event: Any) -> None:
        tell(event)
        if isinstance(event, kind) and only(event):
            tell(event)

    return emit


def _revives(tell: Tell, event: Any) -> None:
    tell(event)
    if isinstance(event, BrokerOrder) and event.state.is_final:
        tell(attrs.evolve(event, state=OrderState.WORKING))


def _punctual(tell: Tell, event: Any) -> None:
    tell(attrs.evolve(event, late=False) if isinstance(event, Fill) else event)


def _later(tell: Tell, event: Any) -> None:
    if isinstance(event, Fill):
        threading.Timer(0.1, tell, (event,)).start()
    else:
        tell(event)


def _state_first() -> Callable[[Tell, Any], None]:
    """Return what keeps fills back until the state was told that they led to."""
    kept: list[Fill] = []

    def emit(tell: Tell, event: Any) -> None:
        if isinstance(event, Fill):
            kept.append(event)
            return
        tell(event)
        while kept and isinstance(event, BrokerOrder):
            tell(kept.pop(0))

    return emit


def _of_another(tell: Tell, event: Any) -> None:
    tell(attrs.evolve(event, order_ref="another") if isinstance(event, Fill) else event)


def _overfilled(tell: Tell, event: Any) -> None:
    if isinstance(event, BrokerOrder) and event.fills:
        event = attrs.evolve(event, fills=event.fills * 2)
    tell(event)


def _spoilt(kind: type, **fields: Callable[[Any], Any]) -> Callable[[Tell, Any], None]:
    """Return what spoils fields of the events of one type."""

    def emit(tell: Tell, event: Any) -> None:
        if isinstance(event, kind):
            event = attrs.evolve(event, **{name: spoil(event) for name, spoil in fields.items()})
        tell(event)

    return emit


def _end_later(tell: Tell, event: Any) -> None:
    if isinstance(event, BrokerOrder) and event.state.is_final:
        threading.Timer(0.1, tell, (event,)).start()
    else:
        tell(event)


def _repeats(kind: type) -> Callable[[Tell, Any], None]:
    """Return what tells again, when the line is back, all events of one type that were told before."""
    told: list[Any] = []

    def emit(tell: Tell, event: Any) -> None:
        tell(event)
        if isinstance(event, kind):
            told.append(event)
        if isinstance(event, ConnectionChange) and event.state is ConnectionState.CONNECTED:
            for each in tuple(told):
                tell(each)

    return emit


def _naive(field: str) -> dict[str, Callable[[Any], Any]]:
    return {field: lambda event: getattr(event, field).replace(tzinfo=None)}


def _in_tokyo(field: str) -> dict[str, Callable[[Any], Any]]:
    return {field: lambda event: getattr(event, field).astimezone(ZoneInfo("Asia/Tokyo"))}


def _five_hours_early(view: BrokerOrder) -> BrokerOrder:
    fills = (attrs.evolve(fill, time=fill.time - timedelta(hours=5)) for fill in view.fills)
    return attrs.evolve(view, fills=tuple(fills))


_DATED = "test_213_fills_are_dated_when_they_happen"
_FILLS = "test_213_fills_have_the_orders_sign"
_COMMISSIONS = "test_084_every_fill_has_its_commission"
_AFTER_A_BREAK = "test_229_fills_while_the_line_was_down_are_delivered_once"

MUTANTS = (
    Mutant("fill_told_as_late", _FILLS, emit=_spoilt(Fill, late=lambda fill: True)),
    Mutant("fill_told_without_its_sign", _FILLS, emit=_spoilt(Fill, quantity=lambda fill: abs(fill.quantity))),
    Mutant("fill_told_at_a_round_price", _FILLS, emit=_spoilt(Fill, price=lambda fill: round(fill.price))),
    Mutant("fill_told_at_a_float_price", _FILLS, emit=_spoilt(Fill, price=lambda fill: float(fill.price))),
    Mutant("fill_told_without_a_zone", _FILLS, emit=_spoilt(Fill, **_naive("time"))),
    Mutant("fill_dated_in_local_time", _DATED, every_view(_five_hours_early)),
    Mutant("fill_told_in_tokyo", _FILLS, emit=_spoilt(Fill, **_in_tokyo("time"))),
    Mutant("fill_told_without_its_account", _FILLS, emit=_spoilt(Fill, account=lambda fill: "")),
    Mutant("end_told_later", "test_210_who_has_waited_has_heard", emit=_end_later),
    Mutant(
        "view_told_in_tokyo",
        "test_225_events_of_one_order_are_in_order",
        emit=_spoilt(BrokerOrder, **_in_tokyo("updated")),
    ),
    Mutant("commission_told_twice", _COMMISSIONS, emit=_twice(CommissionReport)),
    Mutant(
        "commission_of_no_fill",
        _COMMISSIONS,
        emit=_spoilt(CommissionReport, execution_id=lambda report: f"{report.execution_id}x"),
    ),
    Mutant(
        "commission_told_as_a_rebate",
        _COMMISSIONS,
        emit=_spoilt(
            CommissionReport, commission=lambda report: report.commission - report.commission - report.commission
        ),
    ),
    Mutant("commission_told_without_a_zone", _COMMISSIONS, emit=_spoilt(CommissionReport, **_naive("time"))),
    Mutant("fills_repeated_after_a_break", _AFTER_A_BREAK, emit=_repeats(Fill)),
    Mutant("ends_repeated_after_a_break", _AFTER_A_BREAK, emit=_repeats(BrokerOrder)),
    Mutant(
        "break_told_without_a_zone",
        "test_227_a_broken_line_is_told_and_mended",
        emit=_spoilt(ConnectionChange, **_naive("time")),
    ),
    Mutant("gap_told_in_tokyo", "test_232_a_gap_is_marked", emit=_spoilt(DataGap, **_in_tokyo("start"))),
    Mutant("duplicate_fill", "test_215_a_fill_reported_twice_counts_once", emit=_twice(Fill)),
    Mutant("no_status", "test_210_every_order_is_heard_of", emit=_without(BrokerOrder)),
    Mutant("fill_told_later", "test_210_who_has_waited_has_heard", emit=_later),
    Mutant(
        "state_told_before_its_fills",
        "test_212_fills_are_told_before_the_state_that_they_lead_to",
        emit=_state_first(),
    ),
    Mutant(
        "filled_twice",
        "test_212_filled_is_told_once",
        emit=_twice(BrokerOrder, lambda view: view.state is OrderState.FILLED),
    ),
    Mutant(
        "cancelled_twice",
        "test_163_a_second_cancel_is_refused",
        emit=_twice(BrokerOrder, lambda view: view.state is OrderState.CANCELLED),
    ),
    Mutant("order_that_comes_back", "test_211_final_states_are_final", emit=_revives),
    Mutant("more_filled_than_ordered", "test_214_filled_and_remaining_make_the_quantity", emit=_overfilled),
    Mutant("no_position_event", "test_082_account_changes_are_told", emit=_without(Position)),
    Mutant(
        "closed_position_untold",
        "test_095_a_closed_position_is_told_and_no_longer_listed",
        emit=_without(Position, lambda position: position.quantity == 0),
    ),
    Mutant("no_fill_event", "test_096_position_is_known_when_the_fill_is_told", emit=_without(Fill)),
    Mutant("fill_of_another_order", "test_222_a_reference_names_one_order", emit=_of_another),
    Mutant("late_fill_lost", "test_220_a_late_fill_is_never_lost", emit=_without(Fill, lambda fill: fill.late)),
    Mutant("late_fill_unmarked", "test_220_a_late_fill_is_never_lost", emit=_punctual),
    Mutant("broken_line_untold", "test_227_a_broken_line_is_told_and_mended", emit=_without(ConnectionChange)),
    Mutant("reconnects_twice", "test_228_one_reconnect_loop_that_never_grows", emit=_twice(ConnectionChange)),
    Mutant("gap_untold", "test_232_a_gap_is_marked", emit=_without(DataGap)),
)
