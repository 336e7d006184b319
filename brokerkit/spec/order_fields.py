"""The fields that every way of making an order takes by name, as type checkers and editors are told them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from brokerkit.spec.order import Order, SpreadFill, TimeInForce


class OrderFields(TypedDict, total=False):
    """The fields of an order besides what is traded, how much, and at which price; `Order` says what each means."""

    time_in_force: TimeInForce
    good_till: datetime | None
    outside_hours: bool
    account: str
    oco_group: str
    children: tuple[Order, ...]
    spread_fill: SpreadFill
    display_quantity: int | None
    post_only: bool
    reduce_only: bool
    algo: str
    algo_parameters: Mapping[str, Any]
    tag: str
    broker_parameters: Mapping[str, Any]
    order_ref: str


class TrailingStopFields(OrderFields, total=False):
    """And for a trailing stop, where its trigger begins."""

    stop_price: Decimal | str | int | float | None
