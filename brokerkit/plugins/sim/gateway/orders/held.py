"""Orders that the gateway holds back or cancels itself: because of conditions, times, a parent, or its link."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from brokerkit.errors import ConnectionProblem
from brokerkit.plugins.sim.exchange.sessions import EVERY_DAY
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.gateway.orders.conditions import Conditions
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.translate import parse_order_time

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.orders.entry import OrderEntry

EXPIRED_TEXT = "it has expired"


class HeldOrders:
    """Orders held back until they can be sent, and working orders that a condition will cancel."""

    def __init__(self, gateway: Gateway, entry: OrderEntry) -> None:
        self.gateway = gateway
        self._entry = entry
        self._conditions = Conditions(gateway)
        self._held: dict[GatewayOrder, int | None] = {}
        self._watched: dict[GatewayOrder, None] = {}

    def __contains__(self, order: object) -> bool:
        """Return whether an order is held back."""
        return order in self._held

    def add(self, order: GatewayOrder) -> None:
        """Hold an order back until it can be sent or expires."""
        self._held[order] = self._expiry_of(order)

    def discard(self, order: GatewayOrder) -> None:
        """Stop holding an order, without sending it."""
        self._held.pop(order, None)

    def in_group_of(self, order: GatewayOrder) -> list[GatewayOrder]:
        """Return the held orders in the same OCA group as another order."""
        group = (order.terms.account, order.terms.oca_group)
        return [one for one in self._held if group[1] and (one.terms.account, one.terms.oca_group) == group]

    def watch(self, order: GatewayOrder) -> None:
        """Cancel a working order once its conditions hold, if they are conditions to cancel."""
        if order.terms.conditions and order.terms.conditions_cancel_order:
            self._watched[order] = None
        else:
            self._watched.pop(order, None)

    def must_wait(self, order: GatewayOrder) -> bool:
        """Return whether an order must be held, for its conditions, goodAfterTime or parent."""
        return not self._can_send(order)

    def check_terms(self, order: GatewayOrder) -> None:
        """Refuse conditions that can never hold."""
        self._conditions.check(order.terms)

    def check(self) -> None:
        """Send held orders that are due, and cancel those that have expired."""
        for order in list(self._held):
            if order in self._held:  # not cancelled together with an earlier one
                self._check_held(order)
        for order in list(self._watched):
            if order.done:
                del self._watched[order]
            elif order.status is not Status.PENDING_CANCEL and self._conditions.hold(order.terms):
                with suppress(ConnectionProblem):  # the exchange cannot be reached: tried again later
                    self._entry.cancels.cancel_order(order)

    def _check_held(self, order: GatewayOrder) -> None:
        parent, end = order.parent, self._held[order]
        if parent is not None and parent.done and parent.status is not Status.FILLED:
            self._entry.cancels.cancel_order(order)
        elif end is not None and end <= self.gateway.exchange.now_ns:
            self._entry.cancels.cancel_order(order, EXPIRED_TEXT)
        elif self._can_send(order) and self.gateway.is_linked:
            del self._held[order]
            order.why_held = ""
            order.status = Status.API_PENDING
            self._entry.transmission.submit_or_reject(order)

    def _can_send(self, order: GatewayOrder) -> bool:
        terms, parent = order.terms, order.parent
        if parent is not None and parent.transmitted and parent.status is not Status.FILLED:
            return False
        if terms.good_after_time and self.gateway.now < parse_order_time(
            terms.good_after_time, self.gateway.settings.zone
        ):
            return False
        return terms.conditions_cancel_order or self._conditions.hold(terms)

    def _expiry_of(self, order: GatewayOrder) -> int | None:
        """Return when a held order expires, in nanoseconds UTC; None if never, or if it ends with its parent."""
        terms, zone = order.terms, self.gateway.settings.zone
        if terms.good_till_date:
            return nanoseconds(parse_order_time(terms.good_till_date, zone))
        if terms.tif != "DAY" or order.parent is not None:
            return None
        start = self.gateway.exchange.now_ns
        if terms.good_after_time:
            start = max(start, nanoseconds(parse_order_time(terms.good_after_time, zone)))
        session = (order.legs[0].listed.terms.sessions or EVERY_DAY).current_or_next(start)
        return None if session is None else session[1]
