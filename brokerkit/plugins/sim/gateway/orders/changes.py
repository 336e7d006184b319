"""Changes of working orders: in place where the exchange can, else by taking the order's place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.errors import InvalidOrder, OffTickPrice, OrderCannotBeCancelled, OrderCannotBeModified, OrderRejected
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder
from brokerkit.plugins.sim.gateway.codes import MISMATCH, OFF_TICK, Code
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.translate import (
    RefusedError,
    order_type,
    prices,
    quantities,
    same_instruction,
)
from brokerkit.spec.orders import OrderChange

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.orders.entry import OrderEntry


class OrderChanges:
    """Carries out what a client wants changed on an order that works already."""

    def __init__(self, entry: OrderEntry) -> None:
        self._entry = entry

    def change(self, order: GatewayOrder, request: PlaceOrder) -> None:
        """Change a working order: in place where the exchange can, else by taking its place."""
        if order.status is Status.FILLED:
            raise RefusedError(Code.FILLED_ORDER, "Cannot modify a filled order.")
        if order.done:
            raise RefusedError(Code.DUPLICATE_ORDER_ID, "Duplicate order id")
        if order.status is Status.PENDING_CANCEL:
            raise RefusedError(Code.CANCEL_REFUSED, "Cannot modify an order that is being cancelled.")
        newer = self._entry.understood(order.client_id, request)
        if newer.terms.action != order.terms.action or [leg.listed for leg in newer.legs] != [
            leg.listed for leg in order.legs
        ]:
            raise RefusedError(Code.MODIFY_MISMATCH, MISMATCH)
        self._entry.checked(newer)
        before = order.terms
        after = newer.terms.but(perm_id=order.perm_id, oca_group=newer.terms.oca_group or before.oca_group)
        if order in self._entry.held or not order.ref:
            order.terms, order.prepared = after, None
            self._entry.reports.announce(order)
        elif same_instruction(before, after):
            self._change_in_place(order, after)
        else:
            self._take_its_place(order, after)

    def _change_in_place(self, order: GatewayOrder, after: OrderTerms) -> None:
        before, order.terms = order.terms, after
        order.changed_untold = True
        found = prices(after, order_type(after), flipped=len(order.legs) > 1 and order.legs[0].ratio < 0)
        change = OrderChange(found.get("limit_price"), found.get("stop_price"), quantities(after, order.legs))
        try:
            self._entry.gateway.exchange.modify(order.ref, change)
        except OffTickPrice as error:
            order.terms, order.changed_untold = before, False
            raise RefusedError(Code.OFF_TICK, OFF_TICK) from error
        except (OrderCannotBeModified, OrderRejected, InvalidOrder) as error:
            order.terms, order.changed_untold = before, False
            raise RefusedError(Code.MODIFY_MISMATCH, f"{MISMATCH} - {error.fact}") from error

    def _take_its_place(self, order: GatewayOrder, after: OrderTerms) -> None:
        """Cancel an order at the exchange unseen and place its changed self under the same ids."""
        order.replacing = True
        try:
            live = self._entry.gateway.exchange.cancel(order.ref)
        except OrderCannotBeCancelled as error:
            raise RefusedError(Code.MODIFY_MISMATCH, f"{MISMATCH} - {error.fact}") from error
        finally:
            order.replacing = False
        if not live.is_final or order.done:
            raise RefusedError(Code.MODIFY_MISMATCH, MISMATCH)
        old = order.ref
        order.terms = after.but(total_quantity=order.remaining)
        wanted = self._entry.as_exchange_order(order, f"{old}m")
        order.terms = after
        self._entry.registry.bind(order, wanted.order_ref)
        order.status = Status.API_PENDING
        self._entry.sent(order)
        with self._entry.refusals():
            self._entry.gateway.exchange.submit(wanted, client_id=order.client_id)
