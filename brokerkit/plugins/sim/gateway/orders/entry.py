"""Order entry: drafts and transmission, brackets, changes, cancels, what-if."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import (
    BrokerkitError,
    ConnectionProblem,
    OffTickPrice,
    OrderCannotBeCancelled,
    OrderRejected,
    OutcomeUnknown,
)
from brokerkit.plugins.sim.gateway.codec.requests.orders import CancelOrder, PlaceOrder
from brokerkit.plugins.sim.gateway.codes import OFF_TICK, READ_ONLY, Code
from brokerkit.plugins.sim.gateway.orders.changes import OrderChanges
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.held import HeldOrders
from brokerkit.plugins.sim.gateway.orders.legs import find_legs
from brokerkit.plugins.sim.gateway.orders.messages import echoed_terms, open_order_message, status_message
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.plugins.sim.gateway.orders.reports import Reports
from brokerkit.plugins.sim.gateway.orders.translate import exchange_order, order_type, prices
from brokerkit.plugins.sim.gateway.orders.what_if import margin_state
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid
from brokerkit.spec.order import Order

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session


class OrderEntry:
    """Takes what clients say about orders and passes it on to the exchange.

    Attributes:
        held: The orders that the gateway itself keeps back.
        sent: Told of each order that goes to the exchange.
    """

    def __init__(self, gateway: Gateway, registry: OrderRegistry, reports: Reports) -> None:
        self.gateway = gateway
        self.registry = registry
        self.reports = reports
        self.held = HeldOrders(gateway, self)
        self.sent: Callable[[GatewayOrder], None] = _tell_nobody
        self._changes = OrderChanges(self)
        reports.ended.append(self._end_waiting)

    def place(self, session: Session, request: PlaceOrder) -> None:
        """Place a new order, change one, or answer a what-if."""
        if self.gateway.settings.read_only and not request.order.what_if:
            raise RefusedError(Code.ERROR_VALIDATING, READ_ONLY)
        known = self.registry.of_client(session.client_id, request.order_id)
        if request.order.what_if:
            self._what_if(session, request)
        elif known is None:
            self._new(session, request)
            self.gateway.faults.after_placing(session, self._known(session, request))
        elif not known.transmitted:
            self._redraft(known, request)
        elif not self.gateway.faults.answers_modify(session, known):
            self._changes.change(known, request)

    def _known(self, session: Session, request: PlaceOrder) -> GatewayOrder:
        known = self.registry.of_client(session.client_id, request.order_id)
        if known is None:
            raise RefusedError(Code.UNKNOWN_ORDER, f"Can't find order with id ={request.order_id}")
        return known

    # New orders

    def _new(self, session: Session, request: PlaceOrder) -> None:
        if request.order_id < self.registry.lowest_free_id(session.client_id):
            raise RefusedError(Code.DUPLICATE_ORDER_ID, "Duplicate order id")
        order = self.understood(session.client_id, request)
        order.parent = self._parent_of(session.client_id, request)
        order.prepared = self.checked(order)
        self.registry.add(order)
        if order.parent is not None:
            order.parent.children.append(order)
        if request.order.transmit:
            self._transmit(order)

    def understood(self, client_id: int, request: PlaceOrder) -> GatewayOrder:
        """Return a new order as a request describes it, not registered yet."""
        account = self._account_of(request)
        legs, contract = find_legs(self.gateway, request)
        prices(request.order, order_type(request.order), flipped=False)  # what is blank is said back as zero
        number = self.registry.new_perm_id()
        order = GatewayOrder(request.order_id, client_id, number, legs, contract, request.order, request.delta_neutral)
        order.terms = echoed_terms(request.order, order, account)
        return order

    def _account_of(self, request: PlaceOrder) -> str:
        accounts = self.gateway.accounts
        account = request.order.account
        if not account and len(accounts) > 1:
            raise RefusedError(Code.ACCOUNT_REQUIRED, "You must specify an account.")
        if account and account not in accounts:
            raise invalid(f"Invalid account code '{account}'.", "bN")
        return account or next(iter(accounts))

    def _parent_of(self, client_id: int, request: PlaceOrder) -> GatewayOrder | None:
        parent_id = request.order.parent_id
        if not parent_id:
            return None
        parent = self.registry.of_client(client_id, parent_id)
        if parent is None or parent.done:
            raise RefusedError(Code.UNKNOWN_ORDER, f"Can't find order with id ={parent_id}")
        return parent

    def checked(self, order: GatewayOrder) -> Order:
        """Return the order as the exchange would have it; refuse one that it could not take."""
        wanted = self.as_exchange_order(order, str(order.perm_id))
        self._check_ticks(order)
        self.held.check_terms(order)
        self.held.must_wait(order)  # a starting time that is none is refused here
        return wanted

    def _check_ticks(self, order: GatewayOrder) -> None:
        kind = order_type(order.terms)
        if order.is_combo:
            return
        terms = order.legs[0].listed.terms
        for price in prices(order.terms, kind, flipped=False).values():
            if price is not None and kind.value != "trailing-stop":
                try:
                    terms.on_tick(price)
                except OffTickPrice as error:
                    raise RefusedError(Code.OFF_TICK, OFF_TICK) from error

    def as_exchange_order(self, order: GatewayOrder, ref: str) -> Order:
        """Return the order as the exchange takes it; refuse one that contradicts itself."""
        try:
            return exchange_order(order, ref, self.gateway.settings.zone)
        except BrokerkitError as error:
            raise RefusedError(Code.REJECTED, f"Order rejected - reason:{error.fact}") from error

    def _redraft(self, draft: GatewayOrder, request: PlaceOrder) -> None:
        """Replace a draft that was not transmitted by its newer self."""
        newer = self.understood(draft.client_id, request)
        draft.terms = newer.terms.but(perm_id=draft.perm_id, shares_allocation=draft.terms.shares_allocation)
        draft.legs, draft.contract = newer.legs, newer.contract
        draft.prepared = self.checked(draft)
        if request.order.transmit:
            self._transmit(draft)

    # Transmission

    def _transmit(self, order: GatewayOrder) -> None:
        """Send an order's whole family: what waits for it, and what it waits for."""
        root = order
        while root.parent is not None and not root.parent.transmitted:
            root = root.parent
        for member in family(root):
            member.transmitted = True
        if root.parent is not None:
            self._join(root.parent, root)
        elif self.held.must_wait(root):
            self._announce_waiting(root)
            self.held.add(root)
        elif not self.gateway.is_linked:
            root.status = Status.PENDING_SUBMIT  # in silence, until the exchange can be reached
            self.held.add(root)
        else:
            self.submit_or_reject(root)

    def _join(self, parent: GatewayOrder, child: GatewayOrder) -> None:
        """Let a child wait for a parent that is working already, tied to the parent's other children."""
        bound = [one for one in parent.children if one.ref and not one.done and one not in self.held]
        if bound and parent.filled:
            text = "Order rejected - reason:An exit cannot join others whose entry has filled in part."
            self._reject(child, RefusedError(Code.REJECTED, text))
        elif bound or (parent.ref and parent not in self.held and not parent.filled and self._closes(parent, child)):
            try:
                self._changes.place_anew(parent)
            except RefusedError as refused:
                self._reject(child, refused)
        else:
            self._tie(parent)
            self._keep_waiting(child)
            self.held.add(child)

    def _announce_waiting(self, order: GatewayOrder) -> None:
        order.status = Status.PRE_SUBMITTED
        self.reports.announce(order)

    def submit_or_reject(self, order: GatewayOrder) -> None:
        """Give an order to the exchange, its children with it; a refusal is told as one."""
        try:
            self._submit(order)
        except RefusedError as refused:
            self._reject(order, refused)

    def _reject(self, order: GatewayOrder, refused: RefusedError) -> None:
        self.reports.warn(order, refused.code, refused.text)
        order.status = Status.INACTIVE
        order.completed, order.end_text = self.gateway.now, refused.text
        self.reports.announce(order)
        self._end_waiting(order)

    def _submit(self, order: GatewayOrder) -> None:
        """Give an order to the exchange, with its children if it can keep all of them; if not, they wait here."""
        children = self._tie(order)
        fit = children if all(self._closes(order, child) for child in children) else []
        wanted = order.prepared or self.as_exchange_order(order, order.next_ref)
        order.prepared = None
        if fit:
            wanted = attrs.evolve(wanted, children=tuple(self._bound(child) for child in fit))
        self.registry.bind(order, wanted.order_ref)
        for member in (order, *fit):
            self.held.discard(member)
            self.held.watch(member)
        self.sent(order)
        try:
            with self.refusals():
                self.gateway.exchange.submit(wanted, client_id=order.client_id)
        except RefusedError:
            for child in fit:
                self.registry.unbind(child)  # the exchange took none of them: they are ours to end
            raise
        if order.done and order.status is not Status.FILLED:
            self._end_waiting(order)
            return
        for child in children:
            self._keep_waiting(child)
            if child not in fit and not child.done:
                self.held.add(child)

    def _tie(self, parent: GatewayOrder) -> list[GatewayOrder]:
        """Return the children that wait for an order, in one group if there are several: one ends the others."""
        children = [child for child in parent.children if child.transmitted and not child.done]
        for child in children:
            if not child.terms.oca_group and len(children) > 1:
                child.terms, child.prepared = child.terms.but(oca_group=str(parent.perm_id), oca_type=3), None
        return children

    def _keep_waiting(self, child: GatewayOrder) -> None:
        """Tell of a child, and of its own children, that they wait for a parent, unless that was told before."""
        for member in family(child):
            if member.transmitted and member.status in (Status.API_PENDING, Status.PENDING_SUBMIT):
                member.why_held = "child" if order_type(member.terms).value == "limit" else "child,trigger"
                self._announce_waiting(member)

    def _end_waiting(self, order: GatewayOrder) -> None:
        """Cancel what only the gateway knows: children of what ended unfilled, and others of a group that filled."""
        if order.status is Status.FILLED:
            for other in self.held.in_group_of(order):
                self.cancel_order(other, "another of its group filled")
            return
        for child in order.children:
            if not child.done and (child in self.held or not child.ref):
                self.cancel_order(child)

    def _closes(self, order: GatewayOrder, child: GatewayOrder) -> bool:
        """Tell whether the exchange can keep a child: it closes what its parent opens, and waits for nothing else."""
        same = [leg.listed for leg in child.legs] == [leg.listed for leg in order.legs]
        terms = child.terms
        waits = terms.good_after_time or (terms.conditions and not terms.conditions_cancel_order) or child.children
        return same and child.side != order.side and not waits

    def _bound(self, child: GatewayOrder) -> Order:
        wanted, child.prepared = attrs.evolve(self.as_exchange_order(child, child.next_ref), oco_group=""), None
        self.registry.bind(child, wanted.order_ref)
        return wanted

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Turn the exchange's refusal into the gateway's.

        A rejection has been reported as an event already. A line to the exchange that breaks is silence: nobody knows
        yet what became of the order.
        """
        try:
            yield
        except (OrderRejected, ConnectionProblem, OutcomeUnknown):
            return
        except OffTickPrice as error:
            raise RefusedError(Code.OFF_TICK, OFF_TICK) from error
        except BrokerkitError as error:
            raise RefusedError(Code.REJECTED, f"Order rejected - reason:{error.fact}") from error

    # Cancels

    def cancel(self, session: Session, request: CancelOrder) -> None:
        """Cancel an order: the client's own, or another's with that id."""
        order_id = request.order_id
        order = self.registry.of_client(session.client_id, order_id) or self.registry.of_any_client(order_id)
        about = f"OrderId {order_id} that needs to be cancelled"
        if self.gateway.settings.read_only:
            raise RefusedError(Code.ERROR_VALIDATING, READ_ONLY)
        if order is None:
            raise RefusedError(Code.CANCEL_UNKNOWN, f"{about} is not found.")
        if order.done or order.status is Status.PENDING_CANCEL:
            raise RefusedError(Code.CANCEL_REFUSED, f"{about} cannot be cancelled, state: {order.status.value}.")
        if not self.gateway.faults.answers_cancel(session, order):
            order.answers_as = session.client_id
            self.cancel_order(order)
            if order.client_id != session.client_id:
                session.send(status_message(order))

    def cancel_order(self, order: GatewayOrder, reason: str = "") -> None:
        """Cancel an order wherever it is: a draft, held here (the client is told the reason), or at the exchange."""
        if order in self.held or not order.ref:
            self.held.discard(order)
            self._cancel_here(order, reason)
            return
        try:
            self.gateway.exchange.cancel(order.ref)
        except OrderCannotBeCancelled:
            text = f"Cancel attempted when order is not in a cancellable state.  Order permId ={order.perm_id}"
            self.reports.warn(order, Code.NOT_CANCELLABLE, text)

    def _cancel_here(self, order: GatewayOrder, reason: str) -> None:
        silent = not order.transmitted
        order.status, order.completed, order.transmitted = Status.CANCELLED, self.gateway.now, True
        order.why_held = ""
        if not silent:
            self.reports.tell(order, status_message(order))
        self.reports.warn(order, Code.CANCELLED, f"Order Canceled - reason:{reason}")
        self._end_waiting(order)

    def cancel_all(self) -> None:
        """Cancel every open order, whoever placed it."""
        for order in self.registry.open_orders():
            if not order.done and order.status is not Status.PENDING_CANCEL:
                self.cancel_order(order)

    # What-if

    def _what_if(self, session: Session, request: PlaceOrder) -> None:
        order = self.understood(session.client_id, request)
        order.status = Status.PRE_SUBMITTED
        wanted = self.checked(order)
        with self.refusals():
            session.send(open_order_message(order, margin_state(self.gateway.exchange, wanted)))


def family(root: GatewayOrder) -> list[GatewayOrder]:
    """Return an order, its children, and theirs."""
    members = [root]
    for child in root.children:
        members += family(child)
    return members


def _tell_nobody(order: GatewayOrder) -> None:
    """Do nothing."""
