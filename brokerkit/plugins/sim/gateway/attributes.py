"""The zone in which an instrument's times are sent.

A real gateway has a setting for it, 'Send instrument-specific attributes for dual-mode API client in'.
"""

from __future__ import annotations

from datetime import datetime, timezone

from brokerkit.plugins.sim.gateway.settings import GatewaySettings
from brokerkit.plugins.sim.gateway.times import instant
from brokerkit.plugins.sim.gateway.zones import instrument_zone_name


def attribute_zone(zone: str, settings: GatewaySettings) -> tuple[str, str]:
    """Return the IANA name of the zone to convert an instrument's times to, and the name to print for it.

    Args:
        zone: IANA name of the instrument's own zone.
        settings: The gateway's settings.
    """
    if settings.attributes_in == "operator":
        return settings.time_zone, settings.time_zone
    return ("UTC", "UTC") if settings.attributes_in == "UTC" else (zone, instrument_zone_name(zone))


def attribute_time(time: datetime, zone: str, settings: GatewaySettings) -> str:
    """Return an instrument's time as sent to clients: with the zone's name, or in UTC with a hyphen and without it.

    Args:
        time: Aware.
        zone: IANA name of the instrument's own zone.
        settings: The gateway's settings.
    """
    if settings.attributes_in == "UTC":
        return f"{time.astimezone(timezone.utc):%Y%m%d-%H:%M:%S}"
    return instant(time, *attribute_zone(zone, settings))
