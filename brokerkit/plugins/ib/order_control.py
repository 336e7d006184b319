"""A live handle on an order placed at IB."""

from __future__ import annotations

import time

import attrs

from brokerkit.errors import BrokerClosed, MissingOrder, RequestTimedOut
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.spec.broker_order import BrokerOrder
from brokerkit.spec.timeout import seconds_of

_LISTENER_TIMEOUT = 5.0
"""Seconds to wait for a slow listener, within the caller's timeout."""


@attrs.frozen(eq=False, repr=False)
class IBOrderControl:
    """A handle on one order until it is final, across connections.

    Attributes:
        order_ref: The order reference.
        children: Handles on its children.
    """

    order_ref: str
    _book: OrderBook
    children: tuple[IBOrderControl, ...] = ()

    @property
    def order(self) -> BrokerOrder:
        """The current view, under the name that pysystemtrade's orderWithControls uses."""
        return self.current()

    def __repr__(self) -> str:
        """Return the order's state and instruction, or the reference of one that is no longer tracked."""
        view = self._book.view(self.order_ref)
        return f"<IBOrderControl {f'{view.state.value} {view.order}' if view else self.order_ref}>"

    def current(self) -> BrokerOrder:
        """Return the current view of the order, without a request to IB."""
        view = self._book.view(self.order_ref)
        if view is None:
            raise MissingOrder(f"Order {self.order_ref!r} is no longer tracked.", given=self.order_ref)
        return view

    def wait(self, timeout: float = 60.0) -> BrokerOrder:
        """Wait until the order is final and listeners have received that event, and return its view.

        Raises:
            RequestTimedOut: It was not final in time; the order is unchanged.
            WrongArgumentType: The timeout is not an int or float.
            InvalidArgument: The timeout is negative, NaN, or longer than a hundred years.
            BrokerClosed: The broker was closed, so that no more is received about the order; it remains at IB.
        """
        seconds = seconds_of(timeout)
        end = time.monotonic() + seconds
        if not self._book.wait(lambda: self.current().state.is_final, seconds):
            if self._book.is_closed:
                raise BrokerClosed(
                    f"The broker was closed while order {self.order_ref} was {self.current().state.value}.",
                    remedy="The order remains at IB: open the broker again and look it up by its reference.",
                )
            raise RequestTimedOut(
                f"Order {self.order_ref} is {self.current().state.value} after {seconds:g} s.",
                remedy="It is unchanged: wait longer, change it, or cancel it.",
            )
        self._book.hear_out(min(_LISTENER_TIMEOUT, max(0.0, end - time.monotonic())))
        return self.current()


def control_of(book: OrderBook, order_ref: str) -> IBOrderControl:
    """Return a handle on a tracked order, with handles on its children."""
    view = book.view(order_ref)
    children = view.order.children if view is not None else ()
    return IBOrderControl(order_ref, book, tuple(control_of(book, child.order_ref) for child in children))
