"""The margin and commission in a what-if answer."""

from __future__ import annotations

from brokerkit.plugins.sim.exchange import Exchange
from brokerkit.plugins.sim.gateway.codec.responses.orders import OrderState
from brokerkit.plugins.sim.gateway.orders.gateway_order import Status
from brokerkit.spec.order import Order


def margin_state(exchange: Exchange, order: Order) -> OrderState:
    """Return an order state with the order's margins and commission, without placing it."""
    found = exchange.what_if(order)
    worth = float(exchange.margins(order.account).value.amount)
    initial, initial_change = float(found.initial_margin.amount), float(found.initial_margin_change.amount)
    maintenance = float(found.maintenance_margin.amount)
    maintenance_change = float(found.maintenance_margin_change.amount)
    commission = None if found.commission is None else float(found.commission.amount)
    currency = found.initial_margin.currency if found.commission is None else found.commission.currency
    return OrderState(
        Status.PRE_SUBMITTED.value,
        *(initial - initial_change, maintenance - maintenance_change, worth),
        *(initial_change, maintenance_change, -(commission or 0.0)),
        *(initial, maintenance, worth - (commission or 0.0)),
        *(commission, commission, commission),
        currency,
        found.warning,
    )
