"""The single-threaded core of the exchange: order entry, fills and endings, on a clock. `Exchange` locks it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from brokerkit.errors import (
    OrderCannotBeCancelled,
    OrderError,
    OrderRejected,
    RequestTimedOut,
)
from brokerkit.plugins.sim.exchange import (
    book,
    client_view,
    contingencies,
    entry,
    hours,
    in_flight,
    margin,
    margin_calls,
    scheduling,
    spreads,
    trailing,
)
from brokerkit.plugins.sim.exchange.agenda import ARRIVAL, Agenda
from brokerkit.plugins.sim.exchange.channel import Channel
from brokerkit.plugins.sim.exchange.directory import Directory
from brokerkit.plugins.sim.exchange.entries import FILL, STATUS, Execution, Status
from brokerkit.plugins.sim.exchange.faults import Fault
from brokerkit.plugins.sim.exchange.journal import Journal
from brokerkit.plugins.sim.exchange.latency import Latency
from brokerkit.plugins.sim.exchange.ledger import Account
from brokerkit.plugins.sim.exchange.listing import Listing
from brokerkit.plugins.sim.exchange.live_order import IN_FLIGHT, NOWHERE, WAITING, LiveOrder
from brokerkit.plugins.sim.exchange.models import Models
from brokerkit.spec.broker_order import BrokerOrder, OrderState
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.terms import ContractTerms

PENDING, WORKING, PENDING_CANCEL = OrderState.PENDING, OrderState.WORKING, OrderState.PENDING_CANCEL
FILLED, CANCELLED, REJECTED, EXPIRED = OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.EXPIRED
TRAILING_STOP = OrderType.TRAILING_STOP
_FILLED = FILLED.value
GTD, AT_OPEN, AT_CLOSE = TimeInForce.GTD, TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE


def _cannot_wait(live: LiveOrder, timeout: float) -> BrokerOrder:
    raise RequestTimedOut(f"Nothing moves the clock for order #{live.number}.")


class Venue(Directory):
    """All state of the exchange, and everything that changes it. Nothing here waits, locks or calls a listener.

    Attributes:
        trading: The listing of which a bar is being traded at this moment.
        unlogged: Orders that changed without a log entry since the last save; None if no state is kept.
    """

    def __init__(self, now: int, seed: int, models: Models) -> None:
        super().__init__(now)
        self.opened_at = -1
        self.trading: Listing | None = None
        self.unlogged: dict[int, LiveOrder] | None = None
        self.models = models
        self.channel: Channel | None = None
        self.submit_faults: list[Fault] = []
        self.is_plain = False
        self.refit()
        self.volume_cap = models.volume
        self.queue_ahead = models.queue_ahead
        self.path = models.path
        self.random = Random(f"exchange:{seed}")
        self.agenda = Agenda(now)
        self.wakers = tuple(partial(act, self) for act in (scheduling.on_open, scheduling.on_body, scheduling.on_look))
        self.journal = Journal()
        self.orders: dict[str, LiveOrder] = {}
        self.spreads: dict[tuple[FuturesContract | FxPair, tuple[int, ...]], Listing] = {}
        self.to_review: list[Account] = []
        self.waiting_children: list[LiveOrder] = []
        self.groups: dict[tuple[str, str], dict[LiveOrder, None]] = {}
        self.numbers = 0
        self.executions = 0
        self.priorities = 0
        self.corrections: list[tuple[int, Execution, int]] = []
        self.execution_prefix = ""
        self.id_base = 0
        self.wait: Callable[[LiveOrder, float], BrokerOrder] = _cannot_wait

    # -- set-up --------------------------------------------------------------------------

    def refit(self) -> None:
        """Update whether orders can take the fast path: no latency and no faulty connection."""
        self.is_plain = self.channel is None and self.models.latency == Latency()

    def list_contract(self, terms: ContractTerms) -> Listing:
        """Start trading a contract."""
        charge = (terms.commission or self.models.commission).for_contract(terms)
        slip = (terms.slippage or self.models.slippage).for_contract(terms)
        listing = self.listings[terms.contract] = Listing(
            len(self.listings) + 1, terms, charge, slip, fills_on_touch=self.models.limit_fills_on_touch
        )
        hours.watch_end(self, listing)
        return listing

    def review_later(self, account: Account) -> None:
        """Schedule a margin check of an account for when everything at this instant has traded."""
        if not account.is_due:
            account.is_due = True
            self.to_review.append(account)

    # -- entry ---------------------------------------------------------------------------

    def admit(self, order: Order, *, inside: bool = False) -> LiveOrder:
        """Accept an order with its children, and let it work once it has arrived.

        Args:
            order: The instruction.
            inside: The exchange itself places it: it uses no connection, and a closed market holds it.

        Raises:
            OrderError: It is refused; nothing changed, except that a rejection is logged.
        """
        number = self.numbers + 1
        live = entry.checked(self, order, number, inside=inside)
        if inside or (live.is_plain and self.is_plain):
            live.linked = inside
            self._admit_plain(live)
            return live
        if order.children:
            live.linked = True
            live.children = contingencies.checked_children(self, live)
        self.numbers = number
        self.journal.lives[number] = live
        if self.channel is not None and in_flight.is_lost(self, self.channel, live):
            return live
        self.orders[order.order_ref] = live
        if order.children:
            contingencies.admit_children(self, live)
        if self.channel is not None:
            in_flight.apply_faults(self, self.channel, live)
        delay = self.models.latency.submit_delay(self.random)
        if delay:
            live.place = IN_FLIGHT
            if order.oco_group:
                contingencies.join_group(self, live)
            self.note_status(live, "")
            self.agenda.put(self.now + delay, ARRIVAL, self.on_arrival, live)
        else:
            self.arrive(live)
        return live

    def _admit_plain(self, live: LiveOrder) -> None:
        """Do what `admit` does, for an order without any special features."""
        listing, holding, lots, now, number = live.listing, live.holding, live.remaining, self.now, live.number
        journal = self.journal
        self.numbers = number
        self.orders[live.order.order_ref] = journal.lives[number] = live
        try:
            if listing.initial_margin:
                margin.check_order(self, holding, lots if live.side > 0 else -lots)
        except OrderRejected as refused:
            self.reject(live, refused.fact)
            raise
        if live.side > 0:
            holding.working_buys += lots
        else:
            holding.working_sells += lots
        holding.account.changed[holding] = None
        live.state = WORKING
        journal.rows.append(number)
        if listing.close_due <= now:
            hours.watch_session(self, listing)
        if listing.session_open > now and not live.order.outside_hours:
            hours.hold(self, listing, live)
            return
        if self.opened_at == now:
            live.joins = now + 1
        takes_part = scheduling.enqueue if live.limit is None else scheduling.enter_limit
        if not takes_part(self, listing, live):
            self.place(live)
            scheduling.schedule(self, listing)

    def on_arrival(self, live: LiveOrder) -> None:
        """Let an order in flight start to work; a refusal at this point is reported as an event."""
        if live.is_final:
            return
        live.place = NOWHERE
        if self.unlogged is not None:
            self.unlogged[live.number] = live
        try:
            entry.check_market(self, live.listing, live.order)
            self.arrive(live)
        except OrderRejected:
            return
        except OrderError as refused:
            self.reject(live, refused.fact)

    def arrive(self, live: LiveOrder) -> None:
        """Accept an order at the exchange, or reject it.

        Raises:
            OrderRejected: The account lacks margin, or a flag forbids it.
        """
        listing = live.listing
        try:
            if isinstance(live, spreads.SpreadOrder):
                spreads.check_margin(self, live)
            elif listing.initial_margin:
                margin.check_order(self, live.holding, live.side * live.remaining)
            if live.order.post_only or live.order.reduce_only:
                entry.check_flags(self, live)
                live.linked = live.linked or live.order.reduce_only
        except OrderRejected as refused:
            self.reject(live, refused.fact)
            raise
        self.count_working(live, live.remaining)
        self.begin(live)

    def begin(self, live: LiveOrder) -> None:
        """Let an order work from now on, even if a cancel of it is in flight."""
        if live.state is PENDING:
            live.state = WORKING
            self.note_status(live, "")
        if live.order.spread_fill is SpreadFill.BY_LEG and isinstance(live, spreads.SpreadOrder):
            if live.order.oco_group:
                contingencies.join_group(self, live)
            spreads.start_legs(self, live)
        else:
            self.start(live)

    def start(self, live: LiveOrder, joins: int | None = None, *, waits: bool = True) -> None:
        """Let an accepted order trade: in bars that start from now on, or from an earlier instant at which it joined.

        An at-open order waits for the next opening, unless that has already traded.
        """
        order, listing = live.order, live.listing
        if order.oco_group:
            contingencies.join_group(self, live)
        if listing.close_due <= self.now:
            hours.watch_session(self, listing)
        if order.time_in_force is GTD:
            hours.watch_good_till(self, live)
        if self.trading is listing:  # an exit of the order that just filled acts in the same bar
            live.joins = listing.left_for
        elif joins is None:
            live.joins = self.now + 1 if self.opened_at == self.now else self.now
        kind = order.time_in_force
        closed = not order.outside_hours and hours.is_closed(self, listing)
        if closed or (kind is AT_OPEN and waits) or kind is AT_CLOSE:
            hours.hold(self, listing, live)
        else:
            self.place(live)
            scheduling.schedule(self, listing)

    def place(self, live: LiveOrder) -> None:
        """Insert an order into its listing's book, or let it wait for the next bar while one is under way."""
        listing = live.listing
        series, inside = listing.series, self.trading is listing
        if not live.is_plain and live.order.order_type is TRAILING_STOP and live.best is None:
            trailing.begin(live, listing.mark if inside else listing.last_price(self.now))
        if inside:
            live.began_at = listing.mark
        elif series.until <= self.now and not (listing.wake_time == self.now and listing.wake_what == scheduling.BODY):
            series.sync(self.now)
        at = series.at
        is_late = at < len(series.starts) and series.starts[at] < live.joins
        if is_late and (scheduling.opens_now(self, listing) or not book.acts_at_an_open(live)):
            live.place = WAITING
            listing.waiting.append(live)
        else:
            live.ahead = self.queue_ahead
            book.insert(listing, live, listing.limit_gap)

    def count_working(self, live: LiveOrder, lots: int) -> None:
        """Add to, or subtract from, the lots that an order may still trade, as counted for margin."""
        if isinstance(live, spreads.SpreadOrder):
            spreads.count_working(live, lots)
        else:
            live.holding.count_working(live.side * lots, live.side)

    # -- trading -------------------------------------------------------------------------

    def fillable(self, live: LiveOrder, left: int) -> int:
        """Return how many lots of an order can fill when so many are left in the bar."""
        remaining = live.remaining
        if live.linked and live.order.reduce_only:
            remaining = min(remaining, entry.reducible(live))
        return remaining if remaining <= left else left

    def fill(self, live: LiveOrder, lots: int, price: int) -> None:
        """Fill unsigned lots of an order at a price in units."""
        live.listing.left -= lots
        if live.__class__ is not LiveOrder:
            spreads.trade(self, live, lots, price)
        elif live.side > 0:
            live.holding.working_buys -= lots
            self.execute(live, lots, lots, price)
        else:
            live.holding.working_sells -= lots
            self.execute(live, lots, -lots, price)
        if live.linked:
            contingencies.after_fill(self, live.spread if isinstance(live, spreads.LegOrder) else live)

    def execute(self, live: LiveOrder, lots: int, quantity: int, price: int, late: bool = False) -> None:
        """Book lots (unsigned) and their signed quantity at a price, and log the execution."""
        listing, account = live.listing, live.account
        charge = listing.charge
        commission = 0 if charge is None else charge(lots, price, live.filled)
        live.holding.book(quantity, price, commission)
        live.filled += lots
        live.remaining -= lots
        if live.remaining or late:
            state = live.state.value
        else:
            live.state, state = FILLED, _FILLED
        self.record(live, state, quantity, price, commission, 0, 0, late)
        if listing.maintenance_margin or account.is_watched:
            margin_calls.note_trade(self, live.holding)

    def record(
        self, live: LiveOrder, state: str, quantity: int, price: int, commission: int,
        leg: int, corrects: int, late: bool,
    ) -> None:  # fmt: skip
        """Log an execution, and link it to its order."""
        self.executions = number = self.executions + 1
        live.updated = now = self.now
        live.last_execution = row = (
            FILL, now, live.number, state, number, quantity, price, commission, leg, corrects, late,
            live.last_execution,
        )  # fmt: skip
        self.journal.rows.append(row)

    # -- endings -------------------------------------------------------------------------

    def cancel(self, live: LiveOrder) -> None:
        """Request the cancel of an order; it is cancelled once the request has arrived.

        Raises:
            OrderCannotBeCancelled: It is final, a cancel is already pending, or a fault refuses it.
        """
        if live.is_final or live.state is PENDING_CANCEL:
            raise OrderCannotBeCancelled(
                f"Order #{live.number} is {live.state.value.replace('_', ' ')}.", remedy="There is nothing to cancel."
            )
        delay, late_fill = self.models.latency.cancel_delay(self.random), False
        if self.channel is not None:
            faults = in_flight.faults_on_cancel(self.channel, live)
            if faults.is_lost:
                live.view = client_view.waiting_for_cancel(live)
                return
            delay, late_fill = delay + faults.delay, faults.late_fill
        live.state = PENDING_CANCEL
        self.note_status(live, "")
        if delay:
            self.agenda.put(self.now + delay, ARRIVAL, self.on_cancel, (live, late_fill))
        else:
            self.on_cancel((live, late_fill))

    def on_cancel(self, request: tuple[LiveOrder, bool]) -> None:
        """Cancel an order, unless a fill won the race; with a late fill, one lot of it trades at that instant."""
        live, late_fill = request
        if live.is_final:
            return
        price = in_flight.late_fill_price(self, live) if late_fill else None
        self.end(live, "")
        if price is not None:
            in_flight.fill_late(self, live, price)
        scheduling.schedule(self, live.listing)

    def correct_later(self, due: int, execution: Execution, price: int) -> None:
        """Schedule the correction of an execution's price."""
        correction = (due, execution, price)
        self.corrections.append(correction)
        self.agenda.put(due, ARRIVAL, self.on_correction, correction)

    def on_correction(self, correction: tuple[int, Execution, int]) -> None:
        """Change the price of an execution, or of the one that has since corrected it."""
        self.corrections.remove(correction)
        _, wrong, price = correction
        for later in wrong.live.executions:
            if later.corrects == wrong.number:
                wrong = later
        if price == wrong.price:
            return
        wrong.holding.correct(wrong.quantity, wrong.price, price)
        self.journal.lives[wrong.live.number] = wrong.live  # it may have been forgotten by now
        margin_calls.review(self, wrong.live.account, None, calls=False)
        self.record(
            wrong.live, wrong.live.state.value, wrong.quantity, price, wrong.commission, wrong.leg, wrong.number,
            wrong.late,
        )  # fmt: skip

    def end(self, live: LiveOrder, reason: str, state: OrderState = CANCELLED) -> None:
        """Remove an order from trading for good, along with everything linked to it."""
        if isinstance(live, spreads.LegOrder):
            live = live.spread
        if isinstance(live, spreads.SpreadOrder) and live.leg_orders:
            spreads.end_legs(live)
        elif live.state is not PENDING and live.place != IN_FLIGHT:
            self.count_working(live, -live.remaining)
        if live.place not in (NOWHERE, IN_FLIGHT):
            book.remove(live.listing, live)
        live.state = state
        live.reason = reason
        self.note_status(live, reason)
        if live.linked:
            contingencies.after_end(self, live)

    def expire(self, live: LiveOrder, reason: str) -> None:
        """End an order whose time in force has run out."""
        self.end(live, reason, EXPIRED)

    def reject(self, live: LiveOrder, reason: str) -> None:
        """End an order that the exchange refuses."""
        live.state, live.reason = REJECTED, reason
        self.note_status(live, reason)
        if live.linked:
            contingencies.after_end(self, live)

    def note_status(self, live: LiveOrder, reason: str) -> None:
        """Log an order's state."""
        live.updated = now = self.now
        fills = 0 if live.last_execution is None else len(live.executions)
        if live.order is live.placed:
            self.journal.rows.append((STATUS, now, live.number, live.state.value, fills, reason))
        else:
            self.journal.append(Status(STATUS, now, live, live.state, live.order, fills, reason))

    # -- callbacks of the agenda ---------------------------------------------------------

    def on_session_open(self, listing: Listing) -> None:
        """Open a market."""
        hours.on_session_open(self, listing)

    def on_session_close(self, listing: Listing) -> None:
        """Close a market."""
        hours.on_session_close(self, listing)

    def on_contract_end(self, listing: Listing) -> None:
        """End a contract."""
        hours.on_contract_end(self, listing)

    def on_good_till(self, live: LiveOrder) -> None:
        """End a good-till order at its time."""
        hours.on_good_till(self, live)
