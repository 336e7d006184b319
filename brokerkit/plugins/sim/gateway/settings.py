"""Settings of a simulated gateway."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from brokerkit.errors import InvalidSetting
from brokerkit.plugins.sim.gateway.codec import MIN_SERVER_VERSION, SERVER_VERSION
from brokerkit.plugins.sim.gateway.zones import windows_name


def _check_time_zone(instance: object, attribute: attrs.Attribute[str], value: str) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidSetting(
            f"time_zone: {value!r} is not a time zone.", remedy="Give an IANA name, such as 'America/Chicago'."
        ) from error


def _check_server_version(instance: object, attribute: attrs.Attribute[int], value: int) -> None:
    if not MIN_SERVER_VERSION <= value <= SERVER_VERSION:
        raise InvalidSetting(
            f"server_version: {value} is not supported.", remedy=f"Give {MIN_SERVER_VERSION} to {SERVER_VERSION}."
        )


ATTRIBUTE_ZONES = ("instrument", "operator", "UTC")


def _check_attributes_in(instance: object, attribute: attrs.Attribute[str], value: str) -> None:
    if value not in ATTRIBUTE_ZONES:
        raise InvalidSetting(
            f"attributes_in: {value!r} is not a choice.", remedy=f"Give one of {', '.join(ATTRIBUTE_ZONES)}."
        )


@attrs.frozen(kw_only=True)
class Limits:
    """The gateway's limits; None means no limit.

    Attributes:
        clients: Clients connected at once; any more are refused.
        messages_per_second: Messages per second and client; more are answered with error 100, and a client that
            continues is disconnected.
        open_history_requests: Historical data requests open at once, including those kept up to date.
        small_bar_requests: Requests per ten minutes for bars of 30 seconds or less, and subscriptions to five-second
            bars; BID_ASK counts twice.
        identical_history_seconds: Seconds before an identical historical data request may be repeated.
        market_data_lines: Quote and five-second bar subscriptions at once, over all clients.
        tick_by_tick_lines: Tick-by-tick subscriptions at once, over all clients. With 100 market data lines IB allows
            as many as of market depth; some logins have had five or six.
        unread_bytes: Unread output at which a client that does not read is disconnected.
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
        """Return limits that do not restrict clients, for load tests."""
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
    """The settings of a simulated gateway.

    Attributes:
        host: The address to listen on; any but loopback logs a warning.
        port: The port; 0 picks a free one.
        read_only: Refuse orders and order queries with error 321, as a real gateway's Read-Only API setting does.
        server_version: The highest server version supported.
        time_zone: IANA name of the login's time zone.
        attributes_in: The zone of an instrument's hours, last trading time and executions: its own (`instrument`), the
            login's (`operator`) or `UTC`.
        windows_zone_names: Use Windows time zone names in the greeting, as a gateway on Windows does.
        open_orders_first: Send a client its open orders before its accounts and next valid id.
        live_data: IB symbols with a live data subscription; None means every symbol.
        delayed_data: Symbols with delayed data only: requests give an error until the client selects delayed data.
            None means every symbol that is not live.
        limits: The limits on clients.
    """

    host: str = "127.0.0.1"
    port: int = 4002
    read_only: bool = False
    server_version: int = attrs.field(default=SERVER_VERSION, validator=_check_server_version)
    time_zone: str = attrs.field(default="UTC", validator=_check_time_zone)
    attributes_in: str = attrs.field(default="instrument", validator=_check_attributes_in)
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
        """The login's time zone, as named in the greeting."""
        return windows_name(self.time_zone) if self.windows_zone_names else self.time_zone
