"""The names of pysystemtrade's `sysbrokers/IB`, on top of a brokerkit broker.

A script written for pysystemtrade's broker layer runs once its imports are changed::

    from brokerkit.plugins.ib.pysystemtrade import connectionIB, ibFxPricesData
    conn = connectionIB(999, ib_ipaddress="127.0.0.1", ib_port=4001)
    ibFxPricesData(conn).get_fx_prices("GBPUSD")

The classes are views of one open broker and follow brokerkit's contract: UTC times, typed errors, and
orders that are sent exactly once. `conn.broker` is that broker.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.hours_files import read_mapping
from brokerkit.plugins.ib.opening import IBDesk
from brokerkit.spec.broker_order import OrderControl
from brokerkit.spec.capital import AccountKind
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order

__all__ = [
    "brokerOrder",
    "connectionIB",
    "false",
    "futuresContract",
    "ibAccountingClient",
    "ibCapitalData",
    "ibContractPositionData",
    "ibContractsClient",
    "ibFuturesContractData",
    "ibFuturesContractPriceData",
    "ibFuturesInstrumentData",
    "ibFxClient",
    "ibFxPricesData",
    "ibOrdersClient",
    "ibOrdersData",
    "ibPositionsClient",
    "ibPriceClient",
    "true",
]

futuresContract = FuturesContract  # noqa: N816 because pysystemtrade spells it so
brokerOrder = Order  # noqa: N816 because pysystemtrade spells it so
false, true = False, True
"""pysystemtrade's documentation writes them in lower case."""

_KEYS = {"ib_ipaddress": "host", "ib_port": "port", "broker_account": "account", "ib_readonly": "read_only"}
_FOLDERS = "PYSYS_PRIVATE_CONFIG_DIR"


class connectionIB:  # noqa: N801 because pysystemtrade spells it so
    """A connection to a Gateway or TWS, opened immediately.

    Args:
        client_id: A fixed client id, or a configuration: a mapping, or an object with the keys as attributes.
        ib_ipaddress: The Gateway's host.
        ib_port: Its port.
        ib_readonly: Refuse orders. By default, orders are allowed on paper accounts and refused on live ones.
        account: The default account.
        log_name: Ignored: brokerkit logs under its modules' names.

    Omitted arguments come from the configuration object, from `private_config.yaml` in
    `$PYSYS_PRIVATE_CONFIG_DIR` or `./private`, or from the plugin's defaults.

    Attributes:
        broker: The open broker.
        account: The default account; empty if none was given.
    """

    _newest: ClassVar[connectionIB | None] = None
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __init__(
        self,
        client_id: int | Mapping[str, Any] | object | None = None,
        ib_ipaddress: str | None = None,
        ib_port: int | None = None,
        ib_readonly: bool | None = None,
        account: str | None = None,
        log_name: str = "connectionIB",
    ) -> None:
        from brokerkit import open_broker  # here, because plugins must be importable before open_broker is

        given = {"host": ib_ipaddress, "port": ib_port, "read_only": ib_readonly, "account": account}
        settings = _configured(client_id)
        settings |= {key: value for key, value in given.items() if value is not None}
        if isinstance(client_id, int):
            settings["client_id"] = client_id
        self.account = str(settings.get("account", ""))
        self.broker = open_broker("ib", **{"read_only": False, **settings})
        if "read_only" not in settings and self.broker.account_kind is AccountKind.LIVE:
            self.broker.close()  # a live account must not be traded unless the user says so
            self.broker = open_broker("ib", **settings)
        with self._lock:
            connectionIB._newest = self

    def __repr__(self) -> str:
        """Return the address and client id."""
        return repr(self.connection)

    @property
    def desk(self) -> IBDesk:
        """The plugin's own object behind the broker."""
        native: IBDesk = self.broker.native
        return native

    @property
    def connection(self) -> IBConnection:
        """The plugin's connection."""
        return self.desk.connection

    @property
    def ib(self) -> Any:
        """The client library's live IB object, safe to use from any thread."""
        return self.connection.ib

    def client_id(self) -> int:
        """Return the client id in use."""
        return self.connection.client_id()

    def close_connection(self) -> None:
        """Disconnect, and release the client id."""
        with self._lock:
            if connectionIB._newest is self:
                connectionIB._newest = None
        self.broker.close()

    @classmethod
    def newest(cls) -> connectionIB:
        """Return the most recent connection, or a new one with the configured defaults if none is open."""
        with cls._lock:
            known = cls._newest
        return known if known is not None else cls()


class _Source:
    """A data source object: one domain of a broker under pysystemtrade's names.

    Attributes:
        conn: Its connection.
    """

    _domain: ClassVar[str] = ""

    def __init__(self, ibconnection: connectionIB | None = None, data: object = None, log: object = None) -> None:
        self.conn = ibconnection if ibconnection is not None else connectionIB.newest()

    @property
    def ibconnection(self) -> connectionIB:
        """The connection."""
        return self.conn

    @property
    def ib_client(self) -> Any:
        """The client object that calls the library."""
        return getattr(self.conn.desk, self._domain).ib_client

    def __getattr__(self, name: str) -> Any:
        """Return a hook of the domain, with the usual guards, or an attribute of the plugin's domain object."""
        if name.startswith("_"):
            raise AttributeError(name)
        facade = getattr(self.conn.broker, self._domain)
        return getattr(facade if hasattr(facade, name) else getattr(self.conn.desk, self._domain), name)


class ibFxPricesData(_Source):  # noqa: N801 because pysystemtrade spells it so
    """FX rates."""

    _domain = "fx"


class ibFuturesContractPriceData(_Source):  # noqa: N801 because pysystemtrade spells it so
    """Futures prices and quotes."""

    _domain = "prices"


class ibCapitalData(_Source):  # noqa: N801 because pysystemtrade spells it so
    """Account values."""

    _domain = "capital"


class ibFuturesContractData(_Source):  # noqa: N801 because pysystemtrade spells it so
    """Contract facts."""

    _domain = "contracts"


class ibFuturesInstrumentData(_Source):  # noqa: N801 because pysystemtrade spells it so
    """Instruments."""

    _domain = "instruments"


class ibContractPositionData(_Source):  # noqa: N801 because pysystemtrade spells it so
    """Positions."""

    _domain = "positions"


class ibOrdersData(_Source):  # noqa: N801 because pysystemtrade spells it so
    """Orders."""

    _domain = "orders"

    def modify_limit_price_given_control_object(
        self, control: OrderControl, limit_price: Decimal | str | int | float | None = None
    ) -> OrderControl:
        """Change the limit price of the order behind a handle; without a price, leave it unchanged."""
        price = limit_price if limit_price is not None else control.current().order.limit_price
        if price is None:
            raise InvalidArgument(f"Order {control.order_ref} has no limit price.")
        orders = self.conn.broker.orders
        return orders.modify_limit_price_given_control_object(control, price)


class _Client:
    """A client object: the live IB object, and the client of one domain."""

    _domain: ClassVar[str] = ""

    def __init__(self, ibconnection: connectionIB | None = None, log: object = None) -> None:
        self.ib_connection = ibconnection if ibconnection is not None else connectionIB.newest()

    @property
    def ib(self) -> Any:
        """The client library's live IB object, safe to use from any thread."""
        return self.ib_connection.ib

    def __getattr__(self, name: str) -> Any:
        """Return a method of the domain's client."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(getattr(self.ib_connection.desk, self._domain).ib_client, name)


class ibAccountingClient(_Client):  # noqa: N801 because pysystemtrade spells it so
    """Account requests."""

    _domain = "capital"


class ibPositionsClient(_Client):  # noqa: N801 because pysystemtrade spells it so
    """Position requests."""

    _domain = "positions"


class ibContractsClient(_Client):  # noqa: N801 because pysystemtrade spells it so
    """Contract requests."""

    _domain = "contracts"


class ibOrdersClient(ibContractsClient):  # noqa: N801 because pysystemtrade spells it so
    """Order requests."""

    _domain = "orders"


class ibPriceClient(ibContractsClient):  # noqa: N801 because pysystemtrade spells it so
    """Price requests."""

    _domain = "prices"


class ibFxClient(ibPriceClient):  # noqa: N801 because pysystemtrade spells it so
    """FX requests."""

    _domain = "fx"


def _configured(given: object) -> dict[str, Any]:
    """Return the settings of a configuration object or file, under the plugin's names."""
    if isinstance(given, Mapping):
        found: Mapping[str, Any] = given
    elif given is None or isinstance(given, int):
        path = _private_config()
        found = read_mapping(path) if path is not None else {}
    else:
        found = {key: getattr(given, key) for key in _KEYS if hasattr(given, key)}
    return {ours: found[theirs] for theirs, ours in _KEYS.items() if theirs in found}


def _private_config() -> Path | None:
    folders = [Path(os.environ[_FOLDERS])] if _FOLDERS in os.environ else []
    for folder in (*folders, Path("private")):
        if (folder / "private_config.yaml").is_file():
            return folder / "private_config.yaml"
    return None
