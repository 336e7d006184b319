"""IB's texts for moments and days, read into UTC and dates."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from brokerkit.errors import MissingData
from brokerkit.plugins.ib.zones import utc_from_local, zone_of

_MOMENT = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[ \-]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?)?(?:\s+(\S.*))?")


class Expiry(NamedTuple):
    """When a contract stops trading: the exchange's day, and the moment where IB gives one."""

    day: date
    moment: datetime | None


def expiry_from(text: str, zone_id: str = "") -> Expiry:
    """Return the expiry that IB writes as `YYYYMMDD`, or with a time and a zone behind it.

    Args:
        text: Such as `20250915`, `20250915 10:00:00 GB` or `20250915-10:00:00`.
        zone_id: The contract's zone, for a time without one.

    Raises:
        MissingData: The text is no date.

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
    """Return a moment that IB writes as text, as aware UTC.

    Args:
        text: Epoch seconds, or `YYYYMMDD HH:MM:SS` with or without a zone's name.
        default_zone: For a text without a zone; this machine's zone when None, as IB means its own.

    Raises:
        MissingData: The text is no moment.

    Example:
        >>> moment_from("20260413 15:27:04 US/Eastern").isoformat()
        '2026-04-13T19:27:04+00:00'
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
    """Return an aware time as IB reads it, in UTC whatever the login's zone.

    Example:
        >>> ib_moment(datetime(2026, 4, 13, 19, 27, tzinfo=timezone.utc))
        '20260413-19:27:00'
    """
    return moment.astimezone(timezone.utc).strftime("%Y%m%d-%H:%M:%S")


def _parts(text: str) -> tuple[str, ...]:
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise MissingData(f"IB sent {text!r} where a date or time belongs.")
    return match.groups()
