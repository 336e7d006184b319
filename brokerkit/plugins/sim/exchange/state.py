"""What an exchange keeps on disk, so that it survives a restart, even after SIGKILL at any moment.

Everything that a call changed is written in one transaction before it is reported. Accounts are
restored when the file is opened; orders, executions and holdings when their contracts are listed
again. Bars are not kept: the caller gives them again.

Only one exchange at a time may use the file: each keeps its state in memory, and would overwrite
the changes of another.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brokerkit.errors import StoreCorrupt, StoreError, StoreTooNew, StoreUnwritable
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
from brokerkit.plugins.sim.exchange.entries import FILL, Entry, Execution, Status
from brokerkit.plugins.sim.exchange.file_claim import FileClaim
from brokerkit.plugins.sim.exchange.ledger import Account
from brokerkit.plugins.sim.exchange.live_order import DOWN, HELD, IN_FLIGHT, NOWHERE, UP, LiveOrder
from brokerkit.spec.broker_order import OrderOrigin, OrderState

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.faults import FaultBoard
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.venue import Venue
    from brokerkit.spec.contract import FuturesContract, FxPair
    from brokerkit.spec.order import Order

VERSION = 1
_ORIGIN = "made_of"
_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, number INTEGER, base_currency TEXT);
CREATE TABLE IF NOT EXISTS cash (account TEXT, currency TEXT, deposited TEXT, realised TEXT, converted TEXT,
    commission TEXT, PRIMARY KEY (account, currency));
CREATE TABLE IF NOT EXISTS holdings (account TEXT, contract TEXT, lots INTEGER, cost TEXT, realised TEXT,
    PRIMARY KEY (account, contract));
CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, contract TEXT, parent INTEGER, live TEXT,
    instruction TEXT);
CREATE TABLE IF NOT EXISTS executions (number INTEGER PRIMARY KEY, live INTEGER, facts TEXT);
"""
_LIVE = (
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


class StateFile:
    """The SQLite file of one exchange, in WAL mode. Whole numbers of money are stored as text: they outgrow 64 bits.

    Attributes:
        origin: What the file records about how the simulation was created; empty if an older brokerkit created it.

    Raises:
        StoreLocked: Another exchange has it open, in this process or another.
        StoreCorrupt: The file is not a sound SQLite database.
        StoreTooNew: A newer brokerkit wrote it.
        StoreUnwritable: It cannot be opened for writing.
    """

    def __init__(self, path: str | Path, venue: Venue, board: FaultBoard, origin: Mapping[str, str]) -> None:
        self._venue = venue
        self._board = board
        venue.unlogged = {}
        self._saved = self._accounts = 0
        self._clock = -1
        self._counts: list[int] = []
        self._restored: set[int] = set()
        self._in_flight: list[tuple[int, Action, Any]] = []
        try:
            self._claim = FileClaim(path)
        except sqlite3.DatabaseError as problem:
            raise _store_error(problem, path) from problem
        try:
            self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as problem:
            self._claim.close()
            raise _store_error(problem, path) from problem
        try:
            self._facts: dict[str, Any] = self._opened()
        except sqlite3.DatabaseError as problem:
            self.close()
            raise _store_error(problem, path) from problem
        if self._facts.get("version", VERSION) > VERSION:
            self.close()
            raise StoreTooNew("The state was written by a newer brokerkit.", place=str(path))
        self.origin: Mapping[str, str] = origin if self.is_new else self._facts.get(_ORIGIN, {})

    def _opened(self) -> dict[str, Any]:
        """Create missing tables, and return the stored facts."""
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=NORMAL")
        self._database.executescript(_TABLES)
        return {name: json.loads(value) for name, value in self._database.execute("SELECT name, value FROM facts")}

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever saved here."""
        return not self._facts

    def close(self) -> None:
        """Close the file."""
        self._database.close()
        self._claim.close()

    # -- writing ---------------------------------------------------------------------------

    def save(self) -> None:
        """Write what changed since the last save, in one transaction."""
        venue = self._venue
        fresh = venue.journal.entries(self._saved)
        lives = self._changed(fresh)
        counts = self._board.counts()
        is_unchanged = self._clock == venue.now and self._accounts == len(venue.accounts) and counts == self._counts
        if not (fresh or lives) and is_unchanged:
            return
        self._claim.check()
        self._database.execute("BEGIN IMMEDIATE")
        try:
            self._write(fresh, lives)
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._saved, self._clock, self._counts = len(venue.journal), venue.now, counts
        self._accounts = len(venue.accounts)

    def forget(self, rows: int) -> None:
        """Account for rows, all of them saved, that were dropped from the start of the log."""
        self._saved -= rows

    def _changed(self, fresh: list[Entry]) -> dict[int, LiveOrder]:
        """Return the orders that may differ from their stored state, including changes that are not logged."""
        venue = self._venue
        lives, venue.unlogged = venue.unlogged or {}, {}
        for row in fresh:
            if isinstance(row, (Status, Execution)) and row.live.order_ref in venue.orders:
                lives[row.live.number] = row.live
        for listing in (*venue.listings.values(), *venue.spreads.values()):
            standing = listing.all_orders() if venue.models.queue_ahead else listing.trailing
            lives.update((live.number, live) for live in standing if not isinstance(live, spreads.LegOrder))
        return lives

    def _write(self, fresh: list[Entry], lives: dict[int, LiveOrder]) -> None:
        venue = self._venue
        facts = {
            "version": VERSION,
            "now": venue.now,
            "reached": venue.agenda.reached,
            "opened_at": venue.opened_at,
            "numbers": venue.numbers,
            "executions": venue.executions,
            "priorities": venue.priorities,
            "faults": self._board.counts(),
            "corrections": [[due, one.live.number, one.number, price] for due, one, price in venue.corrections],
            "markets": [
                [order_codec.encode_contract(one.contract), *self._market(one)] for one in venue.listings.values()
            ],
            "spreads": [
                [order_codec.encode_contract(contract), ratios, *self._market(one)]
                for (contract, ratios), one in venue.spreads.items()
            ],
        }
        if self.is_new and self._clock < 0:
            facts[_ORIGIN] = dict(self.origin)
        self._put("facts", ((name, json.dumps(value)) for name, value in facts.items()))
        if fresh or self._clock < 0 or self._accounts != len(venue.accounts):
            self._write_accounts()
        self._put("orders", (self._order_row(live) for live in lives.values()))
        executions = (one for one in fresh if isinstance(one, Execution) and one.kind == FILL)
        self._put("executions", (self._execution_row(one) for one in executions))

    def _market(self, one: Listing) -> tuple[int, int, int | None, int | None]:
        return one.left_for, one.left, one.last_price(self._venue.now), scheduling.due_now(self._venue, one)

    def _write_accounts(self) -> None:
        accounts = list(self._venue.accounts.values())
        self._put("accounts", ((one.name, one.number, one.base_currency) for one in accounts))
        amounts = ((one.name, cash) for one in accounts for cash in one.cash.values())
        self._put(
            "cash",
            (
                (name, cash.currency, *map(str, (cash.deposited, cash.realised, cash.converted, cash.commission)))
                for name, cash in amounts
            ),
        )
        held = (holding for one in accounts for holding in one.holdings)
        self._put(
            "holdings",
            ((one.account.name, self._key(one.listing), one.lots, str(one.cost), str(one.realised)) for one in held),
        )

    def _put(self, table: str, rows: Any) -> None:
        for row in rows:
            marks = ",".join("?" * len(row))
            self._database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)

    def _key(self, listing: Listing) -> str:
        return json.dumps(order_codec.encode_contract(listing.contract))

    def _order_row(self, live: LiveOrder) -> tuple[Any, ...]:
        facts = {name: getattr(live, name) for name in _LIVE}
        facts.update(state=live.state.value, origin=live.origin.value, client_id=live.client_id)
        if isinstance(live, spreads.SpreadOrder):
            facts["legs"] = [[one.filled, one.remaining] for one in live.leg_orders]
        parent = live.parent.number if live.parent else None
        contract = json.dumps(order_codec.encode_contract(live.order.contract))
        return live.number, contract, parent, json.dumps(facts), json.dumps(order_codec.encode(live.order))

    def _execution_row(self, one: Execution) -> tuple[Any, ...]:
        contract = order_codec.encode_contract(one.holding.listing.contract)
        facts = [
            one.time,
            one.state.value,
            one.quantity,
            one.price,
            one.commission,
            contract,
            one.leg,
            one.corrects,
            one.late,
        ]
        return one.number, one.live.number, json.dumps(facts)

    # -- reading ---------------------------------------------------------------------------

    def restore(self) -> None:
        """Restore the clock, the counters and the accounts."""
        venue, facts = self._venue, self._facts
        venue.now, venue.opened_at = facts["now"], facts["opened_at"]
        venue.agenda = Agenda(venue.now)
        venue.agenda.reached = facts.get("reached", venue.agenda.reached)
        venue.numbers, venue.executions, venue.priorities = facts["numbers"], facts["executions"], facts["priorities"]
        self._board.resume(facts["faults"])
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
            "SELECT account, lots, cost, realised FROM holdings WHERE contract = ?", (self._key(listing),)
        ):
            holding = listing.holding_of(venue.accounts[account])
            holding.realised = int(realised)
            if lots:
                holding.hold(lots, int(cost))
            venue.revalue()
            if lots:
                margin_calls.review_at_next_bar(holding)
        for contract, left_for, left, price, *due in self._facts.get("markets", ()):
            if order_codec.decode_contract(contract) == listing.contract:
                listing.left_for, listing.left, listing.mark = left_for, left, price
                self._resume_due(listing, *due)
        self._restore_orders()

    def _resume_due(self, listing: Listing, due: int | None = None) -> None:
        """Resume what was still due at the instant at which the exchange was stopped."""
        if self._venue.now == self._facts["now"]:
            scheduling.resume(self._venue, listing, due)
            hours.resume_close(self._venue, listing)

    def _unrestored_orders(self) -> list[Any]:
        """Return the orders that were in the file when it was opened and are not restored yet."""
        rows = self._database.execute(
            "SELECT * FROM orders WHERE number <= ? ORDER BY number", (self._facts.get("numbers", 0),)
        )
        return [row for row in rows.fetchall() if row[0] not in self._restored]

    def _restore_orders(self) -> None:
        venue = self._venue
        known = {live.number: live for live in venue.orders.values()}
        fresh = []
        for row in self._unrestored_orders():
            contract = order_codec.decode_contract(json.loads(row[1]))
            if all(leg in venue.listings for leg in contract.legs):
                live = known[row[0]] = venue.journal.lives[row[0]] = self._order(row)
                fresh.append((live, row[2]))
                self._restored.add(row[0])
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
        for listing in {leg for live, _ in fresh for leg in _books_of(live)}:  # whichever leg was listed first
            listing.queue.sort(key=_number)
            listing.held.sort(key=_number)

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
        for name in _LIVE:
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


def _store_error(problem: sqlite3.DatabaseError, path: str | Path) -> StoreError:
    """Return SQLite's error on opening the file as a store error with a remedy."""
    if isinstance(problem, sqlite3.OperationalError):
        return StoreUnwritable(f"{problem}.", place=str(path), remedy="Give a writable path.")
    return StoreCorrupt(f"{problem}.", place=str(path), remedy="Move the file away.")


def _books_of(live: LiveOrder) -> Iterator[Listing]:
    """Return the listings in whose books an order can be: its own, and those of legs that it fills separately."""
    yield live.listing
    if isinstance(live, spreads.SpreadOrder):
        yield from (one.listing for one in live.leg_orders)
