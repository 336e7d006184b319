"""The order desk: registry, entry and reports together, and the order lists that clients request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.gateway.codec.responses.orders import CompletedOrdersEnd, OpenOrderEnd
from brokerkit.plugins.sim.gateway.orders.by_hand import MASTER, OrdersByHand
from brokerkit.plugins.sim.gateway.orders.entry import OrderEntry
from brokerkit.plugins.sim.gateway.orders.fills import Fills
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder
from brokerkit.plugins.sim.gateway.orders.messages import completed_order_message, open_order_message, status_message
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.plugins.sim.gateway.orders.reports import Reports

if TYPE_CHECKING:
    from collections.abc import Iterable

    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session


class OrderDesk:
    """Everything that the gateway does with orders."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.registry = OrderRegistry()
        self.reports = Reports(gateway, self.registry)
        self.fills = Fills(gateway, self.registry, self.reports)
        self.entry = OrderEntry(gateway, self.registry, self.reports)
        self.by_hand = OrdersByHand(gateway, self.registry)

    def listen(self) -> None:
        """Subscribe to the exchange's events: fills before the order states that they cause."""
        self.fills.listen()
        self.reports.listen()

    def next_valid_id(self, client_id: int) -> int:
        """Return the next valid order id to send to a client."""
        return self.registry.next_valid_id(client_id)

    def send_open_orders(self, session: Session) -> None:
        """Send a client its own open orders; for client 0, bind and include those placed by hand."""
        if session.client_id == MASTER:
            self.by_hand.bind_all(session)
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

    def send_completed_orders(self, session: Session, *, api_only: bool = False) -> None:
        """Send a client the day's completed orders of all clients; those placed by hand unless `api_only`."""
        settings = self.gateway.settings
        for order in self.registry.completed():
            if order.by_hand and api_only:
                continue
            session.send(completed_order_message(order, settings.time_zone, settings.time_zone))
        session.send(CompletedOrdersEnd())

    def clock_moved(self) -> None:
        """Release held orders that are due, and report orders that now rest in the book."""
        self.entry.held.check()
        self.reports.clock_moved()

    def forget(self, session: Session) -> None:
        """Drop the orders that an ended session never transmitted."""
        self.registry.drop_drafts(session.client_id)

    def new_day(self) -> None:
        """Drop executions and completed orders, as a gateway does overnight."""
        self.registry.forget_completed()
        self.fills.new_day()
