"""The contracts domain at IB: chains, expiries, ticks, trading hours, commissions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from brokerkit.errors import InvalidArgument, MarketClosed, MissingContract, MissingData
from brokerkit.plugins.ib.clients.contracts import ContractsClient
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.plugins.ib.contract_facts import ResolvedContract
from brokerkit.plugins.ib.hours import sessions_from, within_weekly_hours
from brokerkit.plugins.ib.weekly_hours import WeeklyHours
from brokerkit.plugins.ib.zones import zone_of
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.contracts import Contracts, ContractWithBrokerData, TradingHours
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.money import Money


class IBContracts(Contracts):
    """Contracts as IB describes them.

    Attributes:
        ibconnection: The connection.
        ib_client: The client for contract requests.
    """

    def __init__(
        self,
        directory: ContractDirectory,
        weekly_hours: Mapping[str, WeeklyHours],
        commission_of: Callable[[FuturesContract], Money],
        now: Callable[[], datetime],
    ) -> None:
        self._directory = directory
        self._weekly_hours = weekly_hours
        self._commission_of = commission_of
        self._now = now

    @property
    def ib_client(self) -> ContractsClient:
        """The client for contract requests."""
        return self._directory.client

    @property
    def ibconnection(self) -> IBConnection:
        """The connection."""
        return self._directory.client.ib_connection

    @hookimpl
    def get_list_of_contract_dates_for_instrument_code(
        self, instrument_code: str, allow_expired: bool = False
    ) -> list[str]:
        """Return the dates by which the instrument's contracts are named, in ascending order."""
        chain = self._directory.chain(instrument_code, include_expired=allow_expired)
        return sorted({each.contract.date for each in chain})

    @hookimpl
    def get_contract_object_with_broker_data(
        self, contract: FuturesContract, allow_expired: bool = False
    ) -> ContractWithBrokerData:
        """Return a single contract with IB's data."""
        found = self._directory.resolve(contract).as_broker_data(self._now())
        if found.is_expired and not allow_expired:
            raise MissingContract(
                f"{contract} expired on {found.expiry}.", remedy="Pass `allow_expired=True` to get it anyway."
            )
        return found

    def get_contract_object_with_IB_data(  # noqa: N802 because pysystemtrade spells it so
        self, contract: FuturesContract, allow_expired: bool = False
    ) -> ContractWithBrokerData:
        """Return the same, under pysystemtrade's name for it."""
        return self.get_contract_object_with_broker_data(contract, allow_expired)

    @hookimpl
    def get_actual_expiry_date_for_single_contract(self, contract: FuturesContract) -> date:
        """Return the exchange's last trading day of a single contract."""
        if contract.is_spread:
            raise InvalidArgument(f"{contract} is a spread and has no expiry of its own.", remedy="Ask for each leg's.")
        return self._directory.resolve(contract).expiry.day

    @hookimpl
    def get_min_tick_size_for_contract(self, contract: FuturesContract) -> Decimal:
        """Return the smallest tick of a contract, in quoted units."""
        return self._first_leg(contract).steps.smallest

    @hookimpl
    def get_price_magnifier_for_contract(self, contract: FuturesContract) -> Decimal:
        """Return the factor of the quoted price over the price in currency."""
        return self._first_leg(contract).facts.price_magnifier

    @hookimpl
    def get_trading_hours_for_contract(self, contract: FuturesContract) -> list[TradingHours]:
        """Return the upcoming trading sessions within the user's own hours, the current one first."""
        now = self._now()
        coming = [session for session in self._sessions(contract, now) if session.closing_time > now]
        if not coming:
            raise MissingData(f"IB reports no upcoming trading hours of {contract}, or none within `trading_hours`.")
        return coming

    @hookimpl
    def is_contract_okay_to_trade(self, contract: FuturesContract) -> bool:
        """Return whether the contract's market is open now."""
        now = self._now()
        return any(now in session for session in self._sessions(contract, now))

    @hookimpl
    def less_than_n_hours_of_trading_left_for_contract(self, contract: FuturesContract, n_hours: float = 1.0) -> bool:
        """Return whether the current session closes in less than `n_hours` hours."""
        now = self._now()
        for session in self._sessions(contract, now):
            if now in session:
                return (session.closing_time - now) / timedelta(hours=1) < n_hours
        raise MarketClosed(f"{contract} is not trading now.", remedy="Check is_contract_okay_to_trade first.")

    def less_than_N_hours_of_trading_left_for_contract(  # noqa: N802 because pysystemtrade spells it so
        self,
        contract: FuturesContract,
        N_hours: float = 1.0,  # noqa: N803 because pysystemtrade spells it so
    ) -> bool:
        """Return the same, under pysystemtrade's name for it."""
        return self.less_than_n_hours_of_trading_left_for_contract(contract, N_hours)

    @hookimpl
    def get_commission_for_contract(self, contract: FuturesContract) -> Money:
        """Return IB's commission for one lot, one way, from a what-if order."""
        return self._commission_of(contract)

    def _first_leg(self, contract: FuturesContract) -> ResolvedContract:
        return self._directory.resolve(contract.legs[0])

    def _sessions(self, contract: FuturesContract, now: datetime) -> list[TradingHours]:
        found = self._first_leg(contract)
        if found.is_expired_at(now):
            raise MissingContract(f"{contract} expired on {found.expiry.day}.")
        sessions = sessions_from(found.facts.hours_text, found.facts.zone_id)
        names = {contract.instrument_code, found.facts.zone_id, zone_of(found.facts.zone_id).key}
        return within_weekly_hours(sessions, [self._weekly_hours[name] for name in names if name in self._weekly_hours])
