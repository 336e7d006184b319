"""Time zones under the names of IB, Java and Windows."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timezone
from functools import lru_cache, partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from brokerkit.errors import MissingData, closest_match

# Short and translated names mean the zone with its daylight saving time, not a fixed offset: a contract's
# "CST" is Chicago time all year.
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

_IN_WORDS = re.compile(r"([A-Z]{3,4}) \(.*\)")
"""As in `EST (Eastern Standard Time)`, which IB still sends for some contracts."""

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
    """Return the time zone that IB, Java or Windows calls `name`.

    Raises:
        MissingData: No zone has that name; the closest is suggested.

    Example:
        >>> zone_of("CST").key, zone_of("Central European Standard Time").key, zone_of("America/New_York").key
        ('America/Chicago', 'Europe/Berlin', 'America/New_York')
    """
    text = " ".join(name.split())
    in_words = _IN_WORDS.fullmatch(text)
    known = in_words[1] if in_words else text
    try:
        return ZoneInfo(_ALIASES.get(known.upper(), known))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise MissingData(
            f"No time zone is called {name!r}.",
            given=name,
            candidates=[close] if (close := closest_match(name, _ALIASES)) else (),
            remedy="Set `timezone` to a name such as 'America/Chicago'.",
        ) from None


def zone_of_exchange(exchange: str, hours_zone: str) -> ZoneInfo:
    """Return the zone that determines an exchange's dates.

    Args:
        exchange: IB's name of it.
        hours_zone: The zone of its hours at IB: the exchange's, the user's or UTC, depending on the Gateway's settings.

    Raises:
        MissingData: The exchange is unknown and its hours are in UTC, which is no exchange's zone; or see `zone_of`.

    Example:
        >>> zone_of_exchange("CME", "UTC").key, zone_of_exchange("ELSEWHERE", "US/Eastern").key
        ('America/Chicago', 'US/Eastern')
    """
    zone = zone_of(_OF_EXCHANGES.get(exchange, hours_zone))
    if zone.key in {"UTC", "Etc/UTC", "Zulu", "Etc/Zulu", "GMT", "Etc/GMT"}:
        raise MissingData(
            f"IB sends the hours of {exchange} in UTC, not in the exchange's own zone.",
            remedy="In the Gateway's API settings, send instrument-specific attributes in the instrument's time zone.",
        )
    return zone


def zone_of_last_trade(exchange: str, hours_zone: str) -> ZoneInfo:
    """Return the zone in which a contract's last trading time is kept: its exchange's, if known, or that of its hours.

    Example:
        >>> zone_of_last_trade("NYMEX", "Asia/Shanghai").key, zone_of_last_trade("ELSEWHERE", "UTC").key
        ('America/New_York', 'UTC')
    """
    for find in (partial(zone_of_exchange, exchange), zone_of):
        with contextlib.suppress(MissingData):
            return find(hours_zone)
    return ZoneInfo("UTC")


def utc_from_local(moment: datetime, zone: ZoneInfo) -> datetime:
    """Convert a zone's naive local time to aware UTC.

    A time that is skipped in spring is read as if the clocks had not changed; one that occurs twice in
    autumn is the first.
    """
    return moment.replace(tzinfo=zone).astimezone(timezone.utc)
