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


def check_fills(found: Iterable[Fill], view: BrokerOrder, where: str) -> None:
    """Check that fills from elsewhere are those of an order, apart from commissions, which may come later."""
    found = list(found)
    ids, own = ([fill.execution_id for fill in fills] for fills in (found, view.fills))
    assert ids == own, f"the order has the fills {own}, and {where} there are {ids}"
    for other, fill in zip(found, view.fills, strict=True):
        for field in (each.name for each in attrs.fields(Fill) if each.name != "commission"):
            there, here = getattr(other, field), getattr(fill, field)
            assert there == here, f"the {field} of fill {fill.execution_id} is {here} on the order, and {there} {where}"
