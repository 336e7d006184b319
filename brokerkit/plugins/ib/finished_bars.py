"""Determines which bars have not ended yet, by the Gateway's clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from brokerkit.errors import MissingData
from brokerkit.plugins.ib.contract_facts import ResolvedContract
from brokerkit.plugins.ib.hours import trading_days_from
from brokerkit.plugins.ib.zones import zone_of_exchange
from brokerkit.spec.prices import Frequency


def first_unfinished(resolved: ResolvedContract, frequency: Frequency, now: datetime) -> datetime:
    """Return the time before which every bar has ended; later bars must not be used.

    A daily bar carries the date on which its session closes, in the exchange's zone, and has ended
    when that session is over. If zone or hours are unknown, today's bar in UTC is left out.
    """
    if frequency is not Frequency.DAY:
        return now - frequency.length + timedelta(microseconds=1)
    return datetime.combine(_first_open_date(resolved, now), datetime.min.time(), timezone.utc)


def _first_open_date(resolved: ResolvedContract, now: datetime) -> datetime:
    try:
        zone = zone_of_exchange(resolved.facts.exchange, resolved.facts.zone_id)
        sessions = trading_days_from(resolved.facts.hours_text, resolved.facts.zone_id)
    except MissingData:
        return now.astimezone(timezone.utc)
    today = now.astimezone(zone)
    for session in sessions:
        closing = (session.closing_time - timedelta(microseconds=1)).astimezone(zone)
        if closing.date() >= today.date() and session.closing_time > now:
            return closing
    return today + timedelta(days=1)
