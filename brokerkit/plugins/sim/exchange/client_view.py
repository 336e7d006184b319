"""What a client has been told of an order, which a fault can keep behind the truth."""

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
    """Return what the client knows when it has sent an order and heard nothing."""
    return live.as_of(OrderState.PENDING, 0, live.order, "", live.submitted)


def after_status(seen: BrokerOrder, status: Status) -> BrokerOrder:
    """Return the view after a status was told; a final state stays, and an early one does not come back."""
    told = status.state
    stays = seen.state.is_final or (told in _EARLY and seen.state not in _EARLY)
    state = seen.state if stays else told
    return attrs.evolve(seen, state=state, order=status.order, reason=status.reason, updated=time_of(status.time))


def after_fill(seen: BrokerOrder, execution: Execution, fill: Fill) -> BrokerOrder:
    """Return the view after a fill was told: counted once by its id, a correction in place of what it corrects.

    With a fill comes what is ordered by now, as in any execution report.
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
    """Return the view of a client that has asked for a cancel and heard nothing."""
    return attrs.evolve(live.view or live.at_exchange(), state=OrderState.PENDING_CANCEL)
