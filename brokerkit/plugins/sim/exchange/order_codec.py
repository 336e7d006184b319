"""Converting a whole order to JSON-ready values and back, for the state file."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce

_PRICES = ("limit_price", "stop_price", "trail_amount", "trail_percent")
_PLAIN = (
    "outside_hours",
    "account",
    "oco_group",
    "display_quantity",
    "post_only",
    "reduce_only",
    "algo",
    "tag",
    "order_ref",
)


def encode_contract(contract: FuturesContract | FxPair) -> list[str]:
    """Return a contract as JSON-ready values."""
    return [contract.code] if isinstance(contract, FxPair) else [contract.instrument_code, *contract.dates]


def decode_contract(values: list[str]) -> FuturesContract | FxPair:
    """Return the contract from such values.

    Example:
        >>> decode_contract(encode_contract(FuturesContract("CORN", "202312_202403")))
        FuturesContract('CORN', '202312_202403')
    """
    return FxPair(values[0]) if len(values) == 1 else FuturesContract(values[0], values[1:])


def encode(order: Order) -> dict[str, Any]:
    """Return an order as JSON-ready values."""
    prices = {name: str(price) for name in _PRICES if (price := getattr(order, name)) is not None}
    plain = {name: getattr(order, name) for name in _PLAIN}
    return {
        **plain,
        **prices,
        "contract": encode_contract(order.contract),
        "quantity": list(order.quantity),
        "order_type": order.order_type.value,
        "time_in_force": order.time_in_force.value,
        "good_till": order.good_till.isoformat() if order.good_till else None,
        "spread_fill": order.spread_fill.value,
        "algo_parameters": dict(order.algo_parameters),
        "broker_parameters": dict(order.broker_parameters),
        "children": [encode(child) for child in order.children],
    }


def decode(values: dict[str, Any]) -> Order:
    """Return the order from such values.

    Example:
        >>> order = Order.limit(FuturesContract("GOLD", "202312"), 2, 1950).with_bracket(stop_loss=1940)
        >>> decode(encode(order)) == order
        True
    """
    given: dict[str, Any] = {name: values[name] for name in _PLAIN}
    given.update((name, Decimal(values[name])) for name in _PRICES if name in values)
    return Order(
        **given,
        contract=decode_contract(values["contract"]),
        quantity=values["quantity"],
        order_type=OrderType(values["order_type"]),
        time_in_force=TimeInForce(values["time_in_force"]),
        good_till=datetime.fromisoformat(values["good_till"]) if values["good_till"] else None,
        spread_fill=SpreadFill(values["spread_fill"]),
        algo_parameters=values["algo_parameters"],
        broker_parameters=values["broker_parameters"],
        children=tuple(decode(child) for child in values["children"]),
    )
