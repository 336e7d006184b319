"""What can be queried from the exchange: orders, executions, positions, money, terms and the log."""

from __future__ import annotations

import threading
from datetime import datetime
from decimal import Decimal

import attrs

from brokerkit.errors import MissingOrder, PacingViolation, RequestTimedOut
from brokerkit.plugins.sim.exchange import margin
from brokerkit.plugins.sim.exchange.channel import resync
from brokerkit.plugins.sim.exchange.delivery import position_of
from brokerkit.plugins.sim.exchange.entries import render
from brokerkit.plugins.sim.exchange.faults import FailedPositions, Occasion
from brokerkit.plugins.sim.exchange.live_order import LiveOrder
from brokerkit.plugins.sim.exchange.terms import ContractTerms
from brokerkit.plugins.sim.exchange.units import money_of, nanoseconds, price_of, time_of
from brokerkit.plugins.sim.exchange.venue import Venue
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.money import Money
from brokerkit.spec.positions import Position


@attrs.frozen
class Statement:
    """Where the cash of one currency came from; `cash` is deposited + realised + converted - commission."""

    deposited: Money
    realised: Money
    converted: Money
    commission: Money
    cash: Money
    unrealised: Money


class Queries:
    """The query methods of an exchange. Every method may be called from any thread."""

    def __init__(self, venue: Venue) -> None:
        self._lock = threading.RLock()
        self._venue = venue
        self._positions_before: dict[str, list[Position]] = {}

    @property
    def now(self) -> datetime:
        """The clock's time, aware UTC."""
        return time_of(self._venue.now)

    @property
    def now_ns(self) -> int:
        """The clock's time, nanoseconds since 1970 UTC."""
        return self._venue.now

    @property
    def next_instant_ns(self) -> int | None:
        """When the next event is due, nanoseconds since 1970 UTC; None if there is none."""
        with self._lock:
            return self._venue.agenda.next_time

    @property
    def is_due_now(self) -> bool:
        """Whether something is still due at the current instant, such as the open of a bar."""
        instant = self.next_instant_ns
        return instant is not None and instant <= self._venue.now

    @property
    def is_connected(self) -> bool:
        """Whether the connection to the client is up."""
        return self._venue.channel is None or self._venue.channel.is_up

    def check_line(self) -> None:
        """Raise unless a request would be answered now.

        Raises:
            ConnectionLost: The connection is down.
            RequestTimedOut: The connection is up but the exchange is silent.
        """
        if self._venue.channel is not None:
            self._venue.channel.check()

    def admit_question(self) -> None:
        """Count a request, and raise unless it would be answered now.

        Raises:
            ConnectionLost: The connection is down.
            RequestTimedOut: The connection is up but the exchange is silent.
            PacingViolation: A fault reports too many requests.
        """
        self.check_line()
        if self._venue.channel is not None and self._venue.channel.faults_on(Occasion.QUESTION, 0):
            raise PacingViolation("The exchange reports too many requests.", remedy="Try again later.")

    # -- orders --------------------------------------------------------------------------

    def order(self, order_ref: str) -> LiveOrder:
        """Return the handle of an order.

        Raises:
            MissingOrder: No such order.
        """
        live = self._venue.orders.get(order_ref)
        if live is None:
            raise MissingOrder(f"The exchange has no order {order_ref}.", given=order_ref)
        return live

    def query(self, order_ref: str) -> BrokerOrder:
        """Ask the exchange for an order's true state, which the client's handle then shows too.

        Raises:
            MissingOrder: It never arrived.
            ConnectionLost: The connection is down.
            RequestTimedOut: The connection is up but the exchange is silent.
            PacingViolation: A fault reports too many requests.
        """
        with self._lock:
            self.admit_question()
            live = self.order(order_ref)
            resync(live)
            return live.at_exchange()

    def orders(self, account: str = "") -> list[LiveOrder]:
        """Return the handles of all orders of an account, or of all accounts, in the order in which they were placed.

        Raises:
            MissingAccount: No such account.
        """
        with self._lock:
            wanted = self._venue.account_of(account) if account else None
            return [live for live in self._venue.orders.values() if wanted is None or live.account is wanted]

    def fills(self, since: datetime | int | None = None) -> list[Fill]:
        """Return all executions at or after a time, oldest first, with corrections applied."""
        with self._lock:
            self.admit_question()
            first = None if since is None else nanoseconds(since)
            fills = (fill for live in self._venue.orders.values() for fill in live.standing_executions())
            wanted = (one for one in fills if first is None or one.time >= first)
            return [one.as_fill() for one in sorted(wanted, key=lambda one: one.number)]

    # -- money and positions ---------------------------------------------------------------

    def accounts(self) -> list[tuple[str, str]]:
        """Return the accounts' names and base currencies, in the order in which they were opened."""
        with self._lock:
            return [(account.name, account.base_currency) for account in self._venue.accounts.values()]

    def positions(self, account: str = "") -> list[Position]:
        """Return every open position of an account, or of all, ordered by account and contract.

        Raises:
            MissingAccount: No such account.
        """
        with self._lock:
            self.admit_question()
            venue = self._venue
            faults = () if venue.channel is None else venue.channel.faults_on(Occasion.POSITIONS, 0)
            if any(isinstance(one, FailedPositions) for one in faults):
                raise RequestTimedOut("The exchange did not answer the request for positions.", remedy="Try again.")
            owners = [venue.account_of(account)] if account else list(venue.accounts.values())
            held = [position_of(holding, venue.now) for owner in owners for holding in owner.holdings if holding.lots]
            found = sorted((one for one in held if one is not None), key=lambda one: (one.account, one.contract))
            before, self._positions_before[account] = self._positions_before.get(account, []), found
            return before if faults else found

    def cash(self, account: str = "") -> dict[str, Money]:
        """Return an account's exact cash by currency: deposited + realised + converted - commission."""
        with self._lock:
            found = self._venue.account_of(account)
            return {name: money_of(name, cash.balance) for name, cash in sorted(found.cash.items())}

    def statement(self, account: str = "") -> dict[str, Statement]:
        """Return where an account's cash came from, by currency."""
        with self._lock:
            venue = self._venue
            found = venue.account_of(account)
            worth = margin.values(venue, found)
            return {
                name: Statement(
                    *(
                        money_of(name, units)
                        for units in (
                            cash.deposited, cash.realised, cash.converted, cash.commission, cash.balance,
                            worth[name] - cash.balance,
                        )
                    )
                )
                for name, cash in sorted(found.cash.items())
            }  # fmt: skip

    def values(self, account: str = "") -> dict[str, Money]:
        """Return cash plus unrealised profit, by currency."""
        with self._lock:
            found = margin.values(self._venue, self._venue.account_of(account))
            return {name: money_of(name, units) for name, units in sorted(found.items())}

    def margins(self, account: str = "") -> margin.Margins:
        """Return an account's value and margins in its base currency.

        Raises:
            MissingFxCode: The account holds a currency for which no listed pair gives a rate.
        """
        with self._lock:
            return margin.margins(self._venue, self._venue.account_of(account))

    def last_price(self, contract: FuturesContract | FxPair) -> Decimal | None:
        """Return the close of the last bar that ended, or None before the first."""
        with self._lock:
            units = self._venue.listing_of(contract).last_price(self._venue.now)
            return None if units is None else price_of(units)

    def terms(self, contract: FuturesContract | FxPair) -> ContractTerms:
        """Return the terms of a listed contract.

        Raises:
            MissingContract: It is not listed.
        """
        return self._venue.listing_of(contract).terms

    def contracts(self) -> list[FuturesContract | FxPair]:
        """Return everything listed, in the order in which it was listed."""
        return list(self._venue.listings)

    # -- log -------------------------------------------------------------------------------

    def log(self) -> list[str]:
        """Return the event log, one line per entry: the same bytes for the same calls and seed."""
        with self._lock:
            return [render(entry) for entry in self._venue.journal.entries()]
