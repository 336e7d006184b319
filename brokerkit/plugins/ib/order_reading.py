"""Converts IB's orders to ours: those of others, and those found after a restart."""

from __future__ import annotations

import math
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import attrs

from brokerkit.errors import InvalidOrder
from brokerkit.plugins.ib.executions import price_from
from brokerkit.plugins.ib.order_terms import ORDER_TYPES
from brokerkit.plugins.ib.times import moment_from
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, OrderType, TimeInForce

_OUR_TYPES = {words: kind for kind, words in ORDER_TYPES.items()} | {
    "MOC": OrderType.MARKET,
    "LOC": OrderType.LIMIT,
    "MTL": OrderType.MARKET,
    "MIDPRICE": OrderType.MARKET,
    "MKT PRT": OrderType.MARKET,
    "REL": OrderType.MARKET,
    "SNAP MKT": OrderType.MARKET,
    "SNAP MID": OrderType.MARKET,
    "SNAP PRIM": OrderType.MARKET,
    "STP PRT": OrderType.STOP,
    "TRAIL LIMIT": OrderType.TRAILING_STOP,
}
_WITH_LIMIT = {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED}
_WITH_STOP = {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED}


def signed_units(ib_order: Any, filled: float = 0.0) -> int:
    """Return an order's signed lots; for a completed one, whose total IB gives as 0, the filled quantity."""
    total = ib_order.totalQuantity or getattr(ib_order, "filledQuantity", 0) or filled
    units = 0 if float(total) > 1e300 else round(float(total))
    return units if ib_order.action == "BUY" else -units


def order_from(ib_order: Any, contract: FuturesContract | FxPair, quantity: tuple[int, ...], order_ref: str) -> Order:
    """Convert an order that IB describes.

    Args:
        ib_order: The library's order object.
        contract: Our contract, with legs in the order of `quantity`.
        quantity: Signed lots, one per leg.
        order_ref: Our reference for it.

    Raises:
        InvalidOrder: Its order type is not supported.
    """
    kind = _OUR_TYPES.get(ib_order.orderType)
    if kind is None:
        raise InvalidOrder(f"IB's order type {ib_order.orderType!r} has no equivalent here.", place=order_ref)
    time_in_force, good_till = _time_in_force(ib_order)
    trail = _trail(ib_order, kind)
    return Order(
        contract,
        quantity,
        kind,
        limit_price=price_from(ib_order.lmtPrice) if kind in _WITH_LIMIT else None,
        stop_price=price_from(ib_order.auxPrice) if kind in _WITH_STOP else trail.stop,
        trail_amount=trail.amount,
        trail_percent=trail.percent,
        time_in_force=time_in_force,
        good_till=good_till,
        outside_hours=bool(ib_order.outsideRth),
        account=ib_order.account,
        oco_group=ib_order.ocaGroup,
        algo=ib_order.algoStrategy or "",
        order_ref=order_ref,
    )


def with_reported_terms(order: Order, ib_order: Any, asked: Order | None = None) -> Order:
    """Return a known order with the prices and quantity that IB now reports; of another type only with its quantity.

    Args:
        order: The order as known so far.
        ib_order: The library's order object, as IB describes it.
        asked: The order as changed by a pending change. A trailing stop's trigger moves by itself, so a trigger other
            than the requested one says nothing.
    """
    changes: dict[str, Any] = {}
    is_another = has_another_type(order, ib_order)
    if order.order_type in _WITH_LIMIT and not is_another:
        changes["limit_price"] = price_from(ib_order.lmtPrice)
    if order.order_type in _WITH_STOP and not is_another:
        changes["stop_price"] = price_from(ib_order.auxPrice)
    elif asked is not None and asked.stop_price == price_from(ib_order.trailStopPrice):
        changes["stop_price"] = asked.stop_price
    units = abs(signed_units(ib_order))
    if units:
        per_unit = math.gcd(*order.quantity)
        changes["quantity"] = tuple(lots // per_unit * units for lots in order.quantity)
    changes = {name: value for name, value in changes.items() if value is not None and value != getattr(order, name)}
    return attrs.evolve(order, **changes) if changes else order


def has_another_type(order: Order, ib_order: Any) -> bool:
    """Return whether IB has an order as one of another type by now, whose price fields mean something else.

    That comes by hand in TWS, and of an adjustable stop that has reached its trigger price.
    """
    placed_as = order.broker_parameters.get("orderType", ORDER_TYPES[order.order_type])
    before, now = _OUR_TYPES.get(placed_as), _OUR_TYPES.get(ib_order.orderType)
    return before is not None and now is not None and before is not now


def _time_in_force(ib_order: Any) -> tuple[TimeInForce, datetime | None]:
    if ib_order.orderType in {"MOC", "LOC"}:
        return TimeInForce.AT_CLOSE, None
    if ib_order.tif == "GTD" and ib_order.goodTillDate:
        return TimeInForce.GTD, moment_from(ib_order.goodTillDate)
    known = {each.value: each for each in TimeInForce if each is not TimeInForce.GTD}
    return known.get(ib_order.tif, TimeInForce.DAY), None


class _Trail(NamedTuple):
    amount: Decimal | None = None
    percent: Decimal | None = None
    stop: Decimal | None = None


def _trail(ib_order: Any, kind: OrderType) -> _Trail:
    if kind is not OrderType.TRAILING_STOP:
        return _Trail()
    stop = price_from(ib_order.trailStopPrice) or None
    percent = price_from(ib_order.trailingPercent)
    return _Trail(percent=percent, stop=stop) if percent else _Trail(amount=price_from(ib_order.auxPrice), stop=stop)
