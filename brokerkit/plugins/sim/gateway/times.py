"""Times as formatted by the protocol, and as written by clients in requests."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from brokerkit.plugins.sim.gateway.codec import MessageError

ZONED_TIMES_SINCE = 174
"""The first server version in which times name their zone."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TIME = re.compile(r"(\d{4})(\d{2})(\d{2})(?:[ -]+(\d{2}):(\d{2})(?::(\d{2}))?)?(?:\s+(\S.*))?")
_ZONE_ALIASES = {"MET": "Europe/Berlin", "EST": "America/New_York", "JST": "Asia/Tokyo", "GB": "Europe/London"}

BAR_SECONDS = {
    "1 secs": 1,
    "5 secs": 5,
    "10 secs": 10,
    "15 secs": 15,
    "30 secs": 30,
    "1 min": 60,
    "2 mins": 120,
    "3 mins": 180,
    "5 mins": 300,
    "10 mins": 600,
    "15 mins": 900,
    "20 mins": 1200,
    "30 mins": 1800,
    "1 hour": 3600,
    "2 hours": 7200,
    "3 hours": 10800,
    "4 hours": 14400,
    "8 hours": 28800,
    "1 day": 86400,
    "1 week": 604800,
    "1 month": 2592000,
}
"""Every bar size that a gateway knows, with its length in seconds; a month's is nominal."""

SMALL_BAR_SECONDS = 30
_SHORT = {"1 week": "1W", "1 month": "1M"}
_LENGTHS = BAR_SECONDS | {short: BAR_SECONDS[name] for name, short in _SHORT.items()}


def instant(time: datetime, zone: str, zone_name: str) -> str:
    """Return a time formatted with its zone.

    Args:
        time: Aware.
        zone: IANA name of the zone to convert to.
        zone_name: The name to print for that zone.
    """
    return f"{time.astimezone(ZoneInfo(zone)):%Y%m%d %H:%M:%S} {zone_name}"


def instant_without_zone(time: datetime, login_zone: tzinfo) -> str:
    """Return a time formatted as before server version 174: in the login's zone, without its name."""
    return f"{time.astimezone(login_zone):%Y%m%d  %H:%M:%S}"


def epoch_seconds(time: datetime) -> int:
    """Return whole seconds since 1970 UTC."""
    return (time - _EPOCH) // timedelta(seconds=1)


def zone_named(name: str) -> tzinfo | None:
    """Return the time zone of a name that a client sent, or None if unknown; no gateway knows `GMT`."""
    if name.upper() == "UTC":
        return timezone.utc
    if name.upper() == "GMT":
        return None
    try:
        return ZoneInfo(_ZONE_ALIASES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def parse_time(text: str, login_zone: tzinfo) -> datetime:
    """Return a client's time as aware UTC.

    Accepts `yyyymmdd hh:mm:ss`, followed by a time zone or in the login's; the same with a hyphen in the
    middle, in UTC; and a date alone.

    Raises:
        MessageError: It is none of these, or the zone is unknown.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise MessageError(f"{text[:60]!r} is not a date and time")
    year, month, day, hour, minute, second, name = match.groups()
    zone = zone_named(name.strip()) if name else timezone.utc if "-" in text else login_zone
    if zone is None:
        raise MessageError(f"{name!r} is not a time zone")
    try:
        local = datetime(*(int(part or 0) for part in (year, month, day, hour, minute, second)), tzinfo=zone)  # type: ignore[misc,arg-type]  # because the types do not show that these are six numbers
        return local.astimezone(timezone.utc)
    except (ValueError, OverflowError) as error:
        raise MessageError(f"{text[:60]!r} is not a date and time") from error


def parse_bar_size(text: str) -> int:
    """Return the length in seconds of a bar size such as `1 min`.

    Raises:
        MessageError: Gateways have no such bar size.
    """
    found = _LENGTHS.get(text.strip())
    if found is None:
        legal = ", ".join(_SHORT.get(name, name) for name in BAR_SECONDS)
        raise MessageError(f"Historical data bar size setting is invalid. Legal ones are: {legal}")
    return found
