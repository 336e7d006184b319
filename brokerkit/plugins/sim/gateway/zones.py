"""Time zone names as used by gateways on Windows and by IB."""

from __future__ import annotations

_WINDOWS_NAMES = {
    "UTC": "Coordinated Universal Time",
    "America/New_York": "Eastern Standard Time",
    "US/Eastern": "Eastern Standard Time",
    "America/Chicago": "Central Standard Time",
    "US/Central": "Central Standard Time",
    "America/Los_Angeles": "Pacific Standard Time",
    "Europe/London": "GMT Standard Time",
    "Europe/Berlin": "Central European Standard Time",
    "Europe/Paris": "Central European Standard Time",
    "Europe/Zurich": "Central European Standard Time",
    "Asia/Tokyo": "Tokyo Standard Time",
    "Asia/Hong_Kong": "China Standard Time",
    "Asia/Singapore": "Singapore Standard Time",
    "Australia/Sydney": "AUS Eastern Standard Time",
}

_IB_NAMES = {
    "America/New_York": "US/Eastern",
    "America/Chicago": "US/Central",
    "Europe/Berlin": "MET",
    "Europe/Zurich": "MET",
    "Europe/Paris": "MET",
    "Europe/London": "GB-Eire",
    "Asia/Tokyo": "Japan",
    "Asia/Hong_Kong": "Hongkong",
}


def windows_name(zone: str) -> str:
    """Return a zone's Windows name, or its IANA name if the Windows name is not known here."""
    return _WINDOWS_NAMES.get(zone, zone)


def instrument_zone_name(zone: str) -> str:
    """Return an exchange's time zone name as used in contract details and times."""
    return _IB_NAMES.get(zone, zone)
