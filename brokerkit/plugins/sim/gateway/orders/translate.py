"""From an order as IB's clients write it to an order of the exchange."""

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
"""The order types passed on; the rest are refused by name."""

_SPELLINGS = {"STPLMT": "STP LMT", "MARKET": "MKT", "LIMIT": "LMT", "STOP": "STP"}
_AT_CLOSE = ("MOC", "LOC")
_TIMES: Mapping[str, TimeInForce] = {
    "": TimeInForce.DAY,
    "DAY": TimeInForce.DAY,
    "GTC": TimeInForce.GTC,
    "IOC": TimeInForce.IOC,
    "FOK": TimeInForce.FOK,
    "GTD": TimeInForce.GTD,
    "OPG": TimeInForce.AT_OPEN,
}
MOST_LOTS = 1e9
"""The largest order that is passed on: a thousand times what any exchange admits."""

_WITH_LIMIT = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
_WITH_TRIGGER = (OrderType.STOP, OrderType.STOP_LIMIT, OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED)


def order_type(terms: OrderTerms) -> OrderType:
    """Return the exchange's order type.

    Raises:
        RefusedError: The exchange has none of that name.
    """
    name = _SPELLINGS.get(terms.order_type, terms.order_type)
    if name not in _TYPES:
        raise RefusedError(Code.UNSUPPORTED_TYPE, "Unsupported order type for this exchange and security type.")
    return _TYPES[name]


def time_in_force(terms: OrderTerms) -> TimeInForce:
    """Return how long an order works.

    Raises:
        RefusedError: The exchange has no such time in force.
    """
    if terms.order_type in _AT_CLOSE:
        return TimeInForce.AT_CLOSE
    if terms.tif not in _TIMES:
        raise invalid(f"Invalid TIF {terms.tif}", "bP")
    return _TIMES[terms.tif]


def quantities(terms: OrderTerms, legs: tuple[Leg, ...]) -> tuple[int, ...]:
    """Return signed lots, one a leg.

    Raises:
        RefusedError: Zero, a fraction, more than anybody can mean, or no side.
    """
    total = terms.total_quantity
    if total == 0:
        raise RefusedError(Code.SIZE_ZERO, "Order size cannot be zero.")
    if not 0 < total <= MOST_LOTS or not float(total).is_integer():
        raise invalid("Invalid order size.", "bN")
    if terms.action not in ("BUY", "SELL", "SSHORT"):
        raise invalid(f"Invalid side {terms.action}", "bN")
    side = 1 if terms.action == "BUY" else -1
    return tuple(side * leg.ratio * int(total) for leg in legs)


def traded_contract(legs: tuple[Leg, ...]) -> FuturesContract | FxPair:
    """Return the contract or spread that the exchange trades.

    Raises:
        RefusedError: A combination over several instruments, or of currency pairs.
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
    """Return the exchange's order for a gateway's.

    `outsideRth` is not in it: a market that is closed trades nothing, and all hours in which one is open are regular.

    Args:
        order: The gateway's order.
        ref: What the exchange shall call it.
        login_zone: The zone of times that name none.

    Raises:
        RefusedError: The exchange cannot do it; code and text say why.
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
    """Tell whether the exchange counts a spread's price the other way round: first leg positive."""
    return len(legs) > 1 and legs[0].ratio < 0


def prices(terms: OrderTerms, kind: OrderType, *, flipped: bool) -> dict[str, Any]:
    """Return the prices that an order of a kind needs, as the exchange names them.

    Raises:
        RefusedError: One that is needed is missing.
    """
    found: dict[str, Any] = {}
    if kind in _WITH_LIMIT:
        found["limit_price"] = _needed(terms.limit_price, flipped=flipped)
    if kind in _WITH_TRIGGER:
        found["stop_price"] = _needed(terms.aux_price, flipped=flipped)
    if kind is OrderType.TRAILING_STOP:
        found |= _trail(terms)
    return found


def _needed(price: float | None, *, flipped: bool) -> Decimal:
    if price is None:
        raise invalid("Missing order price.", "bN")
    return -exact(price) if flipped else exact(price)


def _trail(terms: OrderTerms) -> dict[str, Any]:
    stop = None if terms.trail_stop_price is None else exact(terms.trail_stop_price)
    if terms.trailing_percent:
        return {"trail_percent": exact(terms.trailing_percent), "stop_price": stop}
    return {"trail_amount": _needed(terms.aux_price, flipped=False), "stop_price": stop}


def _validity(terms: OrderTerms, login_zone: tzinfo) -> dict[str, Any]:
    validity = time_in_force(terms)
    if validity is not TimeInForce.GTD:
        return {"time_in_force": validity}
    return {"time_in_force": validity, "good_till": told_time(terms.good_till_date, login_zone)}


def told_time(text: str, login_zone: tzinfo) -> datetime:
    """Return a time in an order's terms.

    Raises:
        RefusedError: It is none.
    """
    try:
        return parse_time(text, login_zone)
    except MessageError as error:
        raise RefusedError(Code.BAD_TIME, f"Error validating request.-'bT' : cause - {error.fact}") from error


def same_instruction(before: OrderTerms, after: OrderTerms) -> bool:
    """Tell whether only price, trigger or quantity differ, so that the exchange can change the order in place."""
    changed = after.but(
        limit_price=before.limit_price,
        aux_price=before.aux_price,
        total_quantity=before.total_quantity,
        trail_stop_price=before.trail_stop_price,
    )
    names = ("order_type", "tif", "good_till_date", "oca_group", "account", "trailing_percent")
    return all(getattr(before, name) == getattr(changed, name) for name in names)
