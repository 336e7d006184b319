"""Parses IB's texts for times and dates."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from brokerkit.errors import MissingData
from brokerkit.plugins.ib.zones import utc_from_local, zone_of

_MOMENT = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:([ \-]+)(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?)?(?:\s+(\S.*))?")


class Expiry(NamedTuple):
    """When a contract stops trading: the exchange's date, and the time if IB gives one."""

    day: date
    moment: datetime | None


def expiry_from(text: str, zone_id: str = "") -> Expiry:
    """Parse an expiry, which IB writes as `YYYYMMDD`, with or without a time and a zone.

    Args:
        text: Such as `20250915`, `20250915 10:00:00 GB` or, in UTC, `20250915-09:00:00`.
        zone_id: The contract's zone, for a time without one.

    Raises:
        MissingData: The text is not a date.

    Example:
        >>> expiry = expiry_from("20250915 10:00:00 GB")
        >>> str(expiry.day), str(expiry.moment)
        ('2025-09-15', '2025-09-15 09:00:00+00:00')
    """
    year, month, day, hour, minute, second, zone = _parts(text)
    found = date(int(year), int(month), int(day))
    if hour is None:
        return Expiry(found, None)
    local = datetime(found.year, found.month, found.day, int(hour), int(minute), int(second or 0))  # noqa: DTZ001 because the zone is applied in the next line
    name = zone or zone_id
    return Expiry(found, utc_from_local(local, zone_of(name)) if name else None)


def moment_from(text: str, default_zone: ZoneInfo | None = None) -> datetime:
    """Parse a time that IB writes as text, to aware UTC.

    Args:
        text: Epoch seconds, or `YYYYMMDD HH:MM:SS` with or without a zone; without one, a hyphen before the time
            means UTC.
        default_zone: The zone of a text without one; None for this machine's, as IB uses the Gateway's.

    Raises:
        MissingData: The text is not a time.

    Example:
        >>> moment_from("20260413 15:27:04 US/Eastern").isoformat()
        '2026-04-13T19:27:04+00:00'
        >>> moment_from("20231214-20:57:37", ZoneInfo("America/New_York")).isoformat()
        '2023-12-14T20:57:37+00:00'
        >>> moment_from("1700000000").isoformat()
        '2023-11-14T22:13:20+00:00'
    """
    if text.isdigit() and len(text) != 8:
        return datetime.fromtimestamp(int(text), timezone.utc)
    year, month, day, hour, minute, second, zone = _parts(text)
    if zone:
        default_zone = zone_of(zone)
    naive = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0))  # noqa: DTZ001 because the zone is applied in the next line
    return naive.astimezone(timezone.utc) if default_zone is None else utc_from_local(naive, default_zone)


def ib_moment(moment: datetime) -> str:
    """Format an aware time for IB, in UTC whatever the login's zone.

    Example:
        >>> ib_moment(datetime(2026, 4, 13, 19, 27, tzinfo=timezone.utc))
        '20260413-19:27:00'
    """
    return moment.astimezone(timezone.utc).strftime("%Y%m%d-%H:%M:%S")


def _parts(text: str) -> tuple[str, ...]:
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise MissingData(f"IB sent {text!r} instead of a date or time.")
    year, month, day, between, hour, minute, second, zone = match.groups()
    is_utc = zone is None and between is not None and "-" in between
    return year, month, day, hour, minute, second, "UTC" if is_utc else zone or ""
