"""Changes of working orders: in place where the exchange can, else by taking the order's place."""

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
        parent = self._entry.reader.parent_of(order.client_id, request)  # one that is over is refused here
        newer = self._entry.reader.understood(order.client_id, request)
        if _what(newer) != _what(order) or parent not in (None, order.parent):
            raise RefusedError(Code.MODIFY_MISMATCH, MISMATCH)
        before, group = order.terms, order.terms.oca_group
        if newer.terms.oca_group not in ("", group):
            raise RefusedError(Code.GROUP_REVISION, GROUP_REVISION)
        self._entry.checked(newer)
        if not request.order.transmit:
            return  # a terminal keeps it back, in silence, until it is sent again to be transmitted
        after = newer.terms.but(perm_id=order.perm_id, oca_group=group, parent_id=_parent_id(order))
        if order in self._entry.held or not order.ref:
            order.terms, order.prepared = after, None
            if order in self._entry.held:
                self._entry.held.add(order)  # it may run out at another time now
            self._entry.reports.announce(order)
        elif same_instruction(before, after):
            self._change_in_place(order, after)
            self._entry.held.watch(order)
        else:
            self._take_its_place(order, after)

    def _change_in_place(self, order: GatewayOrder, after: OrderTerms) -> None:
        before, order.terms = order.terms, after
        order.changed_untold = True
        found = prices(after, order_type(after), flipped=len(order.legs) > 1 and order.legs[0].ratio < 0)
        change = OrderChange(found.get("limit_price"), found.get("stop_price"), quantities(after, order.legs))
        try:
            self._entry.gateway.exchange.modify(order.ref, change)
        except BrokerkitError as error:
            order.terms, order.changed_untold = before, False
            if isinstance(error, OffTickPrice):
                raise RefusedError(Code.OFF_TICK, OFF_TICK) from error
            if isinstance(error, (OrderCannotBeModified, OrderRejected, InvalidOrder)):
                raise RefusedError(Code.MODIFY_MISMATCH, f"{MISMATCH} - {error.fact}") from error
            raise

    def _take_its_place(self, order: GatewayOrder, after: OrderTerms) -> None:
        """Withdraw an order from the exchange, unseen, and place its changed self under the same ids.

        What the exchange ties to it goes and comes back with it: an entry and its exits, or the exits of an entry that
        has filled. A change of one must neither end the others nor set any of them free.
        """
        tied = self._tied(order)
        has_ended = order not in tied  # at the exchange, which has not told of it yet
        in_part = len(tied) > 1 and any(one.filled for one in tied)
        if has_ended or in_part or after.total_quantity <= order.filled:
            raise RefusedError(Code.MODIFY_MISMATCH, MISMATCH)
        self._check(order, after)
        self._withdraw(tied)
        order.terms, order.status = after, Status.API_PENDING
        for one in tied:
            if one.parent not in tied:
                self._entry.transmission.submit_or_reject(one)

    def place_anew(self, order: GatewayOrder) -> None:
        """Withdraw an order and what is tied to it, unseen, and place it again with all children that it has now."""
        self._withdraw(self._tied(order))
        self._entry.transmission.submit_or_reject(order)

    def _tied(self, order: GatewayOrder) -> list[GatewayOrder]:
        """Return the working orders that the exchange ties together with one, itself among them, an entry first."""
        live = self._entry.gateway.exchange.order(order.ref)
        entry = live.parent or live
        found = [self._entry.registry.of_ref(one.order_ref) for one in (entry, *entry.children) if not one.is_final]
        return [one for one in found if one is not None]

    def _check(self, order: GatewayOrder, after: OrderTerms) -> None:
        """Refuse what the exchange would not take, while the order still works as it was."""
        wanted = self._entry.reader.as_exchange_order(attrs.evolve(order, terms=after), order.next_ref)
        with refusals():
            self._entry.gateway.exchange.what_if(wanted)

    def _withdraw(self, tied: list[GatewayOrder]) -> None:
        exchange = self._entry.gateway.exchange
        for one in tied:
            one.replacing = True
        try:
            for one in tied:
                if not exchange.order(one.ref).is_final:  # the exits of an entry end with it
                    exchange.cancel(one.ref)
        except OrderCannotBeCancelled as error:
            raise RefusedError(Code.MODIFY_MISMATCH, f"{MISMATCH} - {error.fact}") from error
        finally:
            for one in tied:
                one.replacing = False
        if not all(exchange.order(one.ref).is_final for one in tied) or any(one.done for one in tied):
            raise RefusedError(Code.MODIFY_MISMATCH, MISMATCH)


def _parent_id(order: GatewayOrder) -> int:
    """Return the id of the entry that an order is attached to, whatever a change says of it; 0 once that is over."""
    return 0 if order.parent is None or order.parent.done else order.parent.order_id


def _what(order: GatewayOrder) -> tuple[object, ...]:
    """Return what of an order no change may touch: which way it trades, what, and for whom."""
    return order.terms.action, order.terms.account, [(leg.listed, leg.ratio) for leg in order.legs]
