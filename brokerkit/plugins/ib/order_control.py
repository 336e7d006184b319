"""A live handle on an order that was placed at IB."""

from __future__ import annotations

import time

import attrs

from brokerkit.errors import BrokerClosed, MissingOrder, RequestTimedOut
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.spec.broker_order import BrokerOrder
from brokerkit.spec.timeout import seconds_of

_PATIENCE = 5.0
"""Seconds that a slow listener is waited for, of those that the caller has left."""


@attrs.frozen(eq=False)
class IBOrderControl:
    """Follows one order through its whole life, across connections.

    Attributes:
        order_ref: Our identity for the order.
        children: Handles on its children.
    """

    order_ref: str
    _book: OrderBook
    children: tuple[IBOrderControl, ...] = ()

    @property
    def order(self) -> BrokerOrder:
        """The newest view, under the name that pysystemtrade's orderWithControls has for it."""
        return self.current()

    def current(self) -> BrokerOrder:
        """Return the newest view of the order, without asking IB again."""
        view = self._book.view(self.order_ref)
        if view is None:
            raise MissingOrder(f"Order {self.order_ref!r} is not followed any more.", given=self.order_ref)
        return view

    def wait(self, timeout: float = 60.0) -> BrokerOrder:
        """Return the view in which the order's state is final, once listeners have heard of it.

        Raises:
            RequestTimedOut: It was not final in time; the order goes on as it was.
            WrongArgumentType: The timeout is no int or float.
            InvalidArgument: It is negative, not a number, or longer than a hundred years.
            BrokerClosed: The broker is closed, so that nothing is heard of the order any more; it goes on at IB.
        """
        seconds = seconds_of(timeout)
        end = time.monotonic() + seconds
        if not self._book.wait(lambda: self.current().state.is_final, seconds):
            if self._book.is_closed:
                raise BrokerClosed(
                    f"The broker was closed while order {self.order_ref} was {self.current().state.value}.",
                    remedy="The order goes on at IB: open the broker again and look it up by its reference.",
                )
            raise RequestTimedOut(
                f"Order {self.order_ref} is {self.current().state.value} after {seconds:g} s.",
                remedy="It goes on as it was: wait longer, change it, or cancel it.",
            )
        self._book.hear_out(min(_PATIENCE, max(0.0, end - time.monotonic())))
        return self.current()


def control_of(book: OrderBook, order_ref: str) -> IBOrderControl:
    """Return a handle on an order that is followed, with handles on its children."""
    view = book.view(order_ref)
    children = view.order.children if view is not None else ()
    return IBOrderControl(order_ref, book, tuple(control_of(book, child.order_ref) for child in children))
