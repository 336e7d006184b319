"""What follows for an order of ours that IB's own lists do not show."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.order import TimeInForce

_LOOKS = 2
_LISTED_FOR = timedelta(hours=12)


@attrs.frozen
class Verdict:
    """What is concluded, and why."""

    state: OrderState
    reason: str


def verdict_on(tracked: TrackedOrder, now: datetime, is_ours_alone: bool) -> Verdict | None:
    """Return what became of an order that IB's lists of open and completed orders and fills do not show.

    Two whole looks at the lists must agree. IB lists what was done since its last daily reset, so an
    order of hours ago may be over without a trace.

    Args:
        tracked: The order.
        now: The time, aware UTC.
        is_ours_alone: Whether no other living process may be sending it just now.
    """
    if tracked.unseen < _LOOKS or not is_ours_alone:
        return None
    sent = tracked.submitted or tracked.updated
    is_fresh = sent is None or now - sent < _LISTED_FOR
    if not tracked.ids.perm_id and not tracked.fills and (is_fresh or tracked.submitted is None):
        said = tracked.refusal.broker_message if tracked.refusal is not None else ""
        return Verdict(OrderState.REJECTED, said or "It never reached IB: no list of IB's shows it.")
    if tracked.order.time_in_force is not TimeInForce.GTC and not is_fresh:
        return Verdict(OrderState.EXPIRED, "IB lists it no more; it was good for an earlier day.")
    return Verdict(OrderState.UNKNOWN, "IB lists it neither among open nor among completed orders.")
