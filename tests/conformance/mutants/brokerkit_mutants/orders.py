"""Mutants that mishandle orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timezone
from decimal import Decimal
from typing import Any

import attrs

from brokerkit import BrokerIds, BrokerOrder, OrderState, TimeInForce
from brokerkit.errors import (
    DuplicateOrder,
    InvalidQuantity,
    MissingOrder,
    OffTickPrice,
    OrderCannotBeCancelled,
    OrderCannotBeModified,
    RequestTimedOut,
)
from brokerkit_mutants.mutant import Mutant, after, answer, control

_PLACE = "put_order_on_stack"
_CANCEL = "cancel_order_on_stack"
_LISTED = "get_list_of_broker_orders"
_FILLS = "get_list_of_fills"
_FIND = "match_db_broker_order_to_order_from_brokers"
_PRICE = "modify_limit_price_given_control_object"
_CHANGE = "modify_order_given_control_object"
_STORED = "get_list_of_orders_from_storage"

Right = Callable[..., Any]


def _lies(right: Right, order: Any) -> Any:
    """Say that an order is being cancelled, and do nothing."""
    return order if isinstance(order, BrokerOrder) else order.current()


def _says_yes(error: type[Exception]) -> Right:
    """Return an answer that hides a refusal, and gives back what it was given."""

    def wrong(right: Right, *arguments: Any) -> Any:
        try:
            return right(*arguments)
        except error:
            return arguments[0]

    return wrong


def _twice_is_fine() -> Right:
    placed: dict[str, Any] = {}

    def wrong(right: Right, order: Any) -> Any:
        try:
            placed[order.order_ref] = right(order)
        except DuplicateOrder:
            return right(attrs.evolve(order, order_ref=f"{order.order_ref}b"))
        return placed[order.order_ref]

    return wrong


def _rounds(right: Right, order: Any) -> Any:
    try:
        return right(order)
    except OffTickPrice:
        return right(attrs.evolve(order, limit_price=order.limit_price.quantize(Decimal(1))))


def _sends_again(right: Right, order: Any) -> Any:
    """Send every order twice, the second time under a reference of the plugin's own."""
    right(attrs.evolve(order, order_ref=f"{order.order_ref}b"))
    return right(order)


def _sends_again_when_unknown(right: Right, order: Any) -> Any:
    """Send an order that nobody answered once more, under a reference that nobody knows."""
    handle = right(order)
    if handle.current().state in {OrderState.PENDING, OrderState.UNKNOWN}:
        right(attrs.evolve(order, tag="", order_ref=f"{order.order_ref}b"))
    return handle


def _doubles(right: Right, order: Any) -> Any:
    return right(attrs.evolve(order, quantity=tuple(2 * each for each in order.quantity)))


def _clears(right: Right, order: Any) -> Any:
    order.broker_parameters.clear()
    return right(order)


def _forgets_tag(right: Right, order: Any) -> Any:
    return right(attrs.evolve(order, tag=""))


def _none_for_missing(right: Right, order: Any) -> Any:
    try:
        return right(order)
    except MissingOrder:
        return None


def _leaves_one(right: Right, account: str) -> Any:
    return []


def _naive_since(right: Right, since: Any) -> Any:
    return right(since.replace(tzinfo=timezone.utc) if since is not None and since.tzinfo is None else since)


def _final_too_soon(view: BrokerOrder) -> BrokerOrder:
    return attrs.evolve(view, state=OrderState.FILLED) if view.state is OrderState.WORKING else view


def _each_fill(**fields: Callable[[Any], Any]) -> Callable[[BrokerOrder], BrokerOrder]:
    def spoil(view: BrokerOrder) -> BrokerOrder:
        spoilt = [attrs.evolve(fill, **{name: by(fill) for name, by in fields.items()}) for fill in view.fills]
        return attrs.evolve(view, fills=tuple(spoilt))

    return spoil


def _as_gtc(view: BrokerOrder) -> BrokerOrder:
    return attrs.evolve(view, order=attrs.evolve(view.order, time_in_force=TimeInForce.GTC))


def _no_ids(view: BrokerOrder) -> BrokerOrder:
    return attrs.evolve(view, ids=BrokerIds())


def _waits_for_ever(handle: Any) -> Any:
    handle_wait = handle.wait

    class Patient:
        def __getattr__(self, name: str) -> Any:
            return getattr(handle, name)

        def wait(self, timeout: float = 60.0) -> Any:
            """Return the newest view, whatever it is, when time is over."""
            try:
                return handle_wait(timeout)
            except RequestTimedOut:
                return handle.current()

    return Patient()


def _places_it(session: Any, services: Any) -> Any:
    place = next(domain for domain in session.domains if hasattr(domain, _PLACE)).put_order_on_stack

    def wrong(right: Right, order: Any) -> Any:
        preview = right(order)
        place(order)
        return preview

    return answer("what_if_order", wrong)(session, services)


MUTANTS = (
    Mutant("cancel_that_lies", "test_159_a_cancelled_order_is_gone", answer(_CANCEL, _lies)),
    Mutant(
        "second_cancel_succeeds",
        "test_163_a_second_cancel_is_refused",
        answer(_CANCEL, _says_yes(OrderCannotBeCancelled)),
    ),
    Mutant(
        "unknown_order_cancelled",
        "test_164_a_filled_order_cannot_be_cancelled",
        answer(_CANCEL, _says_yes(MissingOrder)),
    ),
    Mutant("always_cancelled", "test_159_a_cancelled_order_is_gone", after("check_order_is_cancelled", lambda _: True)),
    Mutant("cancel_all_does_nothing", "test_160_all_orders_are_cancelled", answer("cancel_all_orders", _leaves_one)),
    Mutant(
        "order_sent_again_under_a_new_reference", "test_263_one_reference_is_one_order", answer(_PLACE, _sends_again)
    ),
    Mutant(
        "unknown_order_sent_again",
        "test_264_trying_again_never_doubles_an_order",
        answer(_PLACE, _sends_again_when_unknown),
    ),
    Mutant("one_reference_two_orders", "test_263_one_reference_is_one_order", answer(_PLACE, _twice_is_fine())),
    Mutant(
        "off_tick_price_rounded", "test_125_off_tick_prices_are_refused_with_their_neighbours", answer(_PLACE, _rounds)
    ),
    Mutant("quantity_doubled", "test_104_market_buy_fills", answer(_PLACE, _doubles)),
    Mutant("argument_changed", "test_011_broker_parameters_pass_through", answer(_PLACE, _clears)),
    Mutant("tag_lost", "test_189_reference_and_tag_come_back", answer(_PLACE, _forgets_tag)),
    Mutant("time_in_force_changed", "test_129_time_in_force_is_never_changed_in_silence", after(_FIND, _as_gtc)),
    Mutant("preview_that_trades", "test_191_a_preview_places_nothing", _places_it),
    Mutant("order_listed_twice", "test_127_order_reads_back_as_it_was_placed", after(_LISTED, lambda views: views * 2)),
    Mutant(
        "orders_listed_backwards",
        "test_128_listed_orders_are_in_the_order_they_were_placed",
        after(_LISTED, lambda views: views[::-1]),
    ),
    Mutant(
        "none_for_missing_order",
        "test_254_an_order_that_the_broker_does_not_have_is_named",
        answer(_FIND, _none_for_missing),
    ),
    Mutant(
        "change_that_is_not_sent",
        "test_144_new_buy_price_is_read_back",
        answer(_PRICE, lambda right, handle, price: handle),
    ),
    Mutant(
        "filled_order_changed",
        "test_153_a_final_order_cannot_be_changed",
        answer(_PRICE, _says_yes(OrderCannotBeModified)),
    ),
    Mutant("wrong_side_taken", "test_155_wrong_changes_are_refused", answer(_CHANGE, _says_yes(InvalidQuantity))),
    Mutant(
        "storage_forgets",
        "test_269_stored_orders_come_back_equal",
        after(_STORED, lambda views: [attrs.evolve(view, fills=()) for view in views]),
    ),
    Mutant(
        "storage_backwards",
        "test_269_storage_lists_orders_as_they_were_placed",
        after(_STORED, lambda views: views[::-1]),
    ),
    Mutant("fills_listed_twice", "test_221_listed_fills_agree_with_the_order", after(_FILLS, lambda fills: fills * 2)),
    Mutant(
        "naive_fill_time",
        "test_221_listed_fills_agree_with_the_order",
        after(_FILLS, lambda fills: [attrs.evolve(fill, time=fill.time.replace(tzinfo=None)) for fill in fills]),
    ),
    Mutant("naive_since_taken", "test_221_a_time_without_a_zone_is_refused", answer(_FILLS, _naive_since)),
    Mutant("resting_order_called_filled", "test_114_limit_buy_rests", control(spoil=_final_too_soon)),
    Mutant(
        "fill_with_the_wrong_sign",
        "test_213_fills_have_the_orders_sign",
        control(spoil=_each_fill(quantity=lambda fill: abs(fill.quantity))),
    ),
    Mutant(
        "float_fill_price",
        "test_213_fills_have_the_orders_sign",
        control(spoil=_each_fill(price=lambda fill: float(fill.price))),
    ),
    Mutant("order_without_an_id", "test_113_every_order_has_a_broker_id_of_its_own", control(spoil=_no_ids)),
    Mutant("wait_that_gives_up_in_silence", "test_272_waiting_ends_in_time", after(_PLACE, _waits_for_ever)),
)
