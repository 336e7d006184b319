"""Mutants of a venue that trades currency and nothing else: what is wrong with their orders is caught all the same."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs

from brokerkit import Fill, Money, Order, Services, Session
from brokerkit.errors import DuplicateOrder
from brokerkit_mutants.mutant import Mutant, after, answer, both
from brokerkit_mutants.unusual import currency_venue

_PLACE = "put_fx_order_on_stack"
_FILLS = "test_213_fills_have_the_orders_sign"

Tell = Callable[[Any], None]


def _told_twice(tell: Tell, event: Any) -> None:
    tell(event)
    if isinstance(event, Fill):
        tell(event)


def _without_its_sign(tell: Tell, event: Any) -> None:
    tell(attrs.evolve(event, quantity=abs(event.quantity)) if isinstance(event, Fill) else event)


def _twice_is_fine(right: Callable[[Order], Any], order: Order) -> Any:
    try:
        return right(order)
    except DuplicateOrder:
        return right(attrs.evolve(order, order_ref=f"{order.order_ref}b"))


def _at_the_market(right: Callable[[Order], Any], order: Order) -> Any:
    if order.limit_price is None:
        return right(order)
    return right(Order.market(order.contract, order.quantity, tag=order.tag, order_ref=order.order_ref))


def _charged_in_secret() -> Mutant:
    fills: list[Fill] = []

    def emit(tell: Tell, event: Any) -> None:
        fills.extend([event] if isinstance(event, Fill) else [])
        tell(event)

    def less(balances: list[Money]) -> list[Money]:
        fee = 2 * len(fills)
        return [Money(each.currency, each.amount - Decimal(fee * (each.currency == "USD"))) for each in balances]

    def broken(session: Session, services: Services) -> Session:
        return both(currency_venue, after("get_fx_balances", less))(session, services)

    test = "test_081_cash_in_each_currency_changes_by_the_right_amount"
    return Mutant("currency_commission_charged_in_secret", test, broken, emit)


MUTANTS = (
    _charged_in_secret(),
    Mutant("currency_fill_told_twice", _FILLS, currency_venue, _told_twice),
    Mutant("currency_fill_told_without_its_sign", _FILLS, currency_venue, _without_its_sign),
    Mutant(
        "currency_order_placed_twice",
        "test_263_one_reference_is_one_order",
        both(currency_venue, answer(_PLACE, _twice_is_fine)),
    ),
    Mutant(
        "currency_limit_forgotten", "test_114_limit_buy_rests", both(currency_venue, answer(_PLACE, _at_the_market))
    ),
    Mutant(
        "currency_cancel_forgotten",
        "test_159_a_cancelled_order_is_gone",
        both(currency_venue, answer("cancel_order_on_stack", lambda right, order: order.current())),
    ),
    Mutant(
        "currency_change_forgotten",
        "test_144_new_buy_price_is_read_back",
        both(
            currency_venue,
            answer("modify_limit_price_given_control_object", lambda right, control, price: control),
        ),
    ),
    Mutant(
        "currency_orders_listed_backwards",
        "test_128_listed_orders_are_in_the_order_they_were_placed",
        both(currency_venue, after("get_list_of_broker_orders", lambda views: views[::-1])),
    ),
    Mutant(
        "currency_accounts_not_told_apart",
        "test_087_unknown_accounts_are_refused",
        both(currency_venue, answer("get_fx_balances", lambda right, account="": right(""))),
    ),
)
