"""Cancellation of orders: by request, and because another order ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.errors import OrderCannotBeCancelled
from brokerkit.plugins.sim.gateway.codec.requests.orders import CancelOrder
from brokerkit.plugins.sim.gateway.codes import READ_ONLY, Code
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.messages import status_message
from brokerkit.plugins.sim.gateway.refused import RefusedError

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.orders.entry import OrderEntry
    from brokerkit.plugins.sim.gateway.session import Session


class Cancels:
    """Cancels orders wherever they are: drafts, held by the gateway, or at the exchange."""

    def __init__(self, entry: OrderEntry) -> None:
        self._held = entry.held
        self._gateway = entry.gateway
        self._registry = entry.registry
        self._reports = entry.reports
        entry.reports.ended.append(self.cancel_dependents)

    def cancel(self, session: Session, request: CancelOrder) -> None:
        """Cancel the client's order with that id, or else another client's."""
        order_id = request.order_id
        order = self._registry.of_client(session.client_id, order_id) or self._registry.of_any_client(order_id)
        about = f"OrderId {order_id} that needs to be cancelled"
        if self._gateway.settings.read_only:
            raise RefusedError(Code.ERROR_VALIDATING, READ_ONLY)
        if order is None:
            raise RefusedError(Code.CANCEL_UNKNOWN, f"{about} is not found.")
        if order.done or order.status is Status.PENDING_CANCEL:
            raise RefusedError(Code.CANCEL_REFUSED, f"{about} cannot be cancelled, state: {order.status.value}.")
        if not self._gateway.faults.answers_cancel(session, order):
            order.answers_as = session.client_id
            self.cancel_order(order)
            if order.client_id != session.client_id:
                session.send(status_message(order))

    def cancel_order(self, order: GatewayOrder, reason: str = "") -> None:
        """Cancel an order: a draft, one held here (the client gets the reason), or one at the exchange."""
        if order in self._held or not order.ref:
            self._held.discard(order)
            self._cancel_here(order, reason)
            return
        try:
            self._gateway.exchange.cancel(order.ref)
        except OrderCannotBeCancelled:
            text = f"Cancel attempted when order is not in a cancellable state.  Order permId ={order.perm_id}"
            self._reports.warn(order, Code.NOT_CANCELLABLE, text)

    def _cancel_here(self, order: GatewayOrder, reason: str) -> None:
        silent = not order.transmitted
        order.status, order.completed, order.transmitted = Status.CANCELLED, self._gateway.now, True
        order.why_held = ""
        if not silent:
            self._reports.send(order, status_message(order))
        self._reports.warn(order, Code.CANCELLED, f"Order Canceled - reason:{reason}")
        self.cancel_dependents(order)

    def cancel_all(self) -> None:
        """Cancel every open order, whoever placed it."""
        for order in self._registry.open_orders():
            if not order.done and order.status is not Status.PENDING_CANCEL:
                self.cancel_order(order)

    def cancel_dependents(self, order: GatewayOrder) -> None:
        """Cancel orders known only to the gateway: children of an unfilled order, or the OCA group of a filled one."""
        if order.status is Status.FILLED:
            for other in self._held.in_group_of(order):
                self.cancel_order(other, "another order of its OCA group filled")
            return
        for child in order.children:
            if not child.done and (child in self._held or not child.ref):
                self.cancel_order(child)
