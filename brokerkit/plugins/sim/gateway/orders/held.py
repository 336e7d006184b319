"""Orders that the gateway itself keeps back, and those that it ends: by a condition, a time, their parent, its link."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from brokerkit.errors import ConnectionProblem
from brokerkit.plugins.sim.exchange.sessions import EVERY_DAY
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.gateway.orders.conditions import Conditions
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.translate import told_time

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.orders.entry import OrderEntry

RAN_OUT = "it is valid no longer"


class HeldOrders:
    """Orders kept back until they may go, and orders that work until a condition ends them."""

    def __init__(self, gateway: Gateway, entry: OrderEntry) -> None:
        self.gateway = gateway
        self._entry = entry
        self._conditions = Conditions(gateway)
        self._held: dict[GatewayOrder, int | None] = {}
        self._watched: dict[GatewayOrder, None] = {}

    def __contains__(self, order: object) -> bool:
        """Tell whether an order is kept back."""
        return order in self._held

    def add(self, order: GatewayOrder) -> None:
        """Keep an order back, until it may go or runs out."""
        self._held[order] = self._end_of(order)

    def discard(self, order: GatewayOrder) -> None:
        """Keep an order back no longer; it is not sent either."""
        self._held.pop(order, None)

    def in_group_of(self, order: GatewayOrder) -> list[GatewayOrder]:
        """Return the orders kept back that are in one group with another order."""
        group = (order.terms.account, order.terms.oca_group)
        return [one for one in self._held if group[1] and (one.terms.account, one.terms.oca_group) == group]

    def watch(self, order: GatewayOrder) -> None:
        """Cancel a working order once its conditions hold, if that is what they are for."""
        if order.terms.conditions and order.terms.conditions_cancel_order:
            self._watched[order] = None
        else:
            self._watched.pop(order, None)

    def must_wait(self, order: GatewayOrder) -> bool:
        """Tell whether an order has conditions or a starting time that do not hold yet."""
        return not self._may_go(order)

    def check_terms(self, order: GatewayOrder) -> None:
        """Refuse conditions that could never hold."""
        self._conditions.check(order.terms)

    def check(self) -> None:
        """Let go what may go now, and end what is over."""
        for order in list(self._held):
            if order in self._held:  # it has not ended with another, just now
                self._check_held(order)
        for order in list(self._watched):
            if order.done:
                del self._watched[order]
            elif order.status is not Status.PENDING_CANCEL and self._conditions.hold(order.terms):
                with suppress(ConnectionProblem):  # while the exchange cannot be reached: it is tried again
                    self._entry.cancels.cancel_order(order)

    def _check_held(self, order: GatewayOrder) -> None:
        parent, end = order.parent, self._held[order]
        if parent is not None and parent.done and parent.status is not Status.FILLED:
            self._entry.cancels.cancel_order(order)
        elif end is not None and end <= self.gateway.exchange.now_ns:
            self._entry.cancels.cancel_order(order, RAN_OUT)
        elif self._may_go(order) and self.gateway.is_linked:
            del self._held[order]
            order.why_held = ""
            order.status = Status.API_PENDING
            self._entry.transmission.submit_or_reject(order)

    def _may_go(self, order: GatewayOrder) -> bool:
        terms, parent = order.terms, order.parent
        if parent is not None and parent.transmitted and parent.status is not Status.FILLED:
            return False
        if terms.good_after_time and self.gateway.now < told_time(terms.good_after_time, self.gateway.settings.zone):
            return False
        return terms.conditions_cancel_order or self._conditions.hold(terms)

    def _end_of(self, order: GatewayOrder) -> int | None:
        """Return when a kept order runs out, nanoseconds UTC; None for one that does not, or that its parent ends."""
        terms, zone = order.terms, self.gateway.settings.zone
        if terms.good_till_date:
            return nanoseconds(told_time(terms.good_till_date, zone))
        if terms.tif != "DAY" or order.parent is not None:
            return None
        start = self.gateway.exchange.now_ns
        if terms.good_after_time:
            start = max(start, nanoseconds(told_time(terms.good_after_time, zone)))
        session = (order.legs[0].listed.terms.sessions or EVERY_DAY).current_or_next(start)
        return None if session is None else session[1]
