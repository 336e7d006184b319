"""`Exchange`: the public interface of the simulated exchange. Safe to call from any thread, and inside a listener."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from brokerkit.errors import InvalidArgument, OrderCannotBeCancelled, OutcomeUnknown
from brokerkit.plugins.sim.exchange import changes, entry, margin, spreads
from brokerkit.plugins.sim.exchange.channel import Channel
from brokerkit.plugins.sim.exchange.clock import Clock
from brokerkit.plugins.sim.exchange.delivery import EventKind, Listener
from brokerkit.plugins.sim.exchange.faults import Fault, FaultBoard, Occasion
from brokerkit.plugins.sim.exchange.ledger import Account
from brokerkit.plugins.sim.exchange.listing import Listing
from brokerkit.plugins.sim.exchange.live_order import LiveOrder
from brokerkit.plugins.sim.exchange.models import Models
from brokerkit.plugins.sim.exchange.scheduling import defer_late_orders, schedule
from brokerkit.plugins.sim.exchange.segments import check_bar, segment
from brokerkit.plugins.sim.exchange.state import StateFile
from brokerkit.plugins.sim.exchange.terms import ContractTerms
from brokerkit.plugins.sim.exchange.units import (
    duration,
    money_units,
    nanoseconds,
    price_units,
    time_of,
)
from brokerkit.plugins.sim.exchange.venue import Venue
from brokerkit.spec.broker_order import OrderOrigin, OrderState
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.money import exact
from brokerkit.spec.order import Order
from brokerkit.spec.orders import OrderChange, WhatIf

Number = Decimal | str | int | float
_OURS, _PENDING_CANCEL = OrderOrigin.OURS, OrderState.PENDING_CANCEL


class Exchange(Clock):
    """A simulated exchange whose clock the caller moves. See the package's docstring for a tour.

    Args:
        start: The clock's initial time: an aware datetime, or nanoseconds since 1970 UTC.
        seed: The seed of everything that is random.
        models: Commission, slippage, volume, latency, and the choices that the rules leave open.
        faults: What goes wrong, and when; see `faults`.
        state: A file to keep all state in. If it exists, the exchange resumes from it: clock and accounts
            at once, orders and positions as their contracts are listed again.
        origin: What a new state file records about how the simulation was created, in the caller's words.
        execution_prefix: The prefix of every execution id, before its number. The log does not contain it.
    """

    def __init__(
        self,
        start: datetime | int,
        *,
        seed: int = 0,
        models: Models | None = None,
        faults: Iterable[Fault] = (),
        state: str | Path | None = None,
        origin: Mapping[str, str] | None = None,
        execution_prefix: str = "E",
    ) -> None:
        venue = Venue(nanoseconds(start), seed, models or Models())
        super().__init__(venue)
        venue.execution_prefix = execution_prefix
        venue.wait = self.wait
        self._board = FaultBoard((), seed)
        for one in faults:
            self.add_fault(one)
        self._state = None if state is None else StateFile(state, venue, self._board, origin or {})
        self._restored: set[str] = set()
        if self._state is not None and not self._state.is_new:
            self._state.kept.restore(self._board)
            self._restored = set(venue.accounts)
            if self._board.occurring(Occasion.RESTART):
                venue.id_base = venue.numbers

    # -- set-up ------------------------------------------------------------------------

    def open_account(self, name: str, cash: Mapping[str, Number] | None = None, base_currency: str = "USD") -> None:
        """Open an account; the first one opened is the default account.

        Args:
            name: The name by which orders and queries refer to it.
            cash: Its initial cash, by currency.
            base_currency: The currency in which margin is calculated.

        Raises:
            InvalidArgument: The name is empty or taken.
        """
        with self._lock:
            accounts = self._venue.accounts
            if name in self._restored:
                self._restored.remove(name)
                return
            if not name or name in accounts:
                raise InvalidArgument(f"Account {name!r} is open already, or unnamed.", remedy="Give another name.")
            account = Account(len(accounts) + 1, name, base_currency)
            for currency, amount in (cash or {}).items():
                account.in_currency(currency).deposited = money_units(exact(amount))
            accounts[name] = account
            self._venue.default_account = next(iter(accounts.values()))

    def list_contract(self, terms: ContractTerms) -> None:
        """List a contract or a currency pair for trading.

        Raises:
            InvalidArgument: It is already listed, or is a spread.
        """
        with self._lock:
            if terms.contract in self._venue.listings or terms.contract.leg_count != 1:
                raise InvalidArgument(f"{terms.contract} is listed already, or a spread.", remedy="List each leg once.")
            listing = self._venue.list_contract(terms)
            if self._state is not None:
                self._state.kept.restore_listing(listing)

    def add_bars(
        self,
        contract: FuturesContract | FxPair,
        time: Any,
        open: Any,  # noqa: A002 because it is the standard name
        high: Any,
        low: Any,
        close: Any,
        volume: Any = None,
        *,
        length: timedelta | int | Any = timedelta(minutes=1),
    ) -> None:
        """Append bars to a contract. The arrays are read in place: do not change them.

        Args:
            contract: A listed contract or pair.
            time: The start of each bar, int64 nanoseconds UTC, increasing.
            open: float64 prices in quoted units, like the other prices.
            high: The high of each bar.
            low: The low of each bar.
            close: The close of each bar.
            volume: Lots traded in each bar; None or NaN if unknown, in which case any quantity fills.
            length: The length of every bar, or an array with the nanoseconds of each.

        Raises:
            MissingContract: It is not listed.
            InvalidArgument: The bars are inconsistent, or overlap.
        """
        with self._lock:
            listing = self._venue.listing_of(contract)
            span = duration(length) if isinstance(length, (timedelta, int)) else length
            bars = segment(time, (open, high, low, close), volume, span, listing.name)
            listing.series.append(bars, self._venue.now - 1)  # a bar that ends now may still have to be traded
            self._after_bars(listing)

    def add_bar(
        self,
        contract: FuturesContract | FxPair,
        time: datetime | int,
        open: Number,  # noqa: A002 because it is the standard name
        high: Number,
        low: Number,
        close: Number,
        volume: int | None = None,
        *,
        length: timedelta | int = timedelta(minutes=1),
    ) -> None:
        """Append one bar to a contract, before the clock passes its start. Use this to feed a stream.

        Raises:
            InvalidArgument: The bar is inconsistent, starts before the clock, or starts before the last one ended.
        """
        with self._lock:
            venue = self._venue
            listing = venue.listing_of(contract)
            start = nanoseconds(time)
            end = start + duration(length)
            if start < venue.now:
                raise InvalidArgument(f"The bar of {time_of(start)} came at {time_of(venue.now)}, after its start.")
            prices = (
                price_units(exact(open)),
                price_units(exact(high)),
                price_units(exact(low)),
                price_units(exact(close)),
            )
            check_bar(start, end, prices, volume, listing.name)
            listing.series.sync(venue.now - 1)
            listing.series.append_one(start, end, prices, volume)
            self._after_bars(listing)

    def _after_bars(self, listing: Listing) -> None:
        self._timeline.forget()
        self._venue.revalue()
        if self._venue.spreads:
            spreads.refresh_all(self._venue, listing)
        defer_late_orders(self._venue, listing)
        schedule(self._venue, listing)

    def add_ticks(self, contract: FuturesContract | FxPair, time: Any, price: Any, size: Any = None) -> None:
        """Append individual trades to a contract, as bars of one price that last a nanosecond.

        Args:
            contract: A listed contract or pair.
            time: The time of each trade, int64 nanoseconds UTC, increasing.
            price: The price of each trade, float64.
            size: Lots of each trade; None if unknown, in which case any quantity fills.

        Raises:
            MissingContract: It is not listed.
            InvalidArgument: The times do not increase.
        """
        self.add_bars(contract, time, price, price, price, price, size, length=1)

    def listen(self, kind: EventKind, listener: Listener, *, once_each: bool = False) -> None:
        """Call `listener(event)` for every event of a kind from now on.

        Args:
            kind: The class of the event: `BrokerOrder`, `Fill`, `CommissionReport`, `Position`,
                `ConnectionChange` or `DataGap`.
            listener: Called when the exchange's state is consistent and its lock is free; it may call
                any method of the exchange. Events without a listener are not built. An exception in it is raised by
                the call that moved the clock or sent the order, once the other listeners have received the event.
            once_each: Whether to deliver a fill once per execution id, even if a faulty connection repeats it.
        """
        with self._lock:
            self._delivery.listen(kind, listener, once_each=once_each)

    def unlisten(self, kind: EventKind, listener: Listener) -> None:
        """Stop calling a listener."""
        with self._lock:
            self._delivery.unlisten(kind, listener)

    def add_fault(self, one: Fault) -> None:
        """Add a fault, effective from now on."""
        with self._lock:
            self._board.add(one)
            self._open_channel()

    @property
    def origin(self) -> Mapping[str, str]:
        """What the state file records about how the simulation was created; empty if nothing, or without a file."""
        with self._lock:
            return {} if self._state is None else self._state.origin

    def kept_contracts(self) -> tuple[FuturesContract | FxPair, ...]:
        """Return the contracts to list again to restore everything in the state file; nothing without a file."""
        with self._lock:
            return () if self._state is None else self._state.kept.contracts()

    def clear_faults(self) -> None:
        """Remove all faults; what has already gone wrong stays as it is."""
        with self._lock:
            self._board.clear()

    def disconnect(self, reason: str = "ordered", lasts: timedelta | None = None) -> None:
        """Break the connection to the client, for a while or until `reconnect`. Orders keep working."""
        with self._lock:
            self._open_channel().disconnect(reason, None if lasts is None else duration(lasts))
        self._settle()

    def reconnect(self) -> None:
        """Restore the connection: listeners receive the new state, the gap, and everything they missed, once."""
        with self._lock:
            self._open_channel().reconnect()
        self._settle()

    def _open_channel(self) -> Channel:
        channel = self._venue.channel
        if channel is None:
            channel = self._venue.channel = Channel(self._venue, self._board)
            self._delivery.use_channel(channel)
            self._venue.refit()
            for live in self._venue.orders.values():
                live.view = live.at_exchange()  # the client knows everything up to now
        return channel

    # -- orders --------------------------------------------------------------------------

    def submit(
        self, order: Order, *, client_id: int | None = None, origin: OrderOrigin = OrderOrigin.OURS
    ) -> LiveOrder:
        """Place an order with its children, and return its live handle.

        The handle is an `OrderControl`. With latency, the order is `PENDING` until it arrives.
        If a listener raises, so does this, once the other listeners have been called: the order is in all the same, and
        `order(order_ref)` returns its handle. Do not send it again.

        Raises:
            InvalidOrder: A price is off the tick, or the combination does not exist.
            MissingContract: The contract is not listed.
            MissingAccount: The account does not exist.
            ContractExpired: The contract has stopped trading.
            MarketClosed: The market is closed, and its terms refuse orders then.
            DuplicateOrder: The `order_ref` was used before; nothing changed.
            OrderRejected: The exchange refused it: margin, post-only, reduce-only, or a fault.
            OutcomeUnknown: The connection broke during sending: the exchange has it, and will report it.
            ConnectionLost: The connection is down; nothing was sent.
            BrokerClosed: The broker was closed, or this is a forked child; nothing was sent.
        """
        venue = self._venue
        try:
            with self._lock:
                self._check_open()
                if venue.channel is not None:
                    self.check_line()
                live = venue.admit(order)
                if client_id is not None or origin is not _OURS:
                    live.client_id, live.origin = client_id, origin
                if venue.channel is not None and not self.is_connected:
                    raise OutcomeUnknown(
                        f"The connection broke while order #{live.number} was sent.",
                        remedy="Do not send it again: its outcome is reported after the reconnect.",
                    )
        finally:
            if self._state is not None or not self._delivery.fills_only:
                self._settle()  # else nothing to deliver: orders trade only when the clock moves
        return live

    def modify(self, order_ref: str, change: OrderChange) -> LiveOrder:
        """Request a change of price, trigger or quantity of a working order, and return its handle.

        A modified order goes behind the other orders at its price.

        Raises:
            MissingOrder: No such order.
            OrderCannotBeModified: It is final, or a cancel is pending; nothing changed.
            InvalidOrder: The change is invalid; nothing changed.
            InsufficientMargin: The account lacks margin for the larger order; nothing changed.
            OrderRejected: It is post-only and would trade at once at its new limit; nothing changed.
        """
        try:
            with self._lock:
                self._check_open()
                self.check_line()
                live = self.order(order_ref)
                changes.modify(self._venue, live, _changed(live, change))
        finally:
            self._settle()
        return live

    def cancel(self, order_ref: str) -> LiveOrder:
        """Request the cancel of an order, and return its handle.

        Raises:
            MissingOrder: No such order.
            OrderCannotBeCancelled: It is final, or a cancel is already pending.
        """
        try:
            with self._lock:
                self._check_open()
                self.check_line()
                live = self.order(order_ref)
                self._venue.cancel(live)
        finally:
            self._settle()
        return live

    def cancel_all(self, account: str = "") -> list[LiveOrder]:
        """Request the cancel of all working orders, of one account or of all; return the handles of those accepted."""
        try:
            with self._lock:
                self._check_open()
                self.check_line()
                found = [one for one in self.orders(account) if one.state is not _PENDING_CANCEL and not one.is_final]
                asked = [live for live in found if live.is_final or self._cancel_accepted(live)]
        finally:
            self._settle()
        return asked

    def _cancel_accepted(self, live: LiveOrder) -> bool:
        """Return whether the cancel was accepted: a fault may refuse it."""
        try:
            self._venue.cancel(live)
        except OrderCannotBeCancelled:
            return False
        return True

    def what_if(self, order: Order) -> WhatIf:
        """Return what an order would do to margin and cost. Nothing is placed, and no order number is used.

        Raises:
            InvalidOrder: As for placing it.
            MissingContract: As for placing it.
            MissingFxCode: A currency that the account holds has no rate into its base currency.
        """
        with self._lock:
            return margin.what_if(self._venue, order)


def _changed(live: LiveOrder, change: OrderChange) -> Order:
    return change.of(live.order if live.parent is None else entry.sized(live.order, live.whole))
