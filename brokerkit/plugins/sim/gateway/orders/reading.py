"""Parses order requests into gateway orders, and these into orders for the exchange."""

from __future__ import annotations

from typing import TYPE_CHECKING

from brokerkit.errors import BrokerkitError, OffTickPrice
from brokerkit.plugins.sim.gateway.codec.requests.orders import PlaceOrder
from brokerkit.plugins.sim.gateway.codes import OFF_TICK, Code
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder
from brokerkit.plugins.sim.gateway.orders.legs import find_legs
from brokerkit.plugins.sim.gateway.orders.messages import echoed_terms
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.plugins.sim.gateway.orders.translate import exchange_order, order_type, prices
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid
from brokerkit.spec.order import Order

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway


class OrderReader:
    """Turns requests into orders, and those into orders for the exchange; refuses invalid ones with IB's codes."""

    def __init__(self, gateway: Gateway, registry: OrderRegistry) -> None:
        self._gateway = gateway
        self._registry = registry

    def parse(self, client_id: int, request: PlaceOrder) -> GatewayOrder:
        """Return the order that a request describes, not yet registered."""
        account = self._account_of(request)
        legs, contract = find_legs(self._gateway, request)
        prices(request.order, order_type(request.order), flipped=False)  # checked here, as blanks are echoed as zero
        number = self._registry.new_perm_id()
        order = GatewayOrder(request.order_id, client_id, number, legs, contract, request.order, request.delta_neutral)
        order.terms = echoed_terms(request.order, order, account)
        return order

    def _account_of(self, request: PlaceOrder) -> str:
        accounts = self._gateway.accounts
        account = request.order.account
        if not account and len(accounts) > 1:
            raise RefusedError(Code.ACCOUNT_REQUIRED, "You must specify an account.")
        if account and account not in accounts:
            raise invalid(f"Invalid account code '{account}'.", "bN")
        return account or next(iter(accounts))

    def parent_of(self, client_id: int, request: PlaceOrder) -> GatewayOrder | None:
        """Return the parent that a request names, or None; refuse one that is unknown or done."""
        parent_id = request.order.parent_id
        if not parent_id:
            return None
        parent = self._registry.of_client(client_id, parent_id)
        if parent is None or parent.done:
            raise RefusedError(Code.UNKNOWN_ORDER, f"Can't find order with id ={parent_id}")
        return parent

    def check_ticks(self, order: GatewayOrder) -> None:
        """Refuse a price that is not on a tick."""
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
        """Return the order in the exchange's terms; refuse one that contradicts itself."""
        try:
            return exchange_order(order, ref, self._gateway.settings.zone)
        except BrokerkitError as error:
            raise RefusedError(Code.REJECTED, f"Order rejected - reason:{error.fact}") from error
