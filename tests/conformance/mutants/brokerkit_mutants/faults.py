"""Mutants that are sound until something goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from brokerkit import (
    BrokerOrder,
    CommissionReport,
    ConnectionChange,
    DataGap,
    OrderOrigin,
    OrderState,
    Services,
    Session,
)
from brokerkit.errors import ConnectionLost, OrderCannotBeCancelled, PacingViolation, RequestTimedOut
from brokerkit_mutants.mutant import Mutant, after, answer, control

_PLACE = "put_order_on_stack"
_CANCEL = "cancel_order_on_stack"
_LISTED = "get_list_of_broker_orders"
_FIND = "match_db_broker_order_to_order_from_brokers"
_PRICE = "modify_limit_price_given_control_object"
_HELD = "get_all_current_positions_as_list_with_contract_objects"

Right = Callable[..., Any]
Tell = Callable[[Any], None]


def _empty_after(error: type[Exception]) -> Right:
    """Return an answer that takes a failed question for an empty answer."""

    def wrong(right: Right, *arguments: Any) -> Any:
        try:
            return right(*arguments)
        except error:
            return []

    return wrong


def _instead(state: OrderState, of: OrderState) -> Callable[[BrokerOrder], BrokerOrder]:
    return lambda view: attrs.evolve(view, state=state) if view.state is of else view


def _without(*kinds: type) -> Callable[[Tell, Any], None]:
    def emit(tell: Tell, event: Any) -> None:
        if not isinstance(event, kinds):
            tell(event)

    return emit


def _refused_cancel_believed(session: Session, services: Services) -> Session:
    orders: Any = next(domain for domain in session.domains if hasattr(domain, _FIND))

    def wrong(right: Right, order: Any) -> Any:
        try:
            return right(order)
        except OrderCannotBeCancelled:
            view = orders.match_db_broker_order_to_order_from_brokers(order)
            services.emit(attrs.evolve(view, state=OrderState.CANCELLED))
            return view

    return answer(_CANCEL, wrong)(session, services)


def _lost_change_believed(session: Session, services: Services) -> Session:
    asked: dict[str, Any] = {}

    def remember(right: Right, handle: Any, price: Any) -> Any:
        asked[handle.order_ref] = price
        return right(handle, price)

    def believe(right: Right, order: Any) -> Any:
        view = right(order)
        price = asked.get(view.order_ref, view.order.limit_price)
        return attrs.evolve(view, order=attrs.evolve(view.order, limit_price=price))

    return answer(_FIND, believe)(answer(_PRICE, remember)(session, services), services)


def _sends_it_later(session: Session, services: Services) -> Session:
    """Keep an order that could not be sent, and send it at the next question."""
    kept: list[Any] = []
    place = next(domain for domain in session.domains if hasattr(domain, _PLACE)).put_order_on_stack

    def keep(right: Right, order: Any) -> Any:
        try:
            return right(order)
        except ConnectionLost:
            kept.append(order)
            raise

    def send(right: Right, account: str) -> Any:
        while kept:
            place(kept.pop())
        return right(account)

    return answer(_LISTED, send)(answer(_PLACE, keep)(session, services), services)


def _knows_only_its_own(session: Session, services: Services) -> Session:
    """Forget the fills of orders that an earlier session placed."""
    placed: set[str] = set()

    def remember(right: Right, order: Any) -> Any:
        placed.add(order.order_ref)
        return right(order)

    def forget(right: Right, order: Any) -> Any:
        view = right(order)
        return view if view.order_ref in placed else attrs.evolve(view, fills=())

    return answer(_FIND, forget)(answer(_PLACE, remember)(session, services), services)


def _asks_once() -> Right:
    first: list[Any] = []

    def wrong(right: Right, account: str) -> Any:
        if not first:
            first.append(right(account))
        return first[0]

    return wrong


MUTANTS = (
    Mutant(
        "failed_question_taken_for_flat",
        "test_250_a_failed_question_is_not_taken_for_flat",
        answer(_HELD, _empty_after(RequestTimedOut)),
    ),
    Mutant(
        "pacing_taken_for_no_orders",
        "test_271_too_many_requests_are_waited_out_or_named",
        answer(_LISTED, _empty_after(PacingViolation)),
    ),
    Mutant("refused_cancel_believed", "test_168_a_refused_cancel_leaves_the_order", _refused_cancel_believed),
    Mutant(
        "lost_cancel_believed",
        "test_203_a_lost_cancel_is_no_refused_cancel",
        control(spoil=_instead(OrderState.CANCELLED, OrderState.PENDING_CANCEL)),
    ),
    Mutant("lost_change_believed", "test_204_a_lost_change_is_no_refused_change", _lost_change_believed),
    Mutant(
        "lost_order_called_rejected",
        "test_202_a_lost_order_is_not_called_rejected",
        control(spoil=_instead(OrderState.REJECTED, OrderState.PENDING)),
    ),
    Mutant(
        "unknown_called_rejected",
        "test_202_a_lost_order_is_not_called_rejected",
        control(spoil=_instead(OrderState.REJECTED, OrderState.UNKNOWN)),
    ),
    Mutant("sent_when_the_line_is_back", "test_233_nothing_is_sent_while_the_line_is_down", _sends_it_later),
    Mutant(
        "fills_of_earlier_sessions_lost", "test_239_filled_orders_of_an_earlier_session_are_found", _knows_only_its_own
    ),
    Mutant("stale_positions_for_ever", "test_260_a_stale_position_becomes_right", answer(_HELD, _asks_once())),
    Mutant(
        "late_commission_lost", "test_219_a_late_commission_completes_the_fill_once", emit=_without(CommissionReport)
    ),
    Mutant("silence_unnoticed", "test_032_a_silent_line_is_noticed", emit=_without(ConnectionChange, DataGap)),
    Mutant("competing_session_untold", "test_031_competing_session_is_reported_once", emit=_without(ConnectionChange)),
    Mutant(
        "orders_of_others_called_ours",
        "test_244_orders_of_others_are_shown_as_such",
        after(_LISTED, lambda views: [attrs.evolve(view, origin=OrderOrigin.OURS) for view in views]),
    ),
)
