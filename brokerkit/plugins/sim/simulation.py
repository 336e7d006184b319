"""The object behind `broker.native`: the simulation's clock, exchange and data."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from brokerkit.errors import ContractExpired, InvalidArgument, InvalidOrder, MissingContract
from brokerkit.plugins.sim.exchange.units import nanoseconds
from brokerkit.plugins.sim.feeds.bars import to_datetime
from brokerkit.plugins.sim.feeds.chain import find_contract
from brokerkit.plugins.sim.feeds.fed_exchange import FedExchange
from brokerkit.plugins.sim.feeds.feed import Feed, InstrumentFacts, ListedContract
from brokerkit.plugins.sim.harness import SimHarness
from brokerkit.plugins.sim.throttle import Throttle
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order


@attrs.frozen(eq=False, repr=False)
class Simulation:
    """The simulated broker's `broker.native`.

    Attributes:
        exchange: The exchange, with its full interface.
        feed: The source of instruments, contracts, hours and prices. It knows the future.
        throttle: A limit on what a bar fills, which can be set while the simulation runs.

    Example:
        >>> from brokerkit import open_broker
        >>> with open_broker("sim") as broker:
        ...     before = broker.native.now
        ...     broker.native.advance(minutes=90) - before
        datetime.timedelta(seconds=5400)
    """

    exchange: FedExchange
    feed: Feed
    throttle: Throttle

    def __repr__(self) -> str:
        """Return what the clock shows."""
        return f"<Simulation at {self.now:%Y-%m-%d %H:%M:%S} UTC>"

    @property
    def now(self) -> datetime:
        """The simulation's current time, aware UTC."""
        return self.exchange.now

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
        """Move the clock forward, trading everything on the way, and return the new time.

        Raises:
            InvalidArgument: The clock would move back, or the amount is not a finite number.
        """
        try:
            length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
            moment = self.now + length
        except (ValueError, OverflowError) as error:
            raise InvalidArgument(f"The clock cannot move so: {error}.", remedy="Give finite numbers.") from error
        if length < timedelta(0):
            raise InvalidArgument(f"The clock shows {self.now}, and cannot go back to {moment}.")
        self.exchange.reach(nanoseconds(moment))
        return self.now

    def advance_to(self, moment: datetime) -> datetime:
        """Move the clock to an aware time, trading everything on the way, and return the new time.

        Raises:
            InvalidArgument: The time is in the past, or has no time zone.
        """
        self.exchange.advance_to(moment)
        return self.now

    def advance_to_next_open(self, instrument_code: str) -> datetime:
        """Move the clock to the next opening of an instrument's market, and return the new time.

        If the market is open already, the clock does not move.

        Raises:
            MissingInstrument: No such instrument.
        """
        session = self.feed.hours(instrument_code).current_or_next(self.exchange.now_ns)
        if session is not None:
            self.exchange.reach(session[0])
        return self.now

    def advance_bars(self, count: int = 1) -> bool:
        """Move the clock to the end of the next bar, or of several, and return whether there was one.

        These are the bars that orders trade on, of all contracts that were ordered or quoted so far.

        Raises:
            InvalidArgument: The count is less than 1, or no contract was ordered or quoted.
        """
        if count < 1:
            raise InvalidArgument(f"The clock cannot move by {count} bars.", remedy="Give 1 or more.")
        if not self.exchange.contracts():
            raise InvalidArgument(
                "There is no bar to move to: no contract has been ordered or quoted.",
                remedy="Ask for a contract's quote first, or move by time.",
            )
        return self.exchange.advance(count)

    def conformance_harness(self) -> SimHarness:
        """Return what can cause faults in this simulation, for brokerkit's conformance suite."""
        return SimHarness(self.exchange, self.throttle, self.prepared)

    def conformance_facts(self) -> dict[str, dict[str, object] | str]:
        """Return what brokerkit's conformance suite cannot find out through the contract."""
        no_login = "a simulation asks for no credentials"
        too_late = to_datetime(self.feed.span[1]) + timedelta(days=1)
        return {
            "wrong_credentials": no_login,
            "no_credentials": no_login,
            "conflicting_settings": {"start": too_late},  # outside the data
        }

    # -- for the domains -----------------------------------------------------------------

    def facts(self, instrument_code: str) -> InstrumentFacts:
        """Return an instrument's facts."""
        return self.feed.facts(instrument_code)

    def reached(self) -> Simulation:
        """Return the simulation itself, provided that a request would be answered now.

        Raises:
            ConnectionLost: The connection is down.
            RequestTimedOut: The connection is up but silent.
        """
        self.exchange.check_line()
        return self

    def known(self, contract: FuturesContract) -> ListedContract:
        """Return a single contract that trades now or did earlier.

        Raises:
            ConnectionLost: The connection is down.
            MissingContract: No such contract, or it does not trade yet.
        """
        self.exchange.check_line()
        found = find_contract(self.feed, contract)
        if found.first_day > self.now.date():
            raise MissingContract(
                f"{contract} does not trade before {found.first_day}, and it is {self.now:%Y-%m-%d} in the simulation."
            )
        return found

    def is_expired(self, listed: ListedContract) -> bool:
        """Return whether a contract has stopped trading."""
        return listed.last_trade <= self.exchange.now_ns

    def tradable(self, contract: FuturesContract) -> ListedContract:
        """Return a single contract that trades now, listed on the exchange.

        Raises:
            MissingContract: No such contract, or it does not trade yet.
            ContractExpired: It no longer trades.
        """
        found = self.known(contract)
        if self.is_expired(found):
            raise ContractExpired(
                f"{contract} stopped trading at {to_datetime(found.last_trade):%Y-%m-%d %H:%M} UTC.",
                remedy="broker.contracts.get_list_of_contract_dates_for_instrument_code lists those that trade.",
            )
        return self.exchange.ensure_listed(found.contract)

    def prepared(self, order: Order) -> Order:
        """Return an order with its contracts listed at the exchange, named as they are listed.

        Raises:
            InvalidOrder: It is for a currency pair.
            MissingContract: No such contract.
            ContractExpired: It no longer trades.
        """
        contract = order.contract
        if not isinstance(contract, FuturesContract):
            raise InvalidOrder(
                f"{contract} is a currency pair.", remedy="Place it with broker.fx.put_fx_order_on_stack."
            )
        dates = tuple(self.tradable(leg).contract.dates[0] for leg in contract.legs)
        return order if dates == contract.dates else _renamed(order, FuturesContract(contract.instrument_code, dates))


def _renamed(order: Order, contract: FuturesContract) -> Order:
    children = tuple(_renamed(child, contract) for child in order.children)
    return attrs.evolve(order, contract=contract, children=children)
