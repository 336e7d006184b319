"""What follows for an order of ours that IB's own lists do not show."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import attrs

from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.order import TimeInForce

_LOOKS = 2
_OVER_AFTER = timedelta(hours=12)
_MIDNIGHTS = tuple(map(ZoneInfo, ("America/New_York", "Europe/Zurich", "Asia/Hong_Kong")))
"""Where IB's servers stand: at one of these midnights, which one depends on the account, its lists begin anew."""


@attrs.frozen
class Verdict:
    """What is concluded, and why."""

    state: OrderState
    reason: str


@attrs.frozen
class Evidence:
    """What is known besides IB's lists, all by the Gateway's clock.

    Attributes:
        sent: When the order was sent, or was about to be; None when it is not known.
        now: The time.
        login_zone: The time zone of the login.
        is_ours_alone: Whether no other living process may be sending it just now.
        is_position_explained: Whether what IB holds of its contracts is what the last session left plus the fills
            since: then none of its fills has gone unseen.
    """

    sent: datetime | None
    now: datetime
    login_zone: ZoneInfo | None
    is_ours_alone: bool
    is_position_explained: bool

    @property
    def is_listed_still(self) -> bool:
        """Whether IB's lists would show all that was done since the order was sent: they begin anew at midnight."""
        sent = self.sent
        zones = (*_MIDNIGHTS, *((self.login_zone,) if self.login_zone else ()))
        return sent is not None and all(
            sent.astimezone(zone).date() == self.now.astimezone(zone).date() for zone in zones
        )


def verdict_on(tracked: TrackedOrder, evidence: Evidence) -> Verdict | None:
    """Return what became of an order that IB's lists of open and completed orders and fills do not show.

    Two whole looks at the lists must agree. That an order never arrived, or is over, is concluded only where
    its fills would be seen: in IB's lists, which go back to midnight, or in the positions.
    """
    if tracked.unseen < _LOOKS or not evidence.is_ours_alone:
        return None
    if not tracked.ids.perm_id and not tracked.fills and evidence.is_listed_still:
        said = tracked.refusal.broker_message if tracked.refusal is not None else ""
        return Verdict(OrderState.REJECTED, said or "It never reached IB: no list of IB's shows it.")
    if evidence.is_position_explained and _is_of_an_earlier_day(tracked, evidence):
        return Verdict(OrderState.EXPIRED, "IB lists it no more, and no fill of it is in the positions.")
    if evidence.is_listed_still:
        return Verdict(OrderState.UNKNOWN, "IB lists it neither among open nor among completed orders.")
    return Verdict(OrderState.UNKNOWN, "IB lists it no more: whether it filled on an earlier day, its positions say.")


def may_hide(other: TrackedOrder, tracked: TrackedOrder) -> bool:
    """Return whether fills of one order may make up for those of another in the positions."""
    pairs = itertools.product(
        zip(other.order.contract.legs, other.order.quantity, strict=True),
        zip(tracked.order.contract.legs, tracked.order.quantity, strict=True),
    )
    return any(one == two and lots * others < 0 for (one, lots), (two, others) in pairs)


def _is_of_an_earlier_day(tracked: TrackedOrder, evidence: Evidence) -> bool:
    """Return whether an order's time is up."""
    order = tracked.order
    if order.time_in_force is TimeInForce.GTC or evidence.sent is None:
        return False
    return evidence.now >= (order.good_till or evidence.sent + _OVER_AFTER)
