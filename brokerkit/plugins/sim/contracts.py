"""The contracts domain of the simulated broker."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from brokerkit.errors import MarketClosed, MissingContract, MissingData
from brokerkit.plugins.sim.feeds.bars import DAY, to_datetime
from brokerkit.plugins.sim.feeds.feed import InstrumentFacts, ListedContract
from brokerkit.plugins.sim.instruments import instrument_of
from brokerkit.plugins.sim.simulation import Simulation
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.contracts import Contracts, ContractWithBrokerData, TradingHours
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.money import Money

HOURS_AHEAD = 7 * DAY


class SimContracts(Contracts):
    """Chains, expiries and hours in the simulation's data, at the simulation's clock."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    @hookimpl
    def get_list_of_contract_dates_for_instrument_code(
        self, instrument_code: str, allow_expired: bool = False
    ) -> list[str]:
        """Return the contracts that trade now; with `allow_expired`, expired ones too."""
        simulation = self._simulation.reached()
        today, now = simulation.now.date(), simulation.exchange.now_ns
        dates = [
            one.contract.date
            for one in simulation.feed.contracts(instrument_code)
            if one.first_day <= today and (allow_expired or one.last_trade > now)
        ]
        if not dates:
            raise MissingContract(
                f"No contract of {instrument_code} trades on {today}.",
                place=simulation.feed.describe(),
                remedy="Use allow_expired=True, or start the simulation at another time.",
            )
        return dates

    @hookimpl
    def get_contract_object_with_broker_data(
        self, contract: FuturesContract, allow_expired: bool = False
    ) -> ContractWithBrokerData:
        """Return a single contract with its details."""
        listed = self._simulation.known(contract)
        expired = self._simulation.is_expired(listed)
        if expired and not allow_expired:
            raise MissingContract(
                f"{contract} expired on {listed.expiry}.", remedy="Use allow_expired=True to find it."
            )
        return ContractWithBrokerData(
            contract=contract,
            instrument=instrument_of(self._simulation, contract.instrument_code),
            broker_id=str(listed.contract),
            expiry=listed.expiry,
            tick_size=self._simulation.facts(contract.instrument_code).tick_size,
            last_trade=to_datetime(listed.last_trade),
            is_expired=expired,
        )

    @hookimpl
    def get_actual_expiry_date_for_single_contract(self, contract: FuturesContract) -> date:
        """Return the last trading day."""
        return self._simulation.known(contract).expiry

    @hookimpl
    def get_min_tick_size_for_contract(self, contract: FuturesContract) -> Decimal:
        """Return the tick size."""
        return self._facts(contract).tick_size

    @hookimpl
    def get_price_magnifier_for_contract(self, contract: FuturesContract) -> Decimal:
        """Return the price magnifier."""
        return self._facts(contract).price_magnifier

    @hookimpl
    def get_trading_hours_for_contract(self, contract: FuturesContract) -> list[TradingHours]:
        """Return the sessions of the next seven days, or the next session, up to the contract's end."""
        listed = self._first_leg(contract)
        now = self._simulation.exchange.now_ns
        hours = self._simulation.feed.hours(contract.instrument_code)
        found: list[TradingHours] = []
        for opening, closing in hours.sessions_from(now):
            if opening >= listed.last_trade or (found and opening >= now + HOURS_AHEAD):
                break
            found.append(TradingHours(to_datetime(opening), to_datetime(min(closing, listed.last_trade))))
        if not found:
            raise MissingData(f"{contract} stopped trading on {listed.expiry}, and has no hours to come.")
        return found

    @hookimpl
    def is_contract_okay_to_trade(self, contract: FuturesContract) -> bool:
        """Return whether the market is open at the simulation's clock."""
        listed = self._first_leg(contract)
        hours = self._simulation.feed.hours(contract.instrument_code)
        return not self._simulation.is_expired(listed) and hours.is_open(self._simulation.exchange.now_ns)

    @hookimpl
    def less_than_n_hours_of_trading_left_for_contract(self, contract: FuturesContract, n_hours: float = 1.0) -> bool:
        """Return whether the current session ends within so many hours."""
        if not self.is_contract_okay_to_trade(contract):
            raise MarketClosed(
                f"The market of {contract} is closed at {self._simulation.now:%Y-%m-%d %H:%M} UTC.",
                remedy="broker.contracts.get_trading_hours_for_contract lists its hours.",
            )
        current = self.get_trading_hours_for_contract(contract)[0]
        return (current.closing_time - self._simulation.now) / timedelta(hours=1) < n_hours

    @hookimpl
    def get_commission_for_contract(self, contract: FuturesContract) -> Money:
        """Return the commission per lot, one way."""
        facts = self._facts(contract)
        return Money(facts.currency, facts.commission)

    def _first_leg(self, contract: FuturesContract) -> ListedContract:
        """Return the facts of a contract, or of a spread's first leg; every leg must exist."""
        known = [self._simulation.known(leg) for leg in contract.legs]
        return known[0]

    def _facts(self, contract: FuturesContract) -> InstrumentFacts:
        self._first_leg(contract)
        return self._simulation.facts(contract.instrument_code)
