"""Checks which fields of IB's order object may be set through `broker_parameters`."""

from __future__ import annotations

import dataclasses
from typing import Any

from brokerkit.errors import InvalidOrder
from brokerkit.spec.order import Order

_ONE_ACCOUNT = "Order.account: an order is for one account"
"""IB refuses one with an account and an allocation: 201, 'Invalid account number'."""

_OURS = {
    "account": "Order.account",
    "action": "the sign of Order.quantity",
    "algoParams": "Order.algo_parameters",
    "algoStrategy": "Order.algo",
    "cashQty": "Order.quantity",
    "clientId": "the connection",
    "displaySize": "Order.display_quantity",
    "faGroup": _ONE_ACCOUNT,
    "faMethod": _ONE_ACCOUNT,
    "faPercentage": _ONE_ACCOUNT,
    "faProfile": _ONE_ACCOUNT,
    "goodTillDate": "Order.good_till",
    "lmtPrice": "Order.limit_price",
    "ocaGroup": "Order.oco_group",
    "orderId": "the connection",
    "orderRef": "Order.order_ref",
    "outsideRth": "Order.outside_hours",
    "parentId": "Order.children",
    "permId": "IB",
    "smartComboRoutingParams": "Order.spread_fill",
    "totalQuantity": "Order.quantity",
    "trailStopPrice": "Order.stop_price",
    "trailingPercent": "Order.trail_percent",
    "transmit": "the connection",
    "whatIf": "what_if_order",
}
"""Fields that identify an order or hold its terms, and what sets them."""

_TRIGGER = {"auxPrice": "Order.stop_price or Order.trail_amount"}
"""The field that is a trigger in an order that has one, and an offset in some of IB's own types."""

NOT_REPORTED = frozenset(
    {
        *("activeStartTime", "activeStopTime", "advancedErrorOverride", "algoId", "extOperator", "manualOrderTime"),
        *("mifid2DecisionAlgo", "mifid2DecisionMaker", "mifid2ExecutionAlgo", "mifid2ExecutionTrader"),
        *("orderMiscOptions", "overridePercentageConstraints", "scaleTable"),
    }
)
"""Fields that IB takes with an order and does not report of it, so that a change must give them again."""

_FITTING: dict[type, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (int, float), str: (str,)}


def check_broker_parameters(order: Order, order_class: type[Any]) -> None:
    """Raise unless each of an order's `broker_parameters` is a field of IB's order and has its type.

    Args:
        order: Our order.
        order_class: The client library's order class.

    Raises:
        InvalidOrder: A field does not exist, is set by something else, or its value has the wrong type.
    """
    if not order.broker_parameters:
        return
    fields = {each.name: each.default for each in dataclasses.fields(order_class)}
    ours = _OURS if order.stop_price is None and order.trail_amount is None else {**_OURS, **_TRIGGER}
    free = sorted(fields.keys() - ours)
    for name, value in order.broker_parameters.items():
        if name in ours:
            raise InvalidOrder(
                f"broker_parameters sets {name!r}, which is set by {ours[name]}.", place=order.order_ref, given=name
            )
        if name not in fields:
            raise InvalidOrder(
                f"IB's order has no field {name!r}.",
                place=f"broker_parameters of order {order.order_ref}",
                given=name,
                candidates=free,
            )
        _check_kind(order, name, value, type(fields[name]))


def _check_kind(order: Order, name: str, value: Any, kind: type[Any]) -> None:
    fitting = _FITTING.get(kind)
    if fitting is not None and (not isinstance(value, fitting) or (isinstance(value, bool) and kind is not bool)):
        raise InvalidOrder(
            f"broker_parameters[{name!r}] is {value!r}; IB's field is of type {kind.__name__}.", place=order.order_ref
        )
