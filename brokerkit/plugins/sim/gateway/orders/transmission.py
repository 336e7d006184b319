"""Sends orders to the exchange with their parents and children, or holds them here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.gateway.codes import Code
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.refusals import refusals
from brokerkit.plugins.sim.gateway.orders.translate import order_type
from brokerkit.plugins.sim.gateway.refused import RefusedError
from brokerkit.spec.order import Order

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.orders.entry import OrderEntry


class Transmission:
    """Sends transmitted orders to the exchange once nothing holds them back."""

    def __init__(self, entry: OrderEntry) -> None:
        self._entry = entry
        self._held = entry.held
        self._gateway = entry.gateway
        self._registry = entry.registry
        self._reports = entry.reports

    def transmit(self, order: GatewayOrder) -> None:
        """Transmit an order with its children and its untransmitted parents."""
        root = order
        while root.parent is not None and not root.parent.transmitted:
            root = root.parent
        for member in family(root):
            member.transmitted = True
        if root.parent is not None:
            self._join(root.parent, root)
        elif self._held.must_wait(root):
            self._announce_held(root)
            self._held.add(root)
        elif not self._gateway.is_linked:
            root.status = Status.PENDING_SUBMIT  # without reports, until the exchange can be reached
            self._held.add(root)
        else:
            self.submit_or_reject(root)

    def _join(self, parent: GatewayOrder, child: GatewayOrder) -> None:
        """Attach a child to a parent that is already working, linked to the parent's other children."""
        bound = [one for one in parent.children if one.ref and not one.done and one not in self._held]
        if bound and parent.filled:
            text = "Order rejected - reason:An exit cannot join others whose entry has filled in part."
            self._reject(child, RefusedError(Code.REJECTED, text))
        elif bound or (parent.ref and parent not in self._held and not parent.filled and self._closes(parent, child)):
            try:
                self._entry.changes.resubmit(parent)
            except RefusedError as refused:
                self._reject(child, refused)
        else:
            self._link_children(parent)
            self._announce_child(child)
            self._held.add(child)

    def _announce_held(self, order: GatewayOrder) -> None:
        order.status = Status.PRE_SUBMITTED
        self._reports.announce(order)

    def submit_or_reject(self, order: GatewayOrder) -> None:
        """Submit an order with its children to the exchange; report a refusal as a rejection."""
        try:
            self._submit(order)
        except RefusedError as refused:
            self._reject(order, refused)

    def _reject(self, order: GatewayOrder, refused: RefusedError) -> None:
        self._reports.warn(order, refused.code, refused.text)
        order.status = Status.INACTIVE
        order.completed, order.end_text = self._gateway.now, refused.text
        self._reports.announce(order)
        self._entry.cancels.cancel_dependents(order)

    def _submit(self, order: GatewayOrder) -> None:
        """Submit an order, with its children if the exchange can hold all of them; if not, hold them here."""
        children = self._link_children(order)
        fit = children if all(self._closes(order, child) for child in children) else []
        wanted = order.prepared or self._entry.reader.as_exchange_order(order, order.next_ref)
        order.prepared = None
        if fit:
            wanted = attrs.evolve(wanted, children=tuple(self._bind(child) for child in fit))
        self._registry.bind(order, wanted.order_ref)
        for member in (order, *fit):
            self._held.discard(member)
            self._held.watch(member)
        self._entry.sent(order)
        try:
            with refusals():
                self._gateway.exchange.submit(wanted, client_id=order.client_id)
        except RefusedError:
            for child in fit:
                self._registry.unbind(child)  # the exchange accepted none of them: they are cancelled here
            raise
        if order.done and order.status is not Status.FILLED:
            self._entry.cancels.cancel_dependents(order)
            return
        for child in children:
            self._announce_child(child)
            if child not in fit and not child.done:
                self._held.add(child)

    def _link_children(self, parent: GatewayOrder) -> list[GatewayOrder]:
        """Return an order's transmitted, open children, in one OCA group if there are several."""
        children = [child for child in parent.children if child.transmitted and not child.done]
        for child in children:
            if not child.terms.oca_group and len(children) > 1:
                child.terms, child.prepared = child.terms.but(oca_group=str(parent.perm_id), oca_type=3), None
        return children

    def _announce_child(self, child: GatewayOrder) -> None:
        """Report that a child and its own children wait for a parent, unless already reported."""
        for member in family(child):
            if member.transmitted and member.status in (Status.API_PENDING, Status.PENDING_SUBMIT):
                member.why_held = "child" if order_type(member.terms).value == "limit" else "child,trigger"
                self._announce_held(member)

    def _closes(self, order: GatewayOrder, child: GatewayOrder) -> bool:
        """Return whether the exchange can hold a child: it closes what its parent opens, and waits for nothing else."""
        same = [leg.listed for leg in child.legs] == [leg.listed for leg in order.legs]
        terms = child.terms
        waits = terms.good_after_time or (terms.conditions and not terms.conditions_cancel_order) or child.children
        return same and child.side != order.side and not waits

    def _bind(self, child: GatewayOrder) -> Order:
        wanted = self._entry.reader.as_exchange_order(child, child.next_ref)
        child.prepared = None
        self._registry.bind(child, wanted.order_ref)
        return attrs.evolve(wanted, oco_group="")


def family(root: GatewayOrder) -> list[GatewayOrder]:
    """Return an order, its children, and their children."""
    members = [root]
    for child in root.children:
        members += family(child)
    return members
