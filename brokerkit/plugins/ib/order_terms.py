"""Converts our orders to IB's fields."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs

from brokerkit.errors import InvalidOrder, NotSupported
from brokerkit.plugins.ib.times import ib_moment
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce

ORDER_TYPES = {
    OrderType.MARKET: "MKT",
    OrderType.LIMIT: "LMT",
    OrderType.STOP: "STP",
    OrderType.STOP_LIMIT: "STP LMT",
    OrderType.TRAILING_STOP: "TRAIL",
    OrderType.MARKET_IF_TOUCHED: "MIT",
    OrderType.LIMIT_IF_TOUCHED: "LIT",
}
_AT_CLOSE = {OrderType.MARKET: "MOC", OrderType.LIMIT: "LOC"}
_CANCEL_THE_REST = 1


@attrs.frozen
class LegTerms:
    """One leg of a spread; the first leg is always bought.

    Attributes:
        ratio: Lots of this leg per unit of the spread.
        action: `BUY` or `SELL`.
    """

    ratio: int
    action: str


@attrs.frozen
class OrderTerms:
    """IB's fields of an order, apart from ids and the contract.

    Attributes:
        fields: Fields of IB's order object.
        legs: A spread's legs, in order; empty for a single contract.
        algo_parameters: The algorithm's tags and values.
        routing: A spread's routing tags and values.
    """

    fields: dict[str, Any]
    legs: tuple[LegTerms, ...] = ()
    algo_parameters: tuple[tuple[str, str], ...] = ()
    routing: tuple[tuple[str, str], ...] = ()


def terms_of(order: Order, account: str) -> OrderTerms:
    """Return an order in IB's fields; its time in force is always set.

    Raises:
        InvalidOrder: IB cannot express it.

    Example:
        >>> from brokerkit.spec.contract import FuturesContract
        >>> terms = terms_of(Order.limit(FuturesContract("EDOLLAR", ["202306", "202309"]), [-2, 2], "0.5"), "DU1")
        >>> terms.fields["action"], terms.fields["totalQuantity"], [(leg.ratio, leg.action) for leg in terms.legs]
        ('SELL', 2.0, [(1, 'BUY'), (1, 'SELL')])
    """
    _refuse_unsupported(order)
    units = math.gcd(*order.quantity)
    fields: dict[str, Any] = {
        "action": _action(order.quantity[0]),
        "totalQuantity": float(units),
        "orderType": _order_type(order),
        "tif": "DAY" if order.time_in_force is TimeInForce.AT_CLOSE else order.time_in_force.value,
        "orderRef": order.order_ref,
        "account": account,
        "outsideRth": order.outside_hours,
    }
    fields.update(_prices(order))
    if order.good_till is not None:
        fields["goodTillDate"] = ib_moment(order.good_till)
    if order.oco_group:
        fields.update(ocaGroup=order.oco_group, ocaType=_CANCEL_THE_REST)
    if order.display_quantity is not None:
        fields["displaySize"] = order.display_quantity
    if order.algo:
        fields["algoStrategy"] = order.algo
    fields.update(order.broker_parameters)
    return OrderTerms(fields, _legs(order, units), _tags(order.algo_parameters), _routing(order))


def _refuse_unsupported(order: Order) -> None:
    for given, flag in ((order.post_only, "post-only"), (order.reduce_only, "reduce-only")):
        if given:
            raise NotSupported(
                f"IB's futures orders have no {flag} flag.",
                place=order.order_ref,
                remedy="Remove it; use a limit price away from the market, or check the position, instead.",
            )
    if order.time_in_force is TimeInForce.AT_CLOSE and order.order_type not in _AT_CLOSE:
        raise InvalidOrder(f"IB has no {order.order_type.value} order at the close.", place=order.order_ref)


def _order_type(order: Order) -> str:
    at_close = order.time_in_force is TimeInForce.AT_CLOSE
    return (_AT_CLOSE if at_close else ORDER_TYPES)[order.order_type]


def _prices(order: Order) -> dict[str, float]:
    fields: dict[str, float] = {}
    if order.limit_price is not None:
        fields["lmtPrice"] = float(order.limit_price)
    if order.order_type is OrderType.TRAILING_STOP:
        if order.trail_amount is not None:
            fields["auxPrice"] = float(order.trail_amount)
        if order.trail_percent is not None:
            fields["trailingPercent"] = float(order.trail_percent)
        if order.stop_price is not None:
            fields["trailStopPrice"] = float(order.stop_price)
    elif order.stop_price is not None:
        fields["auxPrice"] = float(order.stop_price)
    return fields


def _legs(order: Order, units: int) -> tuple[LegTerms, ...]:
    if len(order.quantity) == 1:
        return ()
    sign = 1 if order.quantity[0] > 0 else -1
    return tuple(LegTerms(abs(lots) // units, _action(lots * sign)) for lots in order.quantity)


def _action(quantity: int) -> str:
    return "BUY" if quantity > 0 else "SELL"


def _routing(order: Order) -> tuple[tuple[str, str], ...]:
    by_leg = len(order.quantity) > 1 and order.spread_fill is SpreadFill.BY_LEG
    return (("NonGuaranteed", "1"),) if by_leg else ()


def _tags(parameters: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((tag, _tag_value(value)) for tag, value in parameters.items())


def _tag_value(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return ib_moment(value) if isinstance(value, datetime) else str(value)
