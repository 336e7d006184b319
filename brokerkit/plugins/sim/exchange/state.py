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
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brokerkit.errors import StoreCorrupt, StoreError, StoreTooNew, StoreUnwritable
from brokerkit.plugins.sim.exchange import order_codec, scheduling, spreads
from brokerkit.plugins.sim.exchange.entries import FILL, Entry, Execution, Status
from brokerkit.plugins.sim.exchange.file_claim import FileClaim
from brokerkit.plugins.sim.exchange.restoring import LIVE_FIELDS, Restoration

if TYPE_CHECKING:
    from brokerkit.plugins.sim.exchange.faults import FaultBoard
    from brokerkit.plugins.sim.exchange.ledger import Holding
    from brokerkit.plugins.sim.exchange.listing import Listing
    from brokerkit.plugins.sim.exchange.live_order import LiveOrder
    from brokerkit.plugins.sim.exchange.venue import Venue

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
CREATE INDEX IF NOT EXISTS executions_by_order ON executions (live);
"""


class StateFile:
    """The SQLite file of one exchange, in WAL mode. Whole numbers of money are stored as text: they outgrow 64 bits.

    Attributes:
        origin: What the file records about how the simulation was created; empty if an older brokerkit created it.
        kept: What the file held when it was opened, to restore the exchange from.

    Raises:
        StoreLocked: Another exchange has it open, in this process or another.
        StoreCorrupt: The file is not a sound SQLite database.
        StoreTooNew: A newer brokerkit wrote it.
        StoreUnwritable: It cannot be opened for writing.
    """

    def __init__(self, path: str | Path, venue: Venue, board: FaultBoard, origin: Mapping[str, str]) -> None:
        self._path = path
        self._venue = venue
        self._board = board
        venue.unlogged = {}
        self._saved = self._accounts = 0
        self._clock = -1
        self._is_closed = False
        self._counts: list[int] = []
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
        self.kept = Restoration(venue, self._facts, self._database)

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
        self._is_closed = True
        self._database.close()
        self._claim.close()

    def save(self) -> None:
        """Write what changed since the last save, in one transaction; where that fails, the next save writes it too.

        Raises:
            StoreLocked: This is a forked child.
            StoreUnwritable: The disk is full, or fails.
            StoreError: A signal handler closed the file meanwhile.
        """
        venue = self._venue
        fresh = venue.journal.entries(self._saved)
        lives = self._changed(fresh)
        counts = self._board.counts()
        is_unchanged = self._clock == venue.now and self._accounts == len(venue.accounts) and counts == self._counts
        if not (fresh or lives) and is_unchanged:
            return
        self._claim.check()
        try:
            self._database.execute("BEGIN IMMEDIATE")
            self._write(fresh, lives)
            self._database.execute("COMMIT")
        except BaseException as problem:
            venue.unlogged = {**lives, **(venue.unlogged or {})}
            if not self._is_closed and self._database.in_transaction:  # on a full disk SQLite has undone it already
                self._database.execute("ROLLBACK")
            if self._is_closed and isinstance(problem, sqlite3.ProgrammingError):
                raise StoreError(
                    "The state was closed while it was written. Nothing was written.",
                    place=str(self._path),
                    remedy="Open it again.",
                ) from problem
            if isinstance(problem, sqlite3.DatabaseError):
                raise _store_error(problem, self._path) from problem
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
            ((one.account.name, self._key(one.listing), one.lots, _cost(one), str(one.realised)) for one in held),
        )

    def _put(self, table: str, rows: Any) -> None:
        for row in rows:
            marks = ",".join("?" * len(row))
            self._database.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)

    def _key(self, listing: Listing) -> str:
        return json.dumps(order_codec.encode_contract(listing.contract))

    def _order_row(self, live: LiveOrder) -> tuple[Any, ...]:
        facts = {name: getattr(live, name) for name in LIVE_FIELDS}
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


def _cost(holding: Holding) -> str:
    """Return a holding's cost in price units, exactly: as a fraction where it is not whole."""
    return str(Fraction(holding.cost, holding.listing.value))


def _store_error(problem: sqlite3.DatabaseError, path: str | Path) -> StoreError:
    """Return SQLite's error on the file as a store error with a remedy."""
    if isinstance(problem, sqlite3.OperationalError):
        return StoreUnwritable(f"{problem}.", place=str(path), remedy="Give a writable path on a disk with free space.")
    return StoreCorrupt(f"{problem}.", place=str(path), remedy="Move the file away.")
