"""Time zones by the names that IB, Java and Windows give them."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from brokerkit.errors import MissingData, closest_match

# Short and translated names mean the zone with its summer time, not a fixed offset: a contract's
# "CST" is Chicago's clock all year.
_ALIASES = {
    "AEST": "Australia/Sydney",
    "AET": "Australia/Sydney",
    "AUS EASTERN STANDARD TIME": "Australia/Sydney",
    "BST": "Europe/London",
    "BRITISH SUMMER TIME": "Europe/London",
    "CENTRAL DAYLIGHT TIME": "America/Chicago",
    "CENTRAL EUROPE STANDARD TIME": "Europe/Budapest",
    "CENTRAL EUROPEAN STANDARD TIME": "Europe/Berlin",
    "CENTRAL EUROPEAN SUMMER TIME": "Europe/Berlin",
    "CENTRAL EUROPEAN TIME": "Europe/Berlin",
    "CENTRAL STANDARD TIME": "America/Chicago",
    "CDT": "America/Chicago",
    "CEST": "Europe/Berlin",
    "CET": "Europe/Berlin",
    "CHINA STANDARD TIME": "Asia/Shanghai",
    "CST": "America/Chicago",
    "CST6CDT": "America/Chicago",
    "CTT": "Asia/Shanghai",
    "EASTERN DAYLIGHT TIME": "America/New_York",
    "EASTERN STANDARD TIME": "America/New_York",
    "EDT": "America/New_York",
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "GB": "Europe/London",
    "GB-EIRE": "Europe/London",
    "GMT": "UTC",
    "GMT STANDARD TIME": "Europe/London",
    "GREENWICH MEAN TIME": "Europe/London",
    "HKT": "Asia/Hong_Kong",
    "HONG KONG STANDARD TIME": "Asia/Hong_Kong",
    "HONGKONG": "Asia/Hong_Kong",
    "INDIA STANDARD TIME": "Asia/Kolkata",
    "IST": "Asia/Kolkata",
    "JAPAN STANDARD TIME": "Asia/Tokyo",
    "JST": "Asia/Tokyo",
    "KOREA STANDARD TIME": "Asia/Seoul",
    "KST": "Asia/Seoul",
    "MDT": "America/Denver",
    "MET": "Europe/Berlin",
    "MEZ": "Europe/Berlin",
    "MIDDLE EUROPE TIME": "Europe/Berlin",
    "MOUNTAIN STANDARD TIME": "America/Denver",
    "MST": "America/Denver",
    "MST7MDT": "America/Denver",
    "PACIFIC DAYLIGHT TIME": "America/Los_Angeles",
    "PACIFIC STANDARD TIME": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "PST": "America/Los_Angeles",
    "PST8PDT": "America/Los_Angeles",
    "ROMANCE STANDARD TIME": "Europe/Paris",
    "SGT": "Asia/Singapore",
    "SINGAPORE STANDARD TIME": "Asia/Singapore",
    "TAIPEI STANDARD TIME": "Asia/Taipei",
    "TOKYO STANDARD TIME": "Asia/Tokyo",
    "UNIVERSAL": "UTC",
    "US CENTRAL STANDARD TIME": "America/Chicago",
    "US EASTERN STANDARD TIME": "America/New_York",
    "UTC": "UTC",
    "W. EUROPE STANDARD TIME": "Europe/Berlin",
    "Z": "UTC",
}

_OF_EXCHANGES = {
    "BELFOX": "Europe/Brussels",
    "CBOT": "America/Chicago",
    "CDE": "America/Toronto",
    "CFE": "America/Chicago",
    "CME": "America/Chicago",
    "COMEX": "America/New_York",
    "ENDEX": "Europe/Amsterdam",
    "EUREX": "Europe/Berlin",
    "FTA": "Europe/Amsterdam",
    "HKFE": "Asia/Hong_Kong",
    "ICEEU": "Europe/London",
    "ICEEUSOFT": "Europe/London",
    "ICEUS": "America/New_York",
    "IDEM": "Europe/Rome",
    "IPE": "Europe/London",
    "KSE": "Asia/Seoul",
    "LMEOTC": "Europe/London",
    "MATIF": "Europe/Paris",
    "MEFFRV": "Europe/Madrid",
    "MEXDER": "America/Mexico_City",
    "MONEP": "Europe/Paris",
    "NSE": "Asia/Kolkata",
    "NYBOT": "America/New_York",
    "NYMEX": "America/New_York",
    "OMS": "Europe/Stockholm",
    "OSE.JPN": "Asia/Tokyo",
    "SGX": "Asia/Singapore",
    "SNFE": "Australia/Sydney",
}


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone that IB, Java or Windows means by `name`.

    Raises:
        MissingData: No zone has that name; the closest is named.

    Example:
        >>> zone_of("CST").key, zone_of("Central European Standard Time").key, zone_of("America/New_York").key
        ('America/Chicago', 'Europe/Berlin', 'America/New_York')
    """
    text = " ".join(name.split())
    try:
        return ZoneInfo(_ALIASES.get(text.upper(), text))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MissingData(
            f"No time zone is called {name!r}.",
            given=name,
            candidates=[close] if (close := closest_match(name, _ALIASES)) else (),
            remedy="Set `timezone` to a name such as 'America/Chicago'.",
        ) from None


def zone_of_exchange(exchange: str, told: str) -> ZoneInfo:
    """Return the zone whose days an exchange's days are.

    Args:
        exchange: IB's name of it.
        told: The zone in which IB tells its hours: the exchange's, the user's or UTC, as the Gateway is set.

    Raises:
        MissingData: The exchange is not known, and its hours are told in UTC, which is no exchange's; or see `zone_of`.

    Example:
        >>> zone_of_exchange("CME", "UTC").key, zone_of_exchange("ELSEWHERE", "US/Eastern").key
        ('America/Chicago', 'US/Eastern')
    """
    zone = zone_of(_OF_EXCHANGES.get(exchange, told))
    if zone.key in {"UTC", "Etc/UTC", "Zulu", "Etc/Zulu", "GMT", "Etc/GMT"}:
        raise MissingData(
            f"IB tells the hours of {exchange} in UTC, and not in the exchange's own zone.",
            remedy="Have the Gateway's API settings send instrument-specific attributes in the instrument's time zone.",
        )
    return zone


def utc_from_local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return a zone's naive wall-clock time as aware UTC.

    A time that the clocks skip in spring is taken as if they had not; of one that they show twice in
    autumn, the first is meant.
    """
    return moment.replace(tzinfo=zone).astimezone(timezone.utc)
