"""Turns events into lines that two brokers can be compared by: no ids, no clock, no wording of theirs."""

from __future__ import annotations

from collections.abc import Iterable

from brokerkit import BrokerOrder, CommissionReport, ConnectionChange, DataGap, Event, Fill, Position


def normalised(events: Iterable[Event]) -> list[str]:
    """Return one line for each event; orders are numbered in the order in which they were first told of.

    Of an order's states only the changes are kept: how often a broker repeats itself is its own affair.
    """
    lines: list[str] = []
    numbers: dict[str, int] = {}
    told: dict[str, str] = {}
    for event in events:
        line = _line(event, numbers)
        if isinstance(event, BrokerOrder):
            if told.get(event.order_ref) == line:
                continue
            told[event.order_ref] = line
        lines.append(line)
    return lines


def _line(event: Event, numbers: dict[str, int]) -> str:
    if isinstance(event, BrokerOrder):
        order = event.order
        price = "" if order.limit_price is None else f" at {order.limit_price:f}"
        return f"order {_number(event.order_ref, numbers)} {event.state.value} {order.quantity} {order.contract}{price}"
    if isinstance(event, Fill):
        price = f"{event.price.normalize():f}"
        return f"fill {_number(event.order_ref, numbers)} {event.quantity:+d} {event.contract} at {price}"
    if isinstance(event, CommissionReport):
        return f"commission {_number(event.order_ref, numbers)} {event.commission.amount.normalize():f}"
    if isinstance(event, Position):
        return f"position {event.contract} {event.quantity:+d}"
    if isinstance(event, ConnectionChange):
        return f"line {event.state.value}"
    return f"gap {event.contract or 'everything'}" if isinstance(event, DataGap) else str(event)


def _number(order_ref: str, numbers: dict[str, int]) -> int:
    return numbers.setdefault(order_ref, len(numbers) + 1)
