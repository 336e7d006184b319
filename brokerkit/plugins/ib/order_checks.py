"""Checks that every order must pass before it is sent."""

from __future__ import annotations

from brokerkit.errors import InvalidOrder, InvalidQuantity
from brokerkit.plugins.ib.order_terms import OrderTerms
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order


def check_size(order: Order, limit: int) -> None:
    """Raise if a leg of an order or of its children exceeds the largest number of lots.

    Args:
        order: The order; the limit does not apply to currency pairs.
        limit: The setting `max_order_quantity`; 0 for no limit.

    Raises:
        InvalidQuantity: A leg has more.
    """
    if limit and max(map(abs, order.quantity)) > limit and isinstance(order.contract, FuturesContract):
        raise InvalidQuantity(
            f"{order.quantity} is more than max_order_quantity = {limit} lots.", place=order.order_ref
        )
    for child in order.children:
        check_size(child, limit)


def check_texts(order: Order, terms: OrderTerms) -> None:
    """Raise unless IB can read every text field of an order, and a child has its parent's account.

    IB ends each field of a message with a control character, so that one inside a field would shift all later fields.
    A Gateway on Windows reads any but ASCII characters as others, and an order would not be known by its reference.

    Raises:
        InvalidOrder: A field contains such a character, the reference is empty, or a child names another account.
    """
    if not order.order_ref:
        raise InvalidOrder(
            "The order has an empty order_ref, so it cannot be identified.", remedy="Omit it, and one is generated."
        )
    if order.account not in ("", terms.fields["account"]):
        raise InvalidOrder(
            f"A child order names account {order.account!r}, but its parent's is {terms.fields['account']!r}.",
            place=order.order_ref,
        )
    texts = [*terms.fields.items(), *(pair for pair in (*terms.algo_parameters, *terms.routing))]
    for name, value in texts:
        if isinstance(value, str) and not ((name + value).isprintable() and (name + value).isascii()):
            raise InvalidOrder(
                f"{name} = {value!r} contains a character that IB does not take.",
                place=repr(order.order_ref),
                remedy="Use printable ASCII characters only.",
            )
