"""Order entry: handles each placeOrder as a new order, a new version of a draft, a modification, or a what-if."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder
from brokerkit.plugins.sim.gateway.codes import MISMATCH, READ_ONLY, Code
from brokerkit.plugins.sim.gateway.orders.cancels import Cancels
from brokerkit.plugins.sim.gateway.orders.changes import OrderChanges
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.held import HeldOrders
from brokerkit.plugins.sim.gateway.orders.messages import open_order_message
from brokerkit.plugins.sim.gateway.orders.reading import OrderReader
from brokerkit.plugins.sim.gateway.orders.refusals import refusals
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.plugins.sim.gateway.orders.reports import Reports
from brokerkit.plugins.sim.gateway.orders.transmission import Transmission, family
from brokerkit.plugins.sim.gateway.orders.what_if import margin_state
from brokerkit.plugins.sim.gateway.refused import RefusedError
from brokerkit.spec.order import Order

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session


class OrderEntry:
    """Handles clients' order requests.

    Attributes:
        reader: Parses order requests.
        held: The orders that the gateway holds back.
        transmission: Sends orders to the exchange.
        changes: Modifies working orders.
        cancels: Cancels orders.
        sent: Called with each order sent to the exchange.
    """

    def __init__(self, gateway: Gateway, registry: OrderRegistry, reports: Reports) -> None:
        self.gateway = gateway
        self.registry = registry
        self.reports = reports
        self.reader = OrderReader(gateway, registry)
        self.held = HeldOrders(gateway, self)
        self.transmission = Transmission(self)
        self.changes = OrderChanges(self)
        self.cancels = Cancels(self)
        self.sent: Callable[[GatewayOrder], None] = _do_nothing

    def place(self, session: Session, request: PlaceOrder) -> None:
        """Place a new order, modify one, or answer a what-if."""
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
            self.changes.change(known, request)

    def _known(self, session: Session, request: PlaceOrder) -> GatewayOrder:
        known = self.registry.of_client(session.client_id, request.order_id)
        if known is None:
            raise RefusedError(Code.UNKNOWN_ORDER, f"Can't find order with id ={request.order_id}")
        return known

    def _new(self, session: Session, request: PlaceOrder) -> None:
        if request.order_id < self.registry.lowest_free_id(session.client_id):
            raise RefusedError(Code.DUPLICATE_ORDER_ID, "Duplicate order id")
        order = self.reader.parse(session.client_id, request)
        order.parent = self.reader.parent_of(session.client_id, request)
        order.prepared = self.checked(order)
        self.registry.add(order)
        if order.parent is not None:
            _attach(order, order.parent)
        if request.order.transmit:
            self.transmission.transmit(order)

    def checked(self, order: GatewayOrder) -> Order:
        """Return the order in the exchange's terms; refuse one that it could not accept."""
        wanted = self.reader.as_exchange_order(order, str(order.perm_id))
        self.reader.check_ticks(order)
        self.held.check_terms(order)
        self.held.must_wait(order)  # refuses an invalid goodAfterTime
        return wanted

    def _redraft(self, draft: GatewayOrder, request: PlaceOrder) -> None:
        """Update an untransmitted draft, which stays attached to its parent unless it names another."""
        newer = self.reader.parse(draft.client_id, request)
        if draft.parent is None or request.order.parent_id not in (0, draft.parent.order_id):
            parent = self.reader.parent_of(draft.client_id, request)
            if parent in family(draft):
                raise RefusedError(Code.MODIFY_MISMATCH, MISMATCH)
            if parent is not None:
                _attach(draft, parent)
        draft.terms = newer.terms.but(
            perm_id=draft.perm_id,
            shares_allocation=draft.terms.shares_allocation,
            parent_id=0 if draft.parent is None else draft.parent.order_id,
        )
        draft.legs, draft.contract = newer.legs, newer.contract
        draft.prepared = self.checked(draft)
        if request.order.transmit:
            self.transmission.transmit(draft)

    def _what_if(self, session: Session, request: PlaceOrder) -> None:
        order = self.reader.parse(session.client_id, request)
        order.status = Status.PRE_SUBMITTED
        wanted = self.checked(order)
        with refusals():
            session.send(open_order_message(order, margin_state(self.gateway.exchange, wanted)))


def _attach(order: GatewayOrder, parent: GatewayOrder) -> None:
    """Attach an order to a parent, detaching it from any previous one."""
    order.leave_parent()
    order.parent = parent
    parent.children.append(order)


def _do_nothing(order: GatewayOrder) -> None:
    """Do nothing."""
