"""What an order must keep to before it is put on the wire, whatever it is for."""

from __future__ import annotations

from brokerkit.errors import InvalidOrder, InvalidQuantity
from brokerkit.plugins.ib.order_terms import OrderTerms
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order


def check_size(order: Order, limit: int) -> None:
    """Do nothing for an order, its children included, of at most so many lots a leg.

    Args:
        order: The order; one for a currency pair counts no lots.
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


def check_words(order: Order, terms: OrderTerms) -> None:
    """Do nothing for an order whose words IB reads as they are meant, and whose account is its family's.

    IB ends each field of a message with a control character: one inside a field shifts all behind it.

    Raises:
        InvalidOrder: A word holds a control character, the reference is empty, or a child names another account.
    """
    if not order.order_ref:
        raise InvalidOrder(
            "The order has an empty order_ref, so nothing tells it from others.", remedy="Leave it out: one is made."
        )
    if order.account not in ("", terms.fields["account"]):
        raise InvalidOrder(
            f"A child order names account {order.account!r}, and its parent trades for {terms.fields['account']!r}.",
            place=order.order_ref,
        )
    words = [*terms.fields.items(), *(pair for pair in (*terms.algo_parameters, *terms.routing))]
    for name, value in words:
        if isinstance(value, str) and not (name + value).isprintable():
            raise InvalidOrder(
                f"{name} = {value!r} holds a character that cannot be printed.", place=repr(order.order_ref)
            )
