"""Tradepost's rows of orders and fills, turned into brokerkit's views."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from brokerkit import (
    BrokerIds,
    BrokerOrder,
    Fill,
    FuturesContract,
    Money,
    Order,
    OrderOrigin,
    OrderState,
    OrderType,
    TimeInForce,
)

STATES = {
    "open": OrderState.WORKING,
    "cancelling": OrderState.PENDING_CANCEL,
    "done": OrderState.FILLED,
    "cancelled": OrderState.CANCELLED,
    "rejected": OrderState.REJECTED,
    "expired": OrderState.EXPIRED,
}


def fill_of(row: dict[str, Any], contract: FuturesContract) -> Fill:
    """Return a fill."""
    return Fill(
        execution_id=row["id"],
        order_ref=row["ref"],
        contract=contract,
        quantity=row["quantity"],
        price=Decimal(row["price"]),
        time=datetime.fromisoformat(row["time"]),
        account=row["account"],
        commission=Money(row["currency"], row["commission"]),
    )


def view_of(row: dict[str, Any], known: Order | None, contract_of: Callable[[str], FuturesContract]) -> BrokerOrder:
    """Return the view of an order.

    Args:
        row: What Tradepost says.
        known: The order as it was placed here; None when somebody else placed it.
        contract_of: Finds the contract of one of Tradepost's ids.
    """
    contract = contract_of(row["contract"])
    order = Order(
        contract=contract,
        quantity=row["quantity"],
        order_type=OrderType.LIMIT if row["limit"] else OrderType.MARKET,
        limit_price=row["limit"],
        time_in_force=TimeInForce(row["tif"]),
        account=known.account if known else row["account"],
        tag=row["tag"],
        broker_parameters=known.broker_parameters if known else {},
        order_ref=row["ref"],
    )
    return BrokerOrder(
        order=order,
        state=STATES[row["state"]],
        ids=BrokerIds(account=row["account"], order_id=row["id"]),
        fills=tuple(fill_of(fill, contract) for fill in row["fills"]),
        reason=row["reason"],
        origin=OrderOrigin.OURS if known else OrderOrigin.OTHER_CLIENT,
        submitted=datetime.fromisoformat(row["placed"]),
        updated=datetime.fromisoformat(row["updated"]),
    )
