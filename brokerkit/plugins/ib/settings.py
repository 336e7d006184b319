"""The settings of the IB plugin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from brokerkit.errors import InvalidSetting, MissingData
from brokerkit.plugins.ib.zones import zone_of

LIBRARIES = ("auto", "ib_insync", "ib_async")
MARKET_DATA_TYPES = {"live": 1, "frozen": 2, "delayed": 3, "delayed-frozen": 4}


def _in_range(low: float, high: float) -> Callable[[Any, attrs.Attribute[Any], Any], None]:
    def check(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value is not None and not low <= value <= high:
            raise InvalidSetting(
                f"{attribute.name} = {value!r} is not between {low:g} and {high:g}.", place=attribute.name
            )

    return check


def _one_of(*choices: str) -> Callable[[Any, attrs.Attribute[Any], Any], None]:
    def check(_: Any, attribute: attrs.Attribute[Any], value: Any) -> None:
        if value not in choices:
            raise InvalidSetting(
                f"{attribute.name} = {value!r} is not one of {', '.join(choices)}.",
                place=attribute.name,
                given=str(value),
                candidates=choices,
            )

    return check


def _a_zone(_: Any, attribute: attrs.Attribute[str], value: str) -> None:
    try:
        if value:
            zone_of(value)
    except MissingData as error:
        raise InvalidSetting(
            f"{attribute.name} = {value!r} is not a time zone.", place=attribute.name, remedy=error.remedy
        ) from error


def _help(text: str) -> dict[str, str]:
    return {"help": text}


@attrs.frozen
class IBSettings:
    """Where the Gateway or TWS listens, and how the plugin uses it.

    Attributes:
        host: The host on which the Gateway or TWS runs.
        port: Its API port: Gateway 4001 live, 4002 paper; TWS 7496 live, 7497 paper.
        client_id: A fixed client id; None leases a free one from the store.
        client_id_first: The first client id that may be leased.
        account: The default account for orders and values; may be empty if the login has only one.
        library: The client library: `ib_insync`, `ib_async`, or `auto` for whichever is installed.
        api_read_only: The Gateway's "Read-Only API" box is ticked, so that orders are not requested from it.
        connect_timeout: Seconds for connecting, including reading the day's orders and fills.
        request_timeout: Seconds for a single request.
        order_timeout: Seconds without a response until an order's state is unknown.
        probe_interval: Seconds of silence from the Gateway before it is probed with a request for the time.
        reconnect: Whether to reconnect when the connection is lost.
        max_reconnect_wait: The longest pause between attempts to reconnect, in seconds.
        market_data: What to request where live data is not allowed: `live`, `delayed`, `frozen` or `delayed-frozen`.
        instruments: A CSV file of additional instruments, in brokerkit's or pysystemtrade's format.
        instruments_replaced_by: A CSV file that replaces the shipped instruments.
        fx_codes: A CSV file of additional currency pairs.
        fx_codes_replaced_by: A CSV file that replaces the shipped pairs.
        trading_hours: A YAML or TOML file of weekly hours by instrument or zone, in UTC.
        timezone: The login's time zone, for the few times that IB sends without a zone.
        contract_age: Seconds after which a contract's hours and dates are requested again.
        max_order_quantity: The largest number of lots in one leg of an order; 0 for no limit.
        lock_on_break: Refuse orders in an instrument whose positions differ from the fills, until they agree.
        journal_days: Days that a completed order stays in the journal.
    """

    host: str = attrs.field(default="127.0.0.1", metadata=_help("host on which the Gateway or TWS runs"))
    port: int = attrs.field(
        default=4001,
        validator=_in_range(1, 65535),
        metadata=_help("API port: Gateway 4001 live, 4002 paper; TWS 7496, 7497"),
    )
    client_id: int | None = attrs.field(
        default=None, validator=_in_range(0, 2**31 - 1), metadata=_help("fixed client id; without it, one is leased")
    )
    client_id_first: int = attrs.field(
        default=100, validator=_in_range(1, 2**31 - 1001), metadata=_help("first client id that may be leased")
    )
    account: str = attrs.field(default="", metadata=_help("default account; may be empty if the login has only one"))
    library: str = attrs.field(
        default="auto", validator=_one_of(*LIBRARIES), metadata=_help("client library: ib_insync, ib_async or auto")
    )
    api_read_only: bool = attrs.field(
        default=False, metadata=_help("set it if 'Read-Only API' is ticked in the Gateway")
    )
    connect_timeout: float = attrs.field(
        default=20.0,
        validator=_in_range(0.1, 600),
        metadata=_help("seconds for connecting, including the day's orders and fills"),
    )
    request_timeout: float = attrs.field(
        default=30.0, validator=_in_range(0.1, 600), metadata=_help("seconds for a single request")
    )
    order_timeout: float = attrs.field(
        default=10.0,
        validator=_in_range(0.1, 600),
        metadata=_help("seconds without a response until an order is unknown"),
    )
    probe_interval: float = attrs.field(
        default=30.0,
        validator=_in_range(0.1, 3600),
        metadata=_help("seconds of silence before the connection is probed"),
    )
    reconnect: bool = attrs.field(default=True, metadata=_help("reconnect when the connection is lost"))
    max_reconnect_wait: float = attrs.field(
        default=60.0,
        validator=_in_range(0.05, 3600),
        metadata=_help("longest pause between attempts to reconnect, in seconds"),
    )
    market_data: str = attrs.field(
        default="delayed",
        validator=_one_of(*MARKET_DATA_TYPES),
        metadata=_help("what to request where live data is not allowed"),
    )
    instruments: str = attrs.field(default="", metadata=_help("CSV file of additional instruments"))
    instruments_replaced_by: str = attrs.field(
        default="", metadata=_help("CSV file that replaces the shipped instruments")
    )
    fx_codes: str = attrs.field(default="", metadata=_help("CSV file of additional currency pairs"))
    fx_codes_replaced_by: str = attrs.field(default="", metadata=_help("CSV file that replaces the shipped pairs"))
    trading_hours: str = attrs.field(default="", metadata=_help("YAML or TOML file of weekly trading hours, in UTC"))
    timezone: str = attrs.field(
        default="", validator=_a_zone, metadata=_help("the login's time zone, for times that IB sends without one")
    )
    contract_age: float = attrs.field(
        default=6 * 3600.0,
        validator=_in_range(0, 7 * 86400),
        metadata=_help("seconds after which a contract's details are requested again"),
    )
    max_order_quantity: int = attrs.field(
        default=0, validator=_in_range(0, 2**31 - 1), metadata=_help("most lots in one leg of an order; 0 for no limit")
    )
    lock_on_break: bool = attrs.field(
        default=False, metadata=_help("refuse orders where positions differ from the records")
    )
    journal_days: int = attrs.field(
        default=400, validator=_in_range(30, 36_500), metadata=_help("days a completed order stays in the journal")
    )

    @property
    def gateway(self) -> str:
        """The Gateway's address, as `host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of times that IB sends without one; None for this machine's zone."""
        return zone_of(self.timezone) if self.timezone else None

    @property
    def leasable_ids(self) -> range:
        """The client ids that may be leased."""
        return range(self.client_id_first, self.client_id_first + 1000)
