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
                f"{attribute.name} = {value!r} is none of {', '.join(choices)}.",
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
            f"{attribute.name} = {value!r} is no time zone.", place=attribute.name, remedy=error.remedy
        ) from error


def _help(text: str) -> dict[str, str]:
    return {"help": text}


@attrs.frozen
class IBSettings:
    """Where the Gateway or TWS is, and how to behave towards it.

    Attributes:
        host: Machine on which Gateway or TWS runs.
        port: Its API port: Gateway 4001 live, 4002 paper; TWS 7496 live, 7497 paper.
        client_id: A fixed client id; None leases a free one from the store.
        client_id_first: The first id that may be leased.
        account: The account for orders and values that name none; empty when there is only one.
        library: The client library: `ib_insync`, `ib_async`, or `auto` for what is installed.
        api_read_only: The Gateway's own "Read-Only API" box is ticked: do not ask it for orders.
        connect_timeout: Seconds for connecting, reading the day's orders and fills included.
        request_timeout: Seconds for any one request.
        order_timeout: Seconds until an order that nobody answered is called unknown.
        probe_interval: Seconds without a word from the Gateway until it is asked the time.
        reconnect: Whether to connect again when the line breaks.
        max_reconnect_wait: Seconds between attempts to connect again, at most.
        market_data: `live`, `delayed`, `frozen` or `delayed-frozen`: what to ask for when live is not allowed.
        instruments: A CSV file with more instruments, in our form or in pysystemtrade's.
        instruments_replaced_by: A CSV file to use instead of the table that ships.
        fx_codes: A CSV file with more currency pairs.
        fx_codes_replaced_by: A CSV file to use instead of the pairs that ship.
        trading_hours: A YAML or TOML file of weekly hours by instrument or zone, in UTC.
        timezone: The login's time zone, for the few times that IB sends without one.
        contract_age: Seconds after which a contract's hours and dates are read again.
        max_order_quantity: Lots that one leg of an order may have; 0 for no limit.
        lock_on_break: Refuse orders in an instrument whose positions differ from the fills, until they agree.
        journal_days: For how many days an order that has ended stays in the journal.
    """

    host: str = attrs.field(default="127.0.0.1", metadata=_help("machine on which Gateway or TWS runs"))
    port: int = attrs.field(default=4001, validator=_in_range(1, 65535), metadata=_help("its API port"))
    client_id: int | None = attrs.field(
        default=None, validator=_in_range(0, 2**31 - 1), metadata=_help("fixed client id; none leases a free one")
    )
    client_id_first: int = attrs.field(
        default=100, validator=_in_range(1, 2**31 - 1001), metadata=_help("first client id that may be leased")
    )
    account: str = attrs.field(default="", metadata=_help("default account"))
    library: str = attrs.field(default="auto", validator=_one_of(*LIBRARIES), metadata=_help("client library"))
    api_read_only: bool = attrs.field(default=False, metadata=_help("the Gateway's Read-Only API box is ticked"))
    connect_timeout: float = attrs.field(
        default=20.0, validator=_in_range(0.1, 600), metadata=_help("seconds for connecting")
    )
    request_timeout: float = attrs.field(
        default=30.0, validator=_in_range(0.1, 600), metadata=_help("seconds for one request")
    )
    order_timeout: float = attrs.field(
        default=10.0, validator=_in_range(0.1, 600), metadata=_help("seconds until an unanswered order is unknown")
    )
    probe_interval: float = attrs.field(
        default=30.0, validator=_in_range(0.1, 3600), metadata=_help("seconds of silence before a probe")
    )
    reconnect: bool = attrs.field(default=True, metadata=_help("connect again when the line breaks"))
    max_reconnect_wait: float = attrs.field(
        default=60.0, validator=_in_range(0.05, 3600), metadata=_help("longest wait between two attempts, seconds")
    )
    market_data: str = attrs.field(
        default="delayed", validator=_one_of(*MARKET_DATA_TYPES), metadata=_help("fallback when live is not allowed")
    )
    instruments: str = attrs.field(default="", metadata=_help("CSV file with more instruments"))
    instruments_replaced_by: str = attrs.field(default="", metadata=_help("CSV file instead of the shipped table"))
    fx_codes: str = attrs.field(default="", metadata=_help("CSV file with more currency pairs"))
    fx_codes_replaced_by: str = attrs.field(default="", metadata=_help("CSV file instead of the shipped pairs"))
    trading_hours: str = attrs.field(default="", metadata=_help("file of weekly trading hours, UTC"))
    timezone: str = attrs.field(default="", validator=_a_zone, metadata=_help("the login's time zone"))
    contract_age: float = attrs.field(
        default=6 * 3600.0, validator=_in_range(0, 7 * 86400), metadata=_help("seconds a contract's data stays fresh")
    )
    max_order_quantity: int = attrs.field(
        default=0, validator=_in_range(0, 2**31 - 1), metadata=_help("lots one leg may have; 0 for no limit")
    )
    lock_on_break: bool = attrs.field(default=False, metadata=_help("refuse orders where positions disagree"))
    journal_days: int = attrs.field(
        default=400, validator=_in_range(30, 36_500), metadata=_help("days an ended order stays in the journal")
    )

    @property
    def gateway(self) -> str:
        """The Gateway's address, as `host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of times that IB sends without one; None for this machine's."""
        return zone_of(self.timezone) if self.timezone else None

    @property
    def leasable_ids(self) -> range:
        """The client ids that may be leased."""
        return range(self.client_id_first, self.client_id_first + 1000)
