"""Maps IB's order statuses to our order states."""

from __future__ import annotations

from brokerkit.spec.broker_order import OrderState

_STATES = {
    "ApiPending": OrderState.PENDING,
    "PendingSubmit": OrderState.PENDING,
    "PreSubmitted": OrderState.WORKING,
    "Submitted": OrderState.WORKING,
    "PendingCancel": OrderState.PENDING_CANCEL,
    "ApiCancelled": OrderState.CANCELLED,
    "Cancelled": OrderState.CANCELLED,
    "Filled": OrderState.FILLED,
    "Inactive": OrderState.UNKNOWN,
}


def state_of(status: str, *, reject_reason: str = "", time_in_force: str = "") -> OrderState:
    """Return the state that an IB status means.

    `Inactive` alone says only that the order is not working: with a reject reason it was
    rejected, a fill-or-kill order was killed, and otherwise its state is unknown.

    Args:
        status: IB's status.
        reject_reason: IB's reject reason, if it has arrived.
        time_in_force: IB's time in force.

    Example:
        >>> state_of("Inactive", reject_reason="no margin").value, state_of("Inactive").value
        ('rejected', 'unknown')
    """
    state = _STATES.get(status, OrderState.UNKNOWN)
    if status == "Inactive":
        if reject_reason:
            return OrderState.REJECTED
        return OrderState.CANCELLED if time_in_force in {"FOK", "IOC"} else OrderState.UNKNOWN
    if state is OrderState.CANCELLED and reject_reason:
        return OrderState.REJECTED
    return state
