"""The instruments domain of Tradepost. The list is short and fixed, so it is read once."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Any

from brokerkit import FuturesInstrument, Instruments, hookimpl
from brokerkit.errors import MissingInstrument
from brokerkit_tradepost.client import Client


class TradepostInstruments(Instruments):
    """What Tradepost trades."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @cached_property
    def table(self) -> dict[str, dict[str, Any]]:
        """Tradepost's description of each instrument, by our code."""
        rows = self._client.get("/v1/instruments")
        return {row["code"]: row for row in sorted(rows, key=lambda row: str(row["code"]))}

    def row(self, code: str) -> dict[str, Any]:
        """Return Tradepost's description of an instrument."""
        if code not in self.table:
            raise MissingInstrument(f"No instrument {code!r} at Tradepost.", given=code, candidates=self.table)
        return self.table[code]

    @hookimpl
    def get_list_of_instruments(self) -> list[str]:
        """Return the codes."""
        return list(self.table)

    @hookimpl
    def get_futures_instrument_object_with_broker_data(self, instrument_code: str) -> FuturesInstrument:
        """Return an instrument."""
        row = self.row(instrument_code)
        return FuturesInstrument(
            code=instrument_code,
            broker_code=row["symbol"],
            exchange="TRADEPOST",
            currency=row["currency"],
            multiplier=Decimal(row["multiplier"]),
            description=row["name"],
        )

    @hookimpl
    def get_brokers_instrument_code(self, instrument_code: str) -> str:
        """Return Tradepost's symbol."""
        return str(self.row(instrument_code)["symbol"])

    @hookimpl
    def get_instrument_code_from_broker_code(self, broker_code: str) -> str:
        """Return our code."""
        codes = {row["symbol"]: code for code, row in self.table.items()}
        if broker_code not in codes:
            raise MissingInstrument(f"No symbol {broker_code!r} at Tradepost.", given=broker_code, candidates=codes)
        return codes[broker_code]
