"""Bringing an exchange back to what its state file holds: accounts at once, the rest as contracts are listed again."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from brokerkit.plugins.sim.exchange import (
    book,
    contingencies,
    entry,
    hours,
    margin_calls,
    order_codec,
    scheduling,
    spreads,
)
from brokerkit.plugins.sim.exchange.agenda import ARRIVAL, SESSION_OPEN, Action, Agenda
from brokerkit.plugins.sim.exchange.entries import FILL
from brokerkit.plugins.sim.exchange.ledger import Account
from brokerkit.plugins.sim.exchange.live_order import DOWN, HELD, IN_FLIGHT, NOWHERE, UP, LiveOrder
from brokerkit.spec.broker_order import OrderOrigin, OrderState

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.faults import FaultBoard
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.venue import Venue
    from brokerkit.spec.contract import FuturesContract, FxPair
    from brokerkit.spec.order import Order

    _Kept = tuple[Any, tuple[FuturesContract, ...] | tuple[FxPair, ...]]  # an order's row, and its contract's legs

LIVE_FIELDS = (
    "priority",
    "filled",
    "remaining",
    "limit",
    "trigger",
    "best",
    "reason",
    "submitted",
    "updated",
    "joins",
    "place",
    "ahead",
    "whole",
)
"""The attributes of a live order that its row in the file holds."""


class Restoration:
    """What a state file held when it was opened, brought back step by step.

    Args:
        venue: The exchange that is restored.
        facts: The facts in the file, by name; empty if nothing was ever saved there.
        database: The file.
    """

    def __init__(self, venue: Venue, facts: Mapping[str, Any], database: sqlite3.Connection) -> None:
        self._venue = venue
        self._facts = facts
        self._database = database
        self._waiting: dict[FuturesContract | FxPair, list[_Kept]] | None = None
        self._in_flight: list[tuple[int, Action, Any]] = []

    def restore(self, board: FaultBoard) -> None:
        """Restore the clock, the counters and the accounts."""
        venue, facts = self._venue, self._facts
        venue.now, venue.opened_at = facts["now"], facts["opened_at"]
        venue.agenda = Agenda(venue.now)
        venue.agenda.reached = facts.get("reached", venue.agenda.reached)
        venue.numbers, venue.executions, venue.priorities = facts["numbers"], facts["executions"], facts["priorities"]
        board.resume(facts["faults"])
        for name, number, base in self._database.execute("SELECT * FROM accounts ORDER BY number"):
            venue.accounts[name] = Account(number, name, base)
            venue.default_account = next(iter(venue.accounts.values()))
        for row in self._database.execute("SELECT * FROM cash ORDER BY rowid"):
            cash = venue.accounts[row[0]].in_currency(row[1])
            cash.deposited, cash.realised, cash.converted, cash.commission = map(int, row[2:])

    def contracts(self) -> tuple[FuturesContract | FxPair, ...]:
        """Return the single contracts and pairs that anything in the file belongs to, in order."""
        rows = self._database.execute("SELECT contract FROM holdings UNION SELECT contract FROM orders")
        kept = (order_codec.decode_contract(json.loads(row[0])) for row in rows.fetchall())
        return tuple(sorted({leg for contract in kept for leg in contract.legs}, key=str))

    def restore_listing(self, listing: Listing) -> None:
        """Restore what belongs to a newly listed contract: holdings, orders, executions."""
        venue = self._venue
        for account, lots, cost, realised in self._database.execute(
            "SELECT account, lots, cost, realised FROM holdings WHERE contract = ?",
            (json.dumps(order_codec.encode_contract(listing.contract)),),
        ):
            holding = listing.holding_of(venue.accounts[account])
            holding.realised = int(realised)
            if lots:
                holding.hold(lots, round(Fraction(cost) * listing.value))
            venue.revalue()
            if lots:
                margin_calls.review_at_next_bar(holding)
                holding.account.is_watched |= listing.maintenance_margin > 0
        for contract, left_for, left, price, *due in self._facts.get("markets", ()):
            if order_codec.decode_contract(contract) == listing.contract:
                listing.left_for, listing.left, listing.mark = left_for, left, price
                self._resume_due(listing, *due)
        self._restore_orders(listing)

    def _resume_due(self, listing: Listing, due: int | None = None) -> None:
        """Resume what was still due at the instant at which the exchange was stopped."""
        if self._venue.now == self._facts["now"]:
            scheduling.resume(self._venue, listing, due)
            hours.resume_close(self._venue, listing)

    def _orders_to_restore(self, listing: Listing) -> list[Any]:
        """Return the kept orders that a newly listed contract makes complete, by number."""
        if self._waiting is None:
            self._waiting = self._kept_orders()
        kept = self._waiting.pop(listing.contract, [])
        return [row for row, legs in kept if all(leg in self._venue.listings for leg in legs)]

    def _kept_orders(self) -> dict[FuturesContract | FxPair, list[_Kept]]:
        """Return the orders that were in the file when it was opened, by each contract that they need."""
        found: dict[FuturesContract | FxPair, list[_Kept]] = defaultdict(list)
        numbers = self._facts.get("numbers", 0)
        for row in self._database.execute("SELECT * FROM orders WHERE number <= ? ORDER BY number", (numbers,)):
            legs = order_codec.decode_contract(json.loads(row[1])).legs
            for leg in legs:
                found[leg].append((row, legs))
        return found

    def _restore_orders(self, listing: Listing) -> None:
        venue = self._venue
        known = {live.number: live for live in venue.orders.values()}
        fresh = []
        for row in self._orders_to_restore(listing):
            live = known[row[0]] = venue.journal.lives[row[0]] = self._order(row)
            fresh.append((live, row[2]))
        for live, parent in fresh:
            if parent is not None:
                live.parent = known[parent]
                live.parent.children = (*live.parent.children, live)
                live.linked = live.parent.linked = True
        for live, _ in fresh:
            self._restore_executions(live)
            if venue.channel is not None:
                live.view = live.at_exchange()
            if not live.is_final:
                self._resume(live)
        venue.orders = {live.order_ref: live for _, live in sorted(known.items())}
        for one in {leg for live, _ in fresh for leg in _books_of(live)}:  # whichever leg was listed first
            one.queue.sort(key=_number)
            one.held.sort(key=_number)

    def _order(self, row: tuple[Any, ...]) -> LiveOrder:
        venue, facts = self._venue, json.loads(row[3])
        order = order_codec.decode(json.loads(row[4]))
        account = venue.account_of(order.account)
        if len(order.quantity) > 1:
            spread = self._spread(order)
            live: LiveOrder = spreads.SpreadOrder(venue, row[0], order, spread, account)
        else:
            listing = venue.listing_of(order.contract)
            live = LiveOrder(venue, row[0], order, listing, account, listing.holding_of(account), venue.now)
        for name in LIVE_FIELDS:
            setattr(live, name, facts.get(name, 0))
        live.whole = live.whole or abs(entry.units_of(order))
        live.state, live.origin = OrderState(facts["state"]), OrderOrigin(facts["origin"])
        live.client_id = facts["client_id"]
        live.linked = order.reduce_only
        if order.tag == margin_calls.TAG and live.origin is OrderOrigin.MANUAL and not live.is_final:
            account.liquidating.append(live)
        if isinstance(live, spreads.SpreadOrder) and facts["legs"]:
            live.leg_orders = tuple(spreads.LegOrder(venue, live, leg) for leg in range(len(facts["legs"])))
            for one, (filled, remaining) in zip(live.leg_orders, facts["legs"], strict=True):
                one.filled, one.remaining = filled, remaining
        return live

    def _spread(self, order: Order) -> Listing:
        """Return the book of a spread, with the volume that it has used of the current bar."""
        venue, found = self._venue, spreads.listing_for(self._venue, order)
        for contract, ratios, left_for, left, price, *due in self._facts.get("spreads", ()):
            if venue.spreads.get((order_codec.decode_contract(contract), tuple(ratios))) is found:
                found.left_for, found.left = left_for, left
                found.series.last = found.mark = price
                self._resume_due(found, *due)
        return found

    def _restore_executions(self, live: LiveOrder) -> None:
        rows = self._database.execute(
            "SELECT number, facts FROM executions WHERE live = ? ORDER BY number", (live.number,)
        )
        for number, text in rows:
            time, state, quantity, price, commission, _, leg, corrects, late = json.loads(text)
            before = live.last_execution
            live.last_execution = (
                FILL, time, live.number, state, number, quantity, price, commission, leg, corrects, late, before,
            )  # fmt: skip
        for due, _, number, price in (one for one in self._facts.get("corrections", ()) if one[1] == live.number):
            wrong = next(one for one in live.executions if one.number == number)
            self._venue.correct_later(max(due, self._venue.now), wrong, price)

    def _resume(self, live: LiveOrder) -> None:
        """Resume an order that was not final; a cancel in flight arrives at once."""
        venue, place = self._venue, live.place
        never_worked = live.parent is not None and not live.remaining
        live.place = IN_FLIGHT if place == IN_FLIGHT else NOWHERE
        if place == IN_FLIGHT:
            if live.order.oco_group:
                contingencies.join_group(venue, live)
            self._arrives(live, venue.on_arrival, live)
        elif live.state is OrderState.PENDING or never_worked:
            contingencies.wait_for_parent(venue, live)
        else:
            self._restart(live, place)
        if live.state is OrderState.PENDING_CANCEL:
            self._arrives(live, venue.on_cancel, (live, False))

    def _arrives(self, live: LiveOrder, action: Action, argument: Any) -> None:
        """Let messages in flight arrive at once, in the order they were sent in, whichever contract is listed first."""
        if not self._in_flight:
            self._venue.agenda.put(self._venue.now, ARRIVAL, self._on_arrival)
        self._in_flight.append((live.number, action, argument))

    def _on_arrival(self, _: object) -> None:
        arrived, self._in_flight = sorted(self._in_flight, key=lambda one: one[0]), []
        for _, action, argument in arrived:
            action(argument)

    def _restart(self, live: LiveOrder, place: int) -> None:
        venue, ahead = self._venue, live.ahead
        opening = hours.opened_since(live.listing, live.joins, venue.now)
        if opening is not None and not live.order.outside_hours and not hours.was_open(live.listing, opening):
            live.joins = opening  # it was held until then
        if isinstance(live, spreads.SpreadOrder) and live.leg_orders:
            spreads.count_legs(live)
            if live.order.oco_group:
                contingencies.join_group(venue, live)
            for one in live.leg_orders:
                one.linked = live.linked
                if one.remaining:
                    venue.start(one, live.joins)
        else:
            venue.count_working(live, live.remaining)
            is_past = opening is not None and venue.agenda.is_over(opening, SESSION_OPEN)
            venue.start(live, live.joins, waits=place == HELD and not is_past)
            if live.place == HELD != place and hours.closes_now(venue, live.listing):  # a bar may still end now
                book.remove(live.listing, live)
                venue.place(live)
        if place in (DOWN, UP):
            live.ahead = ahead


def _number(live: LiveOrder) -> int:
    return live.number


def _books_of(live: LiveOrder) -> Iterator[Listing]:
    """Return the listings in whose books an order can be: its own, and those of legs that it fills separately."""
    yield live.listing
    if isinstance(live, spreads.SpreadOrder):
        yield from (one.listing for one in live.leg_orders)
