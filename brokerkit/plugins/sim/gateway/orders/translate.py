"""Translates IB orders into orders for the exchange."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any

from brokerkit.plugins.sim.gateway.codec import MessageError
from brokerkit.plugins.sim.gateway.codec.order_terms import OrderTerms
from brokerkit.plugins.sim.gateway.codes import Code
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Leg
from brokerkit.plugins.sim.gateway.refused import RefusedError, invalid
from brokerkit.plugins.sim.gateway.times import parse_time
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.money import exact
from brokerkit.spec.order import Order, OrderType, TimeInForce

_TYPES: Mapping[str, OrderType] = {
    "MKT": OrderType.MARKET,
    "LMT": OrderType.LIMIT,
    "STP": OrderType.STOP,
    "STP LMT": OrderType.STOP_LIMIT,
    "TRAIL": OrderType.TRAILING_STOP,
    "MIT": OrderType.MARKET_IF_TOUCHED,
    "LIT": OrderType.LIMIT_IF_TOUCHED,
    "MOC": OrderType.MARKET,
    "LOC": OrderType.LIMIT,
}
"""The supported order types; others are refused."""

_ALIASES = {"STPLMT": "STP LMT", "MARKET": "MKT", "LIMIT": "LMT", "STOP": "STP"}
_AT_CLOSE = ("MOC", "LOC")
_TIMES_IN_FORCE: Mapping[str, TimeInForce] = {
    "": TimeInForce.DAY,
    "DAY": TimeInForce.DAY,
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTD": TimeInForce.GTD,
    "OPG": TimeInForce.AT_OPEN,
}
MAX_LOTS = 1e9
"""The largest order size accepted: a thousand times what any exchange allows."""

_WITH_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
_WITH_TRIGGER = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)


def order_type(terms: OrderTerms) -> OrderType:
    """Return the exchange's order type.

    Raises:
        RefusedError: The exchange does not support it.
    """
    name = _ALIASES.get(terms.order_type, terms.order_type)
    if name not in _TYPES:
        raise RefusedError(Code.UNSUPPORTED_TYPE, "Unsupported order type for this exchange and security type.")
    return _TYPES[name]


def time_in_force(terms: OrderTerms) -> TimeInForce:
    """Return the exchange's time in force.

    Raises:
        RefusedError: The exchange does not support it.
    """
    if terms.order_type in _AT_CLOSE:
        return TimeInForce.AT_CLOSE
    if terms.tif not in _TIMES_IN_FORCE:
        raise invalid(f"Invalid TIF {terms.tif}", "bP")
    return _TIMES_IN_FORCE[terms.tif]


def quantities(terms: OrderTerms, legs: tuple[Leg, ...]) -> tuple[int, ...]:
    """Return signed lots, one per leg.

    Raises:
        RefusedError: The size is zero, fractional or absurd, or the action is invalid.
    """
    total = terms.total_quantity
    if total == 0:
        raise RefusedError(Code.SIZE_ZERO, "Order size cannot be zero.")
    if not 0 < total <= MAX_LOTS or not float(total).is_integer():
        raise invalid("Invalid order size.", "bN")
    if terms.action not in ("BUY", "SELL", "SSHORT"):
        raise invalid(f"Invalid side {terms.action}", "bN")
    side = 1 if terms.action == "BUY" else -1
    return tuple(side * leg.ratio * int(total) for leg in legs)


def traded_contract(legs: tuple[Leg, ...]) -> FuturesContract | FxPair:
    """Return the contract or spread that the exchange trades.

    Raises:
        RefusedError: The combination is over several instruments, or of currency pairs.
    """
    if len(legs) == 1:
        return legs[0].listed.terms.contract
    contracts = [leg.listed.terms.contract for leg in legs]
    futures = [contract for contract in contracts if isinstance(contract, FuturesContract)]
    codes = {contract.instrument_code for contract in futures}
    if len(futures) < len(contracts) or len(codes) > 1:
        raise RefusedError(
            Code.REJECTED, "Order rejected - reason:Combinations over several underlyings are not supported."
        )
    return FuturesContract(codes.pop(), tuple(contract.date for contract in futures))


def exchange_order(order: GatewayOrder, ref: str, login_zone: tzinfo) -> Order:
    """Return the exchange's order for a gateway order.

    It has no `outsideRth`: a closed market does not trade, and all hours in which one is open are regular.

    Args:
        order: The gateway's order.
        ref: Its reference at the exchange.
        login_zone: The zone of times that name none.

    Raises:
        RefusedError: The exchange does not support it; code and text say why.
        InvalidOrder: Its prices contradict its type.
    """
    terms = order.terms
    kind = order_type(terms)
    lots = quantities(terms.but(total_quantity=order.remaining) if order.filled else terms, order.legs)
    return Order(
        traded_contract(order.legs),
        lots,
        kind,
        **prices(terms, kind, flipped=_flipped(order.legs)),
        **_validity(terms, login_zone),
        account=terms.account,
        oco_group=terms.oca_group,
        display_quantity=terms.display_size or None,
        order_ref=ref,
    )


def _flipped(legs: tuple[Leg, ...]) -> bool:
    """Return whether the exchange's sign of a spread's price is the opposite: its first leg is positive."""
    return len(legs) > 1 and legs[0].ratio < 0


def prices(terms: OrderTerms, kind: OrderType, *, flipped: bool) -> dict[str, Any]:
    """Return the prices that an order type needs, by the exchange's names.

    Raises:
        RefusedError: A required price is missing.
    """
    found: dict[str, Any] = {}
    if kind in _WITH_LIMIT:
        found["limit_price"] = _required(terms.limit_price, flipped=flipped)
    if kind in _WITH_TRIGGER:
        found["stop_price"] = _required(terms.aux_price, flipped=flipped)
    if kind is OrderType.TRAILING_STOP:
        found |= _trail(terms)
    return found


def _required(price: float | None, *, flipped: bool) -> Decimal:
    if price is None:
        raise invalid("Missing order price.", "bN")
    return -exact(price) if flipped else exact(price)


def _trail(terms: OrderTerms) -> dict[str, Any]:
    stop = None if terms.trail_stop_price is None else exact(terms.trail_stop_price)
    if terms.trailing_percent:
        return {"trail_percent": exact(terms.trailing_percent), "stop_price": stop}
    return {"trail_amount": _required(terms.aux_price, flipped=False), "stop_price": stop}


def _validity(terms: OrderTerms, login_zone: tzinfo) -> dict[str, Any]:
    validity = time_in_force(terms)
    if validity is not TimeInForce.GTD:
        return {"time_in_force": validity}
    return {"time_in_force": validity, "good_till": parse_order_time(terms.good_till_date, login_zone)}


def parse_order_time(text: str, login_zone: tzinfo) -> datetime:
    """Parse a time in an order's terms.

    Raises:
        RefusedError: It is not a valid time.
    """
    try:
        return parse_time(text, login_zone)
    except MessageError as error:
        raise RefusedError(Code.BAD_TIME, f"Error validating request.-'bT' : cause - {error.fact}") from error


def same_instruction(before: OrderTerms, after: OrderTerms) -> bool:
    """Return whether only price, trigger or quantity differ, so that the exchange can modify the order in place."""
    changed = after.but(
        limit_price=before.limit_price,
        aux_price=before.aux_price,
        total_quantity=before.total_quantity,
        trail_stop_price=before.trail_stop_price,
    )
    names = ("order_type", "tif", "good_till_date", "oca_group", "account", "trailing_percent")
    return all(getattr(before, name) == getattr(changed, name) for name in names)
