"""Mutants whose reports of an order disagree, with each other or with what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from brokerkit import BrokerOrder, Money, OrderOrigin, OrderState, Services, Session
from brokerkit.errors import DuplicateOrder, InvalidOrder, MissingAccount, NotFound
from brokerkit_mutants.mutant import Break, Mutant, after, answer, both, control, every_view, orders_of

_PLACE = "put_order_on_stack"
_LISTED = "get_list_of_broker_orders"
_STORED = "get_list_of_orders_from_storage"
_FILLS = "get_list_of_fills"
_FIND = "match_db_broker_order_to_order_from_brokers"
_PRICE = "modify_limit_price_given_control_object"
_CHANGE = "modify_order_given_control_object"
_IS_CANCELLED = "check_order_is_cancelled"
_SHORT = 16

_LISTED_FILLS = "test_221_listed_fills_agree_with_the_order"
_CHANGED = "test_144_new_buy_price_is_read_back"
_STORED_EQUAL = "test_269_stored_orders_come_back_equal"

Right = Callable[..., Any]
Spoil = Callable[[BrokerOrder], BrokerOrder]


def _each_fill(**fields: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda fills: [attrs.evolve(fill, **{name: by(fill) for name, by in fields.items()}) for fill in fills]


def _there(fill: Any) -> datetime:
    time: datetime = fill.time.astimezone(ZoneInfo("Asia/Tokyo"))
    return time


def _stored(spoil: Spoil) -> Break:
    return after(_STORED, lambda views: [spoil(view) for view in views])


def _cut(view: BrokerOrder) -> BrokerOrder:
    return attrs.evolve(view, order=attrs.evolve(view.order, order_ref=view.order_ref[:_SHORT]))


def _submitted_somewhere(view: BrokerOrder) -> BrokerOrder:
    return attrs.evolve(view, submitted=view.submitted and view.submitted.replace(tzinfo=None))


def _dearer(view: BrokerOrder) -> BrokerOrder:
    return attrs.evolve(view, fills=tuple(_each_fill(price=lambda fill: fill.price + 1)(list(view.fills))))


def _since_ignored(right: Right, since: Any) -> Any:
    right(since)
    return right(None)


def _turned_each_time() -> Callable[[list[Any]], list[Any]]:
    times: list[int] = []

    def spoil(fills: list[Any]) -> list[Any]:
        times.append(1)
        return fills[::-1] if len(times) % 2 else fills

    return spoil


def _of_any_account(right: Right, account: str) -> Any:
    try:
        return right(account)
    except MissingAccount:
        return right("")


def _price_before(hook: str) -> Break:
    """Return a break that lists orders at the price at which they were placed."""

    def broken(session: Session, services: Services) -> Session:
        placed: dict[str, Any] = {}

        def remember(right: Right, order: Any) -> Any:
            placed[order.order_ref] = order.limit_price
            return right(order)

        def spoil(view: BrokerOrder) -> BrokerOrder:
            price = placed.get(view.order_ref, view.order.limit_price)
            return attrs.evolve(view, order=attrs.evolve(view.order, limit_price=price))

        listed = after(hook, lambda views: [spoil(view) for view in views])
        return both(answer(_PLACE, remember), listed)(session, services)

    return broken


def _changed(then: Callable[[Session, Services, Any], None]) -> Break:
    """Return a break that does something more after each change of an order, given its handle."""

    def broken(session: Session, services: Services) -> Session:
        def wrong(right: Right, handle: Any, change: Any) -> Any:
            done = right(handle, change)
            then(session, services, handle)
            return done

        return both(answer(_PRICE, wrong), answer(_CHANGE, wrong))(session, services)

    return broken


def _told_as_cancelled(session: Session, services: Services, handle: Any) -> None:
    services.emit(attrs.evolve(handle.current(), state=OrderState.CANCELLED))
    services.emit(handle.current())


def _forgets_fills(session: Session, services: Services) -> Session:
    changed: set[str] = set()

    def remember(session: Session, services: Services, handle: Any) -> None:
        changed.add(handle.order_ref)

    def forget(view: BrokerOrder) -> BrokerOrder:
        return attrs.evolve(view, fills=()) if view.order_ref in changed else view

    return both(_changed(remember), after(_FIND, forget))(session, services)


def _placed_again_once_final(session: Session, services: Services) -> Session:
    def wrong(right: Right, order: Any) -> Any:
        try:
            return right(order)
        except DuplicateOrder:
            handle = orders_of(session).match_db_broker_order_to_control_order_from_brokers(order)
            if not handle.current().state.is_final:
                raise
            return handle

    return answer(_PLACE, wrong)(session, services)


def _whatever_is_final(session: Session, services: Services) -> Session:
    def wrong(right: Right, order: Any) -> bool:
        view: BrokerOrder = orders_of(session).match_db_broker_order_to_order_from_brokers(order)
        return view.state.is_final

    return answer(_IS_CANCELLED, wrong)(session, services)


def _exits_outlive(session: Session, services: Services) -> Session:
    """Place the exits of a cancelled entry anew, as orders of their own."""
    entries: dict[str, Any] = {}

    def remember(right: Right, order: Any) -> Any:
        entries[order.order_ref] = order
        return right(order)

    def outlive(right: Right, order: Any) -> Any:
        view = right(order)
        for child in entries[view.order_ref].children:
            orders_of(session).put_order_on_stack(attrs.evolve(child, order_ref=f"{child.order_ref}x"))
        return view

    return both(answer(_PLACE, remember), answer("cancel_order_on_stack", outlive))(session, services)


class _Lenient:
    """A handle that takes any timeout."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    def __getattr__(self, name: str) -> Any:
        return getattr(self._handle, name)

    def wait(self, timeout: Any = 60.0) -> Any:
        """Return the final view."""
        return self._handle.wait(timeout if isinstance(timeout, (int, float)) and timeout >= 0 else 0)


def _previews_all() -> Right:
    last: list[Any] = []

    def wrong(right: Right, order: Any) -> Any:
        try:
            last.append(right(order))
        except (InvalidOrder, NotFound):
            if not last:
                raise
        return last[-1]

    return wrong


def _without_what_is_held(preview: Any) -> Any:
    return attrs.evolve(preview, initial_margin=preview.initial_margin_change)


def _maintenance_doubled(preview: Any) -> Any:
    twice = preview.initial_margin_change + preview.initial_margin_change
    return attrs.evolve(preview, maintenance_margin_change=twice)


def _paid_for_it(preview: Any) -> Any:
    return attrs.evolve(preview, commission=Money("USD", -1))


MUTANTS = (
    Mutant("reference_cut", "test_189_reference_and_tag_come_back", every_view(_cut)),
    Mutant(
        "ours_called_manual",
        "test_127_order_reads_back_as_it_was_placed",
        every_view(lambda view: attrs.evolve(view, origin=OrderOrigin.MANUAL)),
    ),
    Mutant(
        "submitted_without_a_zone",
        "test_213_fills_have_the_orders_sign",
        control(spoil=_submitted_somewhere),
    ),
    Mutant("fills_listed_in_tokyo", _LISTED_FILLS, after(_FILLS, _each_fill(time=_there))),
    Mutant("fills_listed_dearer", _LISTED_FILLS, after(_FILLS, _each_fill(price=lambda fill: fill.price + 1))),
    Mutant("since_ignored", _LISTED_FILLS, answer(_FILLS, _since_ignored)),
    Mutant("fills_turned_each_time", _LISTED_FILLS, after(_FILLS, _turned_each_time())),
    Mutant("stored_dearer", _STORED_EQUAL, _stored(_dearer)),
    Mutant("stored_as_open", _STORED_EQUAL, _stored(lambda view: attrs.evolve(view, state=OrderState.WORKING))),
    Mutant("change_not_in_the_list", _CHANGED, _price_before(_LISTED)),
    Mutant("change_not_in_storage", _CHANGED, _price_before(_STORED)),
    Mutant("change_told_as_a_cancel", _CHANGED, _changed(_told_as_cancelled)),
    Mutant("change_forgets_fills", "test_154_apartly_filled_order_is_changed", _forgets_fills),
    Mutant("final_reference_taken_again", "test_263_one_reference_is_one_order", _placed_again_once_final),
    Mutant("final_called_cancelled", "test_164_a_filled_order_cannot_be_cancelled", _whatever_is_final),
    Mutant(
        "unknown_account_cancels_all",
        "test_160_all_orders_are_cancelled",
        answer("cancel_all_orders", _of_any_account),
    ),
    Mutant("orders_of_any_account", "test_087_unknown_accounts_are_refused", answer(_LISTED, _of_any_account)),
    Mutant("exits_outlive_their_entry", "test_171_bracket_to_sell", _exits_outlive),
    Mutant("wait_takes_anything", "test_272_waiting_ends_in_time", after(_PLACE, _Lenient)),
    Mutant("preview_of_anything", "test_191_a_preview_places_nothing", answer("what_if_order", _previews_all())),
    Mutant("preview_that_pays", "test_191_a_preview_places_nothing", after("what_if_order", _paid_for_it)),
    Mutant(
        "preview_of_the_change_alone",
        "test_086_margin_is_positive_and_in_order",
        after("what_if_order", _without_what_is_held),
    ),
    Mutant(
        "maintenance_above_initial_margin",
        "test_086_margin_is_positive_and_in_order",
        after("what_if_order", _maintenance_doubled),
    ),
)
