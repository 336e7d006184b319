"""The contracts domain: chains, expiries, ticks, trading hours, commissions."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.hooks import hook
from brokerkit.spec.instruments import FuturesInstrument
from brokerkit.spec.money import Money


@attrs.frozen(order=True)
class TradingHours:
    """One continuous trading session; a session across midnight is one.

    Attributes:
        opening_time: Aware UTC, inclusive.
        closing_time: Aware UTC, exclusive.
    """

    opening_time: datetime
    closing_time: datetime

    def __contains__(self, moment: datetime) -> bool:
        """Return whether the market is open at `moment`, an aware time."""
        return self.opening_time <= moment < self.closing_time


@attrs.frozen
class ContractWithBrokerData:
    """A single contract with the broker's data on it.

    Attributes:
        contract: The contract that was asked for, unchanged.
        instrument: The data that all contracts of its instrument share.
        broker_id: The broker's own id of the contract.
        expiry: The exchange's last trading day.
        tick_size: The smallest price step, in quoted units.
        last_trade: When trading ends for good, aware UTC; None if the broker gives only the day.
        is_expired: Whether the broker no longer trades it.
    """

    contract: FuturesContract
    instrument: FuturesInstrument
    broker_id: str
    expiry: date
    tick_size: Decimal
    last_trade: datetime | None = None
    is_expired: bool = False


class Contracts(Protocol):
    """Contracts and their details. For a spread, the first leg is used, except for expiry."""

    @hook(paced=True)
    def get_list_of_contract_dates_for_instrument_code(
        self, instrument_code: str, allow_expired: bool = False
    ) -> list[str]:
        """Return the dates that the instrument's contracts are named by, ascending.

        Args:
            instrument_code: brokerkit's code.
            allow_expired: Include contracts that no longer trade, as far back as the broker knows them.

        Returns:
            `YYYYMM`, or `YYYYMMDD` if a month has several contracts. Each names a contract that every
            other hook accepts.

        Raises:
            MissingInstrument: No such code.
            MissingContract: The instrument has no contract.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     dates = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")
            >>> dates == sorted(set(dates)), {len(date) for date in dates}
            (True, {6})
        """
        ...

    @hook(paced=True)
    def get_contract_object_with_broker_data(
        self, contract: FuturesContract, allow_expired: bool = False
    ) -> ContractWithBrokerData:
        """Return a single contract with the broker's data on it. The argument is not changed.

        Args:
            contract: A single contract.
            allow_expired: Also find a contract that no longer trades.

        Raises:
            MissingInstrument: No such instrument.
            MissingContract: No such contract, or it has expired and `allow_expired` is False.
            AmbiguousContract: Several contracts match; `candidates` lists them.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     found = broker.contracts.get_contract_object_with_broker_data(FuturesContract("CORN", front))
            >>> found.tick_size
            Decimal('0.25')
        """
        ...

    @hook(paced=True)
    def get_actual_expiry_date_for_single_contract(self, contract: FuturesContract) -> date:
        """Return the exchange's last trading day of a single contract, expired or not.

        Raises:
            InvalidArgument: It is a spread, which has no expiry of its own.
            MissingContract: No such contract.
            AmbiguousContract: Several contracts match.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     expiry = broker.contracts.get_actual_expiry_date_for_single_contract(
            ...         FuturesContract("CORN", front)
            ...     )
            >>> expiry.strftime("%Y%m") == front
            True
        """
        ...

    @hook(paced=True)
    def get_min_tick_size_for_contract(self, contract: FuturesContract) -> Decimal:
        """Return the smallest price step of a contract, in quoted units.

        Raises:
            MissingContract: No such contract.
            AmbiguousContract: Several contracts match.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     broker.contracts.get_min_tick_size_for_contract(FuturesContract("CORN", front))
            Decimal('0.25')
        """
        ...

    @hook(paced=True)
    def get_price_magnifier_for_contract(self, contract: FuturesContract) -> Decimal:
        """Return the factor by which the quoted price exceeds the price in currency; usually 1.

        Raises:
            MissingContract: No such contract.
            AmbiguousContract: Several contracts match.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     broker.contracts.get_price_magnifier_for_contract(FuturesContract("CORN", front))
            Decimal('100')
        """
        ...

    @hook(paced=True)
    def get_trading_hours_for_contract(self, contract: FuturesContract) -> list[TradingHours]:
        """Return the current and coming trading sessions, in order, as far as the broker knows them.

        Returns:
            At least one session; sessions do not overlap, and times are in UTC.

        Raises:
            MissingContract: No such contract.
            MissingData: The broker has no hours for it.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     hours = broker.contracts.get_trading_hours_for_contract(FuturesContract("CORN", front))
            >>> all(session.opening_time < session.closing_time for session in hours)
            True
        """
        ...

    @hook(paced=True)
    def is_contract_okay_to_trade(self, contract: FuturesContract) -> bool:
        """Return whether the contract's market is open now.

        Raises:
            MissingContract: No such contract.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     broker.contracts.is_contract_okay_to_trade(FuturesContract("CORN", front))
            True
        """
        ...

    @hook(paced=True)
    def less_than_n_hours_of_trading_left_for_contract(self, contract: FuturesContract, n_hours: float = 1.0) -> bool:
        """Return whether the current session closes in less than `n_hours` hours.

        Raises:
            MissingContract: No such contract.
            MarketClosed: No session is open now.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     broker.contracts.less_than_n_hours_of_trading_left_for_contract(FuturesContract("CORN", front), 48)
            True
        """
        ...

    @hook(paced=True)
    def get_commission_for_contract(self, contract: FuturesContract) -> Money:
        """Return the commission for trading one lot, one way.

        Raises:
            MissingContract: No such contract.
            MissingData: The broker does not say.

        Example:
            >>> from brokerkit import FuturesContract, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("CORN")[0]
            ...     broker.contracts.get_commission_for_contract(FuturesContract("CORN", front)).currency
            'USD'
        """
        ...
