"""How a simulated gateway is set up."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from brokerkit.errors import InvalidSetting
from brokerkit.plugins.sim.gateway.codec import MIN_SERVER_VERSION, SERVER_VERSION
from brokerkit.plugins.sim.gateway.zones import windows_name


def _known_zone(instance: object, attribute: attrs.Attribute[str], value: str) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidSetting(
            f"time_zone: {value!r} is no time zone.", remedy="Give an IANA name, such as 'America/Chicago'."
        ) from error


def _served_version(instance: object, attribute: attrs.Attribute[int], value: int) -> None:
    if not MIN_SERVER_VERSION <= value <= SERVER_VERSION:
        raise InvalidSetting(
            f"server_version: {value} is not served.", remedy=f"Give {MIN_SERVER_VERSION} to {SERVER_VERSION}."
        )


@attrs.frozen(kw_only=True)
class Limits:
    """What the gateway allows; None takes a limit away.

    Attributes:
        clients: Clients connected at a time; the next one is turned away.
        messages_per_second: Requests a second; more are answered with error 100, and a client that goes on
            is disconnected.
        open_history_requests: Historical requests open at a time, kept-up-to-date ones included.
        small_bar_requests: Requests for bars of 30 seconds or less in ten minutes; quotes count twice.
        identical_history_seconds: How soon the same historical request may be repeated.
        market_data_lines: Quotes and five-second bars subscribed to at a time, by all clients together.
        tick_by_tick_lines: Subscriptions tick by tick at a time, by all clients together: with 100 market data lines as
            many as of market depth, says IB. Some logins have had five or six.
        unread_bytes: What may wait for a client that does not read before it is disconnected.
    """

    clients: int | None = 32
    messages_per_second: int | None = 50
    open_history_requests: int | None = 50
    small_bar_requests: int | None = 60
    identical_history_seconds: float | None = 15.0
    market_data_lines: int | None = 100
    tick_by_tick_lines: int | None = 3
    unread_bytes: int = 64 << 20

    @classmethod
    def none(cls) -> Limits:
        """Return limits that let a client do as it likes, for load tests."""
        return cls(
            messages_per_second=None,
            open_history_requests=None,
            small_bar_requests=None,
            identical_history_seconds=None,
            market_data_lines=None,
            tick_by_tick_lines=None,
        )


@attrs.frozen(kw_only=True)
class GatewaySettings:
    """How a simulated gateway presents itself.

    Attributes:
        host: The address it listens on; anything but loopback is warned of.
        port: The port; 0 takes a free one.
        read_only: Refuse every order, and every question about orders, with error 321, as the setting of a real
            gateway does.
        server_version: The highest protocol version it speaks.
        time_zone: IANA name of the login's time zone.
        windows_zone_names: Name time zones in the greeting as a gateway on Windows does.
        open_orders_first: Send a client its open orders before its accounts and next id.
        live_data: Symbols (IB's) with a subscription to live data; None means every symbol.
        delayed_data: Symbols with delayed data only; asked for live data, they give an error until the
            client asks for delayed data. None means every symbol that is not live.
        limits: What a client may do.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    read_only: bool = False
    server_version: int = attrs.field(default=SERVER_VERSION, validator=_served_version)
    time_zone: str = attrs.field(default="UTC", validator=_known_zone)
    windows_zone_names: bool = False
    open_orders_first: bool = False
    live_data: frozenset[str] | None = None
    delayed_data: frozenset[str] | None = None
    limits: Limits = Limits()

    @property
    def zone(self) -> ZoneInfo:
        """The login's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def zone_name(self) -> str:
        """The login's time zone as the greeting names it."""
        return windows_name(self.time_zone) if self.windows_zone_names else self.time_zone
