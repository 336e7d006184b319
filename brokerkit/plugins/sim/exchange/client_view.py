"""The client's view of an order, which faults can make lag behind its true state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from brokerkit.plugins.sim.exchange.entries import Execution, Status
from brokerkit.plugins.sim.exchange.units import time_of
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderState

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder

_EARLY = (OrderState.PENDING, OrderState.UNKNOWN)


def first(live: LiveOrder) -> BrokerOrder:
    """Return the client's view of an order that was sent but not acknowledged."""
    return live.as_of(OrderState.PENDING, 0, live.order, "", live.submitted)


def after_status(seen: BrokerOrder, status: Status) -> BrokerOrder:
    """Return the view after a status; a final state stays, and an earlier state does not return."""
    told = status.state
    stays = seen.state.is_final or (told in _EARLY and seen.state not in _EARLY)
    state = seen.state if stays else told
    return attrs.evolve(seen, state=state, order=status.order, reason=status.reason, updated=time_of(status.time))


def after_fill(seen: BrokerOrder, execution: Execution, fill: Fill) -> BrokerOrder:
    """Return the view after a fill: counted once by its id, with a correction replacing what it corrects.

    A fill carries the current instruction, as any execution report does.
    """
    if any(fill.execution_id in (one.execution_id, one.corrects) for one in seen.fills):
        return seen
    kept = tuple(one for one in seen.fills if one.execution_id != fill.corrects)
    told = attrs.evolve(seen, fills=(*kept, fill), order=execution.live.order, updated=time_of(execution.time))
    if seen.state.is_final:
        return told
    if not any(told.remaining):
        return attrs.evolve(told, state=OrderState.FILLED)
    return attrs.evolve(told, state=OrderState.WORKING) if seen.state in _EARLY else told


def after_commission(seen: BrokerOrder, execution: Execution) -> BrokerOrder:
    """Return the view after a fill's commission was reported."""
    cost = execution.as_commission()
    fills = tuple(
        attrs.evolve(one, commission=cost.commission) if one.execution_id == cost.execution_id else one
        for one in seen.fills
    )
    return attrs.evolve(seen, fills=fills)


def waiting_for_cancel(live: LiveOrder) -> BrokerOrder:
    """Return the view of a client that has requested a cancel without an answer."""
    return attrs.evolve(live.view or live.at_exchange(), state=OrderState.PENDING_CANCEL)
