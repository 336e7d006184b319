"""What all reports of one thing agree on, whichever hook or event they come from."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import attrs

from brokerkit import BrokerOrder, Fill


def check_utc(moment: datetime | None, what: str) -> None:
    """Check that a time, where there is one, is aware and in UTC."""
    if moment is not None:
        offset = moment.utcoffset()
        assert offset is not None, f"{what} {moment} has no zone: give an aware time in UTC"
        assert offset == timedelta(0), f"{what} {moment} is not in UTC: convert it"


def check_times(view: BrokerOrder) -> None:
    """Check that every time in an order's view is aware and in UTC."""
    check_utc(view.submitted, f"the time at which order {view.order_ref} was submitted,")
    check_utc(view.updated, f"the time of the view of order {view.order_ref},")
    for fill in view.fills:
        check_utc(fill.time, f"the time of fill {fill.execution_id},")


def executions(fills: Iterable[Fill]) -> list[Fill]:
    """Return fills without what may be reported later, the commission: so they are equal wherever they come from."""
    return [attrs.evolve(fill, commission=None) for fill in fills]
