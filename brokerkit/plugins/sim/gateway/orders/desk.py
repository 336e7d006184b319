"""The order desk: registry, entry and reports together, and the lists that clients ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.responses.orders import CompletedOrdersEnd, OpenOrderEnd, OrderBound
from brokerkit.plugins.sim.gateway.orders.entry import OrderEntry
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Leg
from brokerkit.plugins.sim.gateway.orders.messages import (
    completed_order_message,
    echoed_terms,
    open_order_message,
    status_message,
)
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.plugins.sim.gateway.orders.reports import Reports
from brokerkit.spec.broker_order import BrokerOrder
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import OrderType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session

MASTER = 0
"""The client to which orders placed by hand belong."""

_NAMES = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
    OrderType.MARKET_IF_TOUCHED: "MIT",
    OrderType.LIMIT_IF_TOUCHED: "LIT",
}


class OrderDesk:
    """All that the gateway does with orders."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.registry = OrderRegistry()
        self.reports = Reports(gateway, self.registry)
        self.entry = OrderEntry(gateway, self.registry, self.reports)
        self._bound = 0

    def next_valid_id(self, client_id: int) -> int:
        """Return the next valid id as it is told to a client."""
        return self.registry.next_valid_id(client_id)

    def send_open_orders(self, session: Session) -> None:
        """Send a client its own open orders; client 0 gets those placed by hand too, bound to an id."""
        if session.client_id == MASTER:
            self._bind_manual_orders(session)
        self._send(session, [one for one in self.registry.open_orders() if one.client_id == session.client_id])

    def send_all_open_orders(self, session: Session) -> None:
        """Send a client the open orders of every client."""
        self._send(session, self.registry.open_orders())

    @staticmethod
    def _send(session: Session, orders: Iterable[GatewayOrder]) -> None:
        for order in orders:
            session.send(open_order_message(order))
            session.send(status_message(order))
        session.send(OpenOrderEnd())

    def send_completed_orders(self, session: Session) -> None:
        """Send a client the orders of the day that are done, whoever placed them."""
        settings = self.gateway.settings
        for order in self.registry.completed():
            session.send(completed_order_message(order, settings.time_zone, settings.time_zone))
        session.send(CompletedOrdersEnd())

    def adopt(self, view: BrokerOrder) -> GatewayOrder:
        """Take in an order that reached the exchange by another way: one placed by hand."""
        self._bound += 1
        wanted = view.order
        legs = tuple(
            Leg(self.gateway.contracts.of_contract(contract), 1 if lots * wanted.quantity[0] > 0 else -1)
            for contract, lots in zip(leg_contracts(wanted.contract), wanted.quantity, strict=True)
        )
        terms = OrderTerms(
            action="BUY" if wanted.quantity[0] > 0 else "SELL",
            total_quantity=float(abs(wanted.quantity[0])),
            order_type=_NAMES[wanted.order_type],
            limit_price=None if wanted.limit_price is None else float(wanted.limit_price),
            aux_price=None if wanted.stop_price is None else float(wanted.stop_price),
            tif=wanted.time_in_force.value,
            account=wanted.account or self.gateway.accounts[0],
        )
        order = GatewayOrder(
            -self._bound, MASTER, self.registry.new_perm_id(), legs, legs[0].listed.wire, terms, transmitted=True
        )
        order.terms = echoed_terms(terms, order, terms.account)
        self.registry.add(order)
        self.registry.bind(order, view.order_ref)
        return order

    def _bind_manual_orders(self, session: Session) -> None:
        if not session.binds_manual_orders:
            return
        for order in self.registry.open_orders():
            if order.client_id == MASTER and order.order_id < 0:
                self.registry.rename(order, self.registry.lowest_free_id(MASTER))
                self.registry.add(order)
                session.send(OrderBound(order.perm_id, MASTER, order.order_id))

    def clock_moved(self) -> None:
        """Let held orders go whose time has come."""
        self.entry.held.check()

    def forget(self, session: Session) -> None:
        """Drop what an ended session never transmitted."""
        self.registry.drop_drafts(session.client_id)

    def new_day(self) -> None:
        """Forget the executions and the orders that are done, as a gateway does overnight."""
        self.registry.forget_completed()
        self.reports.new_day()


def leg_contracts(contract: FuturesContract | FxPair) -> tuple[FuturesContract | FxPair, ...]:
    """Return the single contracts of which one is made."""
    return contract.legs
