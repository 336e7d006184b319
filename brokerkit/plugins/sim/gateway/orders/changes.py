"""Modification of working orders: in place if the exchange can do it, else by replacing the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import (
    BrokerkitError,
    InvalidOrder,
    OffTickPrice,
    OrderCannotBeCancelled,
    OrderCannotBeModified,
    OrderRejected,
)
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder
from brokerkit.plugins.sim.gateway.codes import GROUP_REVISION, MISMATCH, OFF_TICK, Code
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.refusals import refusals
from brokerkit.plugins.sim.gateway.orders.translate import (
    order_type,
    prices,
    quantities,
    same_instruction,
)
from brokerkit.plugins.sim.gateway.refused import RefusedError
from brokerkit.spec.orders import OrderChange

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.orders.entry import OrderEntry


class OrderChanges:
    """Modifies working orders."""

    def __init__(self, entry: OrderEntry) -> None:
        self._entry = entry

    def change(self, order: GatewayOrder, request: PlaceOrder) -> None:
        """Modify a working order: in place if the exchange can do it, else by replacing it."""
        if order.status is Status.FILLED:
            raise RefusedError(Code.FILLED_ORDER, "Cannot modify a filled order.")
        if order.done:
            raise RefusedError(Code.DUPLICATE_ORDER_ID, "Duplicate order id")
        if order.status is Status.PENDING_CANCEL:
            raise RefusedError(Code.CANCEL_REFUSED, "Cannot modify an order that is being cancelled.")
        parent = self._entry.reader.parent_of(order.client_id, request)  # refuses one that is done
        newer = self._entry.reader.parse(order.client_id, request)
        if _fixed_terms(newer) != _fixed_terms(order) or parent not in (None, order.parent):
            raise RefusedError(Code.MODIFY_MISMATCH, MISMATCH)
        before, group = order.terms, order.terms.oca_group
        if newer.terms.oca_group not in ("", group):
            raise RefusedError(Code.GROUP_REVISION, GROUP_REVISION)
        self._entry.checked(newer)
        if not request.order.transmit:
            return  # TWS silently holds it back until it is sent again with transmit set
        after = newer.terms.but(perm_id=order.perm_id, oca_group=group, parent_id=_parent_id(order))
        if order in self._entry.held or not order.ref:
            order.terms, order.prepared = after, None
            if order in self._entry.held:
                self._entry.held.add(order)  # its expiry may have changed
            self._entry.reports.announce(order)
        elif same_instruction(before, after):
            self._change_in_place(order, after)
            self._entry.held.watch(order)
        else:
            self._replace(order, after)

    def _change_in_place(self, order: GatewayOrder, after: OrderTerms) -> None:
        before, order.terms = order.terms, after
        order.has_unreported_change = True
        found = prices(after, order_type(after), flipped=len(order.legs) > 1 and order.legs[0].ratio < 0)
        change = OrderChange(found.get("limit_price"), found.get("stop_price"), quantities(after, order.legs))
        try:
            self._entry.gateway.exchange.modify(order.ref, change)
        except BrokerkitError as error:
            order.terms, order.has_unreported_change = before, False
            if isinstance(error, OffTickPrice):
                raise RefusedError(Code.OFF_TICK, OFF_TICK) from error
            if isinstance(error, (OrderCannotBeModified, OrderRejected, InvalidOrder)):
                raise RefusedError(Code.MODIFY_MISMATCH, f"{MISMATCH} - {error.fact}") from error
            raise

    def _replace(self, order: GatewayOrder, after: OrderTerms) -> None:
        """Withdraw an order from the exchange without reports, and place the modified order under the same ids.

        Orders that the exchange links to it are replaced too: an entry and its exits, or the exits of a filled entry.
        Modifying one must neither cancel the others nor unlink them.
        """
        linked = self._linked(order)
        has_ended = order not in linked  # at the exchange, which has not reported it yet
        partially_filled = len(linked) > 1 and any(one.filled for one in linked)
        if has_ended or partially_filled or after.total_quantity <= order.filled:
            raise RefusedError(Code.MODIFY_MISMATCH, MISMATCH)
        self._check(order, after)
        self._withdraw(linked)
        order.terms, order.status = after, Status.API_PENDING
        for one in linked:
            if one.parent not in linked:
                self._entry.transmission.submit_or_reject(one)

    def resubmit(self, order: GatewayOrder) -> None:
        """Withdraw an order and those linked to it without reports, and place it again with its current children."""
        self._withdraw(self._linked(order))
        self._entry.transmission.submit_or_reject(order)

    def _linked(self, order: GatewayOrder) -> list[GatewayOrder]:
        """Return the working orders that the exchange links to one, including itself, the entry first."""
        live = self._entry.gateway.exchange.order(order.ref)
        entry = live.parent or live
        found = [self._entry.registry.of_ref(one.order_ref) for one in (entry, *entry.children) if not one.is_final]
        return [one for one in found if one is not None]

    def _check(self, order: GatewayOrder, after: OrderTerms) -> None:
        """Refuse terms that the exchange would not accept, while the order still works unchanged."""
        wanted = self._entry.reader.as_exchange_order(attrs.evolve(order, terms=after), order.next_ref)
        with refusals():
            self._entry.gateway.exchange.what_if(wanted)

    def _withdraw(self, linked: list[GatewayOrder]) -> None:
        exchange = self._entry.gateway.exchange
        for one in linked:
            one.replacing = True
        try:
            for one in linked:
                if not exchange.order(one.ref).is_final:  # an entry's exits are cancelled with it
                    exchange.cancel(one.ref)
        except OrderCannotBeCancelled as error:
            raise RefusedError(Code.MODIFY_MISMATCH, f"{MISMATCH} - {error.fact}") from error
        finally:
            for one in linked:
                one.replacing = False
        if not all(exchange.order(one.ref).is_final for one in linked) or any(one.done for one in linked):
            raise RefusedError(Code.MODIFY_MISMATCH, MISMATCH)


def _parent_id(order: GatewayOrder) -> int:
    """Return the order id of the entry that an order is attached to; 0 once the entry is done."""
    return 0 if order.parent is None or order.parent.done else order.parent.order_id


def _fixed_terms(order: GatewayOrder) -> tuple[object, ...]:
    """Return the terms that no modification may change: action, account and legs."""
    return order.terms.action, order.terms.account, [(leg.listed, leg.ratio) for leg in order.legs]
