"""Builds the messages about an order."""

from __future__ import annotations

from functools import lru_cache

from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codec.responses.orders import (
    CompletedOrder,
    OpenOrder,
    OrderState,
    OrderStatus,
)
from brokerkit.plugins.sim.gateway.codec.wire import write_size
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.times import instant

CANCELLED_TEXT = "Cancelled by Trader"


def status_message(order: GatewayOrder) -> OrderStatus:
    """Return the orderStatus message of an order."""
    return OrderStatus(
        order.order_id,
        order.status.value,
        order.filled,
        order.remaining if order.status is not Status.CANCELLED or order.filled else order.terms.total_quantity,
        order.average_price,
        order.perm_id,
        order.parent_id,
        order.last_price,
        order.answers_as,
        order.why_held,
    )


def echoed_terms(terms: OrderTerms, order: GatewayOrder, account: str) -> OrderTerms:
    """Return terms as a gateway echoes them: blanks filled in, unset prices as zero, ids added."""
    return terms.but(
        account=account,
        limit_price=0.0 if terms.limit_price is None else terms.limit_price,
        aux_price=0.0 if terms.aux_price is None else terms.aux_price,
        tif=terms.tif or "DAY",
        client_id=order.client_id,
        perm_id=order.perm_id,
        shares_allocation=f"{order.perm_id}.0/{account}/{write_size(terms.total_quantity)}",
        oca_type=terms.oca_type or 3,
        exempt_code=-1,
        clearing_intent=terms.clearing_intent or "IB",
        delta_neutral_order_type=terms.delta_neutral_order_type or "None",
        delta_neutral_open_close=terms.delta_neutral_open_close or "?",
        adjusted_order_type=terms.adjusted_order_type or "None",
        volatility_type=terms.volatility_type or 0,
        reference_price_type=terms.reference_price_type or 0,
        cash_quantity=terms.cash_quantity or 0.0,
        min_compete_size=terms.min_compete_size if terms.min_compete_size is not None else 100,
        compete_against_best_offset=(
            terms.compete_against_best_offset if terms.compete_against_best_offset is not None else 0.02
        ),
    )


@lru_cache(maxsize=256)
def _state(status: Status, commission: float | None, currency: str) -> OrderState:
    return OrderState(status.value, commission=commission, commission_currency=currency)


def open_order_message(order: GatewayOrder, state: OrderState | None = None) -> OpenOrder:
    """Return the openOrder message of an order.

    Args:
        order: The order, with its terms as echoed.
        state: The order state to send; None for its status, and its commission if known.
    """
    return OpenOrder(
        order.order_id,
        order.contract,
        order.terms,
        state or _state(order.status, order.commission, order.commission_currency),
        order.delta_neutral,
    )


def completed_order_message(order: GatewayOrder, zone: str, zone_name: str) -> CompletedOrder:
    """Return the completedOrder message: total quantity 0, no order id, no client id."""
    when = order.completed
    return CompletedOrder(
        order.contract,
        order.terms.but(
            total_quantity=0.0,
            filled_quantity=order.filled,
            shareholder="Not an insider or substantial shareholder",
        ),
        order.delta_neutral,
        order.status.value,
        "" if when is None else instant(when, zone, zone_name),
        order.end_text or (f"Filled Size: {write_size(order.filled)}" if order.filled else CANCELLED_TEXT),
    )
