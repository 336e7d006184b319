"""Orders placed by hand: they belong to client 0, and have no order id until it binds them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.responses.orders import OrderBound
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Leg
from brokerkit.plugins.sim.gateway.orders.messages import echoed_terms
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.spec.broker_order import BrokerOrder
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import OrderType

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway
    from brokerkit.plugins.sim.gateway.session import Session

MASTER, UNBOUND = 0, 0
"""The client that owns orders placed by hand, and the order id of an unbound one."""

_ORDER_TYPE_NAMES = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
    OrderType.MARKET_IF_TOUCHED: "MIT",
    OrderType.LIMIT_IF_TOUCHED: "LIT",
}


class OrdersByHand:
    """Registers orders that reached the exchange other than through a client."""

    def __init__(self, gateway: Gateway, registry: OrderRegistry) -> None:
        self.gateway = gateway
        self.registry = registry
        self._bound = 0

    def adopt(self, view: BrokerOrder) -> GatewayOrder:
        """Register an order, and bind it at once if client 0 asked for that."""
        order = self._gateway_order(view)
        self.registry.add(order)
        self.registry.bind(order, view.order_ref)
        session = self.gateway.session_of(MASTER)
        if session is not None and session.binds_manual_orders:
            self._bind(session, order)
        return order

    def _gateway_order(self, view: BrokerOrder) -> GatewayOrder:
        wanted = view.order
        contracts: tuple[FuturesContract | FxPair, ...] = wanted.contract.legs
        legs = tuple(
            Leg(self.gateway.contracts.of_contract(contract), 1 if lots * wanted.quantity[0] > 0 else -1)
            for contract, lots in zip(contracts, wanted.quantity, strict=True)
        )
        terms = OrderTerms(
            action="BUY" if wanted.quantity[0] > 0 else "SELL",
            total_quantity=float(abs(wanted.quantity[0])),
            order_type=_ORDER_TYPE_NAMES[wanted.order_type],
            limit_price=None if wanted.limit_price is None else float(wanted.limit_price),
            aux_price=None if wanted.stop_price is None else float(wanted.stop_price),
            tif=wanted.time_in_force.value,
            account=wanted.account or self.gateway.accounts[0],
        )
        number, contract = self.registry.new_perm_id(), legs[0].listed.traded
        order = GatewayOrder(UNBOUND, MASTER, number, legs, contract, terms, transmitted=True, by_hand=True)
        order.terms = echoed_terms(terms, order, terms.account)
        return order

    def bind_all(self, session: Session) -> None:
        """Bind every open, unbound order, as happens when client 0 requests its open orders."""
        for order in self.registry.open_orders():
            if order.order_id == UNBOUND:
                self._bind(session, order)

    def _bind(self, session: Session, order: GatewayOrder) -> None:
        """Give an order an id: a negative one, as in a gateway's default settings."""
        self._bound += 1
        self.registry.rename(order, -self._bound)
        session.send(OrderBound(order.perm_id, MASTER, order.order_id))
