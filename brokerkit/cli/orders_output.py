"""How orders, fills and what-if answers are printed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import attrs

from brokerkit.cli.output import jsonable, print_facts, print_json, print_table
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.order import Order
from brokerkit.spec.orders import WhatIf


def print_orders(orders: Sequence[BrokerOrder], *, as_json: bool) -> None:
    """Print orders, one a row."""
    if as_json:
        print_json([_with_totals(order) for order in orders])
        return
    print_table(
        ["reference", "contract", "order", "lots>", "filled>", "average>", "state", "by", "reason"],
        (
            (
                o.order_ref,
                o.order.contract,
                terms(o.order),
                _lots(o.order.quantity),
                _lots(o.filled),
                _averages(o),
                o.state,
                o.origin,
                o.reason,
            )
            for o in orders
        ),
        empty="No orders.",
    )


def print_order(order: BrokerOrder, *, as_json: bool) -> None:
    """Print one order with its fills."""
    if as_json:
        print_json(_with_totals(order))
        return
    print_facts(
        [
            ("contract", order.order.contract),
            ("order", terms(order.order)),
            ("lots", _lots(order.order.quantity)),
            ("filled", _lots(order.filled)),
            ("average price", _averages(order)),
            ("commission", order.commissions),
            ("state", order.state),
            ("reason", order.reason),
            ("submitted", order.submitted),
        ],
        title=f"Order {order.order_ref}",
    )
    if order.fills:
        print_fills(order.fills, as_json=False)


def print_fills(fills: Sequence[Fill], *, as_json: bool) -> None:
    """Print executions, one a row."""
    if as_json:
        print_json(fills)
        return
    print_table(
        ["time", "contract", "lots>", "price>", "commission>", "execution", "order"],
        ((f.time, f.contract, f"{f.quantity:+d}", f.price, f.commission, f.execution_id, f.order_ref) for f in fills),
        empty="No fills.",
    )


def print_what_if(answer: WhatIf, *, as_json: bool) -> None:
    """Print what an order would do to the account."""
    if as_json:
        print_json(answer)
        return
    print_facts(
        [
            ("initial margin", f"{answer.initial_margin} (change {answer.initial_margin_change})"),
            ("maintenance margin", f"{answer.maintenance_margin} (change {answer.maintenance_margin_change})"),
            ("commission", answer.commission),
            ("warning", answer.warning),
        ]
    )


def terms(order: Order) -> str:
    """Return type, prices, time in force and hours in a few words.

    Example:
        >>> from brokerkit.spec.contract import FuturesContract
        >>> terms(Order.limit(FuturesContract("GOLD", "202312"), 1, "1950.5"))
        'limit 1950.5 DAY'
    """
    prices = [
        str(order.limit_price) if order.limit_price is not None else "",
        f"trigger {order.stop_price}" if order.stop_price is not None else "",
        f"trailing by {order.trail_amount}" if order.trail_amount is not None else "",
        f"trailing by {order.trail_percent} %" if order.trail_percent is not None else "",
    ]
    hours = "outside hours too" if order.outside_hours else ""
    return " ".join(part for part in (order.order_type.value, *prices, order.time_in_force.value, hours) if part)


def _lots(quantities: tuple[int, ...]) -> str:
    return " ".join(f"{lots:+d}" if lots else "0" for lots in quantities)


def _averages(order: BrokerOrder) -> tuple[Decimal | None, ...]:
    """Return the average price of each leg's fills; None for a leg without any."""
    return tuple(order.average_price(leg) for leg in range(len(order.order.quantity)))


def _with_totals(order: BrokerOrder) -> dict[str, object]:
    return {
        **{field.name: jsonable(getattr(order, field.name)) for field in attrs.fields(BrokerOrder)},
        "filled": order.filled,
        "remaining": order.remaining,
        "average_prices": _averages(order),
        "commissions": order.commissions,
    }
