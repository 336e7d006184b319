"""Decides the state of an order of ours that IB's lists do not show."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import attrs

from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.order import TimeInForce

_READINGS = 2
_OVER_AFTER = timedelta(hours=12)
_MIDNIGHTS = tuple(map(ZoneInfo, ("America/New_York", "Europe/Zurich", "Asia/Hong_Kong")))
"""The zones of IB's servers: its lists are reset at midnight in one of these, depending on the account."""


@attrs.frozen
class Verdict:
    """The conclusion, and why."""

    state: OrderState
    reason: str


@attrs.frozen
class Evidence:
    """What is known besides IB's lists, with times by the Gateway's clock.

    Attributes:
        sent: When the order was sent or about to be sent; None if unknown.
        now: The current time.
        login_zone: The login's time zone.
        is_ours_alone: Whether no other session may be sending it right now.
        is_position_explained: Whether IB's position in its contracts equals the last session's plus the fills since, so
            that none of its fills is unseen.
    """

    sent: datetime | None
    now: datetime
    login_zone: ZoneInfo | None
    is_ours_alone: bool
    is_position_explained: bool

    @property
    def is_listed_still(self) -> bool:
        """Whether IB's lists, which are reset at midnight, still go back to when the order was sent."""
        sent = self.sent
        zones = (*_MIDNIGHTS, *((self.login_zone,) if self.login_zone else ()))
        return sent is not None and all(
            sent.astimezone(zone).date() == self.now.astimezone(zone).date() for zone in zones
        )


def verdict_on(tracked: TrackedOrder, evidence: Evidence) -> Verdict | None:
    """Return what became of an order that IB's lists of open and completed orders and fills do not show.

    Two complete readings of the lists must agree. An order is taken to have never arrived, or to have ended, only where
    its fills would be seen: in IB's lists, which go back to midnight, or in the positions.
    """
    if tracked.unseen < _READINGS or not evidence.is_ours_alone:
        return None
    if not tracked.ids.perm_id and not tracked.fills and evidence.is_listed_still:
        message = tracked.refusal.broker_message if tracked.refusal is not None else ""
        return Verdict(OrderState.REJECTED, message or "It never reached IB: none of IB's lists shows it.")
    if evidence.is_position_explained and _has_timed_out(tracked, evidence):
        return Verdict(OrderState.EXPIRED, "IB no longer lists it, and the positions contain no fill of it.")
    if evidence.is_listed_still:
        return Verdict(OrderState.UNKNOWN, "IB lists it neither among open nor among completed orders.")
    return Verdict(OrderState.UNKNOWN, "IB no longer lists it: check the positions for a fill on an earlier day.")


def may_hide(other: TrackedOrder, tracked: TrackedOrder) -> bool:
    """Return whether fills of one order may offset those of another in the positions."""
    pairs = itertools.product(
        zip(other.order.contract.legs, other.order.quantity, strict=True),
        zip(tracked.order.contract.legs, tracked.order.quantity, strict=True),
    )
    return any(one == two and lots * others < 0 for (one, lots), (two, others) in pairs)


def _has_timed_out(tracked: TrackedOrder, evidence: Evidence) -> bool:
    """Return whether an order's time in force has passed."""
    order = tracked.order
    if order.time_in_force is TimeInForce.GTC or evidence.sent is None:
        return False
    return evidence.now >= (order.good_till or evidence.sent + _OVER_AFTER)
