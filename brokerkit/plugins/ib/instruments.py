"""The instruments domain at IB: our codes and IB's symbols, from the instrument table."""

from __future__ import annotations

from brokerkit.plugins.ib.clients.contracts import ContractsClient
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.instruments import FuturesInstrument, Instruments


class IBInstruments(Instruments):
    """Instruments as the table describes them."""

    def __init__(self, directory: ContractDirectory) -> None:
        self._directory = directory
        self._table = directory.table

    @property
    def ib_client(self) -> ContractsClient:
        """The client for contract requests."""
        return self._directory.client

    @property
    def ibconnection(self) -> IBConnection:
        """The connection."""
        return self._directory.client.ib_connection

    @hookimpl
    def get_list_of_instruments(self) -> list[str]:
        """Return the codes of all instruments, in alphabetical order."""
        return self._table.codes()

    @hookimpl
    def get_futures_instrument_object_with_broker_data(self, instrument_code: str) -> FuturesInstrument:
        """Return an instrument with IB's data."""
        return self._table.row(instrument_code).as_instrument()

    def get_futures_instrument_object_with_IB_data(  # noqa: N802 because pysystemtrade spells it so
        self, instrument_code: str
    ) -> FuturesInstrument:
        """Return the same, under pysystemtrade's name for it."""
        return self.get_futures_instrument_object_with_broker_data(instrument_code)

    @hookimpl
    def get_brokers_instrument_code(self, instrument_code: str) -> str:
        """Return IB's symbol for our code."""
        return self._table.row(instrument_code).symbol

    @hookimpl
    def get_instrument_code_from_broker_code(self, broker_code: str) -> str:
        """Return our code for IB's symbol."""
        return self._table.code_of_symbol(broker_code)
