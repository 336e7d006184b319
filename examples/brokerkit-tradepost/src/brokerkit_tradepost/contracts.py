"""The contracts domain of Tradepost."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any

from brokerkit import Contracts, ContractWithBrokerData, FuturesContract, Money, TradingHours, hookimpl
from brokerkit.errors import InvalidArgument, MarketClosed, MissingContract
from brokerkit_tradepost.client import Client
from brokerkit_tradepost.instruments import TradepostInstruments


class TradepostContracts(Contracts):
    """Monthly contracts, each with an id of Tradepost's own."""

    def __init__(self, client: Client, instruments: TradepostInstruments) -> None:
        self._client = client
        self._instruments = instruments

    def row(self, contract: FuturesContract, *, allow_expired: bool = True) -> dict[str, Any]:
        """Return Tradepost's description of a single contract."""
        if contract.is_spread:
            raise InvalidArgument(f"{contract} is a spread.", remedy="Tradepost has single contracts only.")
        rows = {row["month"]: row for row in self._rows(contract.instrument_code)}
        row = rows.get(contract.date)
        if row is None or (row["expired"] and not allow_expired):
            raise MissingContract(f"No contract {contract} at Tradepost.", given=contract.date, candidates=rows)
        return row

    def of_id(self, contract_id: str) -> FuturesContract:
        """Return the contract that has an id of Tradepost's: the code and the month, with a dash between."""
        symbol, _, month = contract_id.partition("-")
        return FuturesContract(self._instruments.get_instrument_code_from_broker_code(symbol), month)

    @hookimpl
    def get_list_of_contract_dates_for_instrument_code(
        self, instrument_code: str, allow_expired: bool = False
    ) -> list[str]:
        """Return the months."""
        rows = self._rows(instrument_code)
        return sorted(row["month"] for row in rows if allow_expired or not row["expired"])

    @hookimpl
    def get_contract_object_with_broker_data(
        self, contract: FuturesContract, allow_expired: bool = False
    ) -> ContractWithBrokerData:
        """Return a contract."""
        row = self.row(contract, allow_expired=allow_expired)
        return ContractWithBrokerData(
            contract=contract,
            instrument=self._instruments.get_futures_instrument_object_with_broker_data(contract.instrument_code),
            broker_id=row["id"],
            expiry=date.fromisoformat(row["expiry"]),
            tick_size=self._tick(contract),
            is_expired=row["expired"],
        )

    @hookimpl
    def get_actual_expiry_date_for_single_contract(self, contract: FuturesContract) -> date:
        """Return the last trading day."""
        return date.fromisoformat(self.row(contract)["expiry"])

    @hookimpl
    def get_min_tick_size_for_contract(self, contract: FuturesContract) -> Decimal:
        """Return the tick."""
        self.row(contract.legs[0])
        return self._tick(contract)

    @hookimpl
    def get_price_magnifier_for_contract(self, contract: FuturesContract) -> Decimal:
        """Return 1: prices are in currency."""
        self.row(contract.legs[0])
        return Decimal(1)

    @hookimpl
    def get_trading_hours_for_contract(self, contract: FuturesContract) -> list[TradingHours]:
        """Return this day and the next: Tradepost never closes, and its sessions are days of UTC."""
        self.row(contract.legs[0])
        midnight = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
        days = [midnight + timedelta(days=count) for count in range(3)]
        return [TradingHours(opening, closing) for opening, closing in pairwise(days)]

    @hookimpl
    def is_contract_okay_to_trade(self, contract: FuturesContract) -> bool:
        """Return whether the contract still trades."""
        return not self.row(contract.legs[0])["expired"]

    @hookimpl
    def less_than_n_hours_of_trading_left_for_contract(self, contract: FuturesContract, n_hours: float = 1.0) -> bool:
        """Return whether the day of UTC ends in less than that."""
        if self.row(contract.legs[0])["expired"]:
            raise MarketClosed(f"{contract} no longer trades.")
        session = self.get_trading_hours_for_contract(contract)[0]
        return session.closing_time - datetime.now(timezone.utc) < timedelta(hours=n_hours)

    @hookimpl
    def get_commission_for_contract(self, contract: FuturesContract) -> Money:
        """Return what a lot costs."""
        row = self._instruments.row(contract.instrument_code)
        self.row(contract.legs[0])
        return Money(row["currency"], row["commission"])

    def _tick(self, contract: FuturesContract) -> Decimal:
        return Decimal(self._instruments.row(contract.instrument_code)["tick"])

    def _rows(self, instrument_code: str) -> list[dict[str, Any]]:
        symbol = self._instruments.row(instrument_code)["symbol"]
        rows: list[dict[str, Any]] = self._client.get(f"/v1/contracts?symbol={symbol}")
        return rows
