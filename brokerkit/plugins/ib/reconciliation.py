"""Differences between IB and our own records, found when a session starts."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path

import attrs

from brokerkit.errors import BrokerkitError, RequestTimedOut
from brokerkit.plugins.ib.order_desk import OrderDesk
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.plugins.ib.undecided import may_hide
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderOrigin, OrderState
from brokerkit.spec.contract import FuturesContract

_log = logging.getLogger(__name__)
_TIMEOUT_AT_CLOSE = 3.0


@attrs.frozen
class PositionBreak:
    """A position that differs from the last session's plus the fills since.

    Attributes:
        account: The account that holds it.
        contract: The contract held.
        expected: Signed lots according to our records.
        actual: Signed lots according to IB.
    """

    account: str
    contract: FuturesContract
    expected: int
    actual: int


@attrs.frozen
class Report:
    """The differences found when a session started.

    Attributes:
        time: When they were found, aware UTC.
        orders_changed: Our orders whose state changed between sessions.
        foreign_orders: Orders at IB that are not in this store.
        fills: Executions that happened between sessions, including those of others.
        position_breaks: Positions that differ.
    """

    time: datetime
    orders_changed: tuple[BrokerOrder, ...] = ()
    foreign_orders: tuple[BrokerOrder, ...] = ()
    fills: tuple[Fill, ...] = ()
    position_breaks: tuple[PositionBreak, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether nothing differed."""
        return not (self.orders_changed or self.foreign_orders or self.fills or self.position_breaks)

    @property
    def summary(self) -> str:
        """The differences, in one line."""
        parts = (
            (self.orders_changed, "orders changed"),
            (self.foreign_orders, "orders of others"),
            (self.fills, "new fills"),
            (self.position_breaks, "positions differ"),
        )
        return ", ".join(f"{len(found)} {words}" for found, words in parts if found) or "nothing"


@attrs.frozen
class LeftPositions:
    """The state that a session saved.

    Attributes:
        positions: Signed lots by account and IB's contract id.
        executions: The ids of the known executions.
        working: The references of the orders known to be working.
        time: When, by the Gateway's clock.
        accounts: The accounts that it knew.
    """

    positions: Mapping[tuple[str, int], int]
    executions: frozenset[str]
    working: frozenset[str]
    time: datetime
    accounts: frozenset[str]

    @classmethod
    def read(cls, file: Path) -> LeftPositions:
        """Return the state saved in a file."""
        saved = json.loads(file.read_text(encoding="utf-8"))
        held = {}
        for key, quantity in saved["positions"].items():
            account, _, con_id = key.rpartition("/")
            held[account, int(con_id)] = int(quantity)
        executions, working, accounts = (frozenset(saved[name]) for name in ("executions", "working", "accounts"))
        return cls(held, executions, working, datetime.fromisoformat(saved["time"]), accounts)


class Reconciliation:
    """Compares IB with the journal and with the positions that the last session saved.

    Attributes:
        report: The differences at the start.
        locked: Why orders in an instrument are refused, by instrument code.
    """

    def __init__(self, desk: OrderDesk, folder: Path, *, lock: bool) -> None:
        self._desk = desk
        host, port = desk.gateway
        self._file = folder / f"ib_positions_{host}_{port}.json".replace(":", "-")  # Windows forbids one in a name
        self._lock = lock
        self.report = Report(_now())
        self.locked: dict[str, str] = {}
        self._is_written = False
        self._left: LeftPositions | None = None
        self._has_unnamed_break = False

    def start(self) -> None:
        """Compare, and keep the differences."""
        self._desk.flush()
        breaks = self._position_breaks()
        self.report = Report(
            _now(),
            orders_changed=tuple(self._desk.changed_while_away()),
            foreign_orders=tuple(each.view() for each in self._desk.book.all() if each.origin is not OrderOrigin.OURS),
            fills=tuple(self._desk.fills_while_away()),
            position_breaks=tuple(breaks),
        )
        is_news = self.report.orders_changed or self.report.fills or breaks
        if not self.report.is_clean:
            level = logging.WARNING if is_news else logging.INFO  # orders of others need no warning
            _log.log(level, "IB and our records differ: %s; see `native.reconciliation.report`", self.report.summary)
        if self._lock:
            self.locked = {
                each.contract.instrument_code: f"IB holds {each.actual} of {each.contract}, not {each.expected}"
                for each in breaks
            }
        self._desk.readings.is_position_explained = self._explains
        self._desk.worker.post_when_idle(self._write_once)

    def _explains(self, tracked: TrackedOrder) -> bool:
        """Return whether the positions at the start show that no fill of an order is unseen.

        They do for an order of an earlier session that was known to be working when that session saved positions, or
        was sent later, unless fills of another order may offset its own.
        """
        contract, account = tracked.order.contract, tracked.ids.account
        is_of_before = tracked.submitted_there is None and tracked.state is not OrderState.UNKNOWN
        if not is_of_before or not isinstance(contract, FuturesContract) or not self._is_covered(tracked):
            return False
        if any(may_hide(other, tracked) for other in self._desk.unseen()) or self._may_be_settled(contract):
            return False
        return not any(
            each.contract in contract.legs and account in ("", each.account) for each in self.report.position_breaks
        )

    def _may_be_settled(self, contract: FuturesContract) -> bool:
        """Return whether what a contract's end left of a position may be nothing, whatever was held."""
        try:
            return self._desk.has_expired(contract)
        except BrokerkitError:
            return True

    def _is_covered(self, tracked: TrackedOrder) -> bool:
        """Return whether the saved positions are from a time when an order was known not to have filled."""
        left, sent = self._left, tracked.submitted or tracked.updated
        if left is None or self._has_unnamed_break or tracked.ids.account not in left.accounts:
            return False
        return tracked.order.order_ref in left.working or (sent is not None and self._desk.there(sent) > left.time)

    def recheck(self) -> dict[str, str]:
        """Compare positions again, unlock those that agree, and return what stays locked."""
        self._desk.flush()
        broken = {each.contract.instrument_code for each in self._position_breaks()}
        self.locked = {code: reason for code, reason in self.locked.items() if code in broken}
        return dict(self.locked)

    def unlock(self, instrument_code: str) -> None:
        """Accept IB's position in an instrument, and allow orders in it again."""
        self.locked.pop(instrument_code, None)
        self.save()

    def save(self) -> None:
        """Save IB's positions for the next session to compare with."""
        self._desk.worker.post(self._write)  # in the desk's thread, no fill can come between positions and executions
        self._desk.flush()

    def save_at_the_end(self) -> None:
        """Do the same, but do not wait for a Gateway that no longer responds."""
        self._desk.worker.post(self._write)
        try:
            self._desk.flush(_TIMEOUT_AT_CLOSE)
        except RequestTimedOut as error:
            _log.warning("Positions were not saved for the next session to compare with: %s", error)

    def _write_once(self) -> None:
        if not self._is_written:
            self._write()

    def _write(self) -> None:
        self._is_written = True
        if self.locked or self._desk.awaits_verdict or not self._desk.positions.book.is_known:
            return  # the next session must not compare with positions that are in dispute or were never reported
        held = {f"{each.account}/{each.con_id}": each.quantity for each in self._desk.positions.book.holdings()}
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(f".{os.getpid()}-{id(self)}.tmp")
        try:
            moment = self._desk.gateway_time()
        except BrokerkitError as error:
            _log.info("Positions were not saved, because the Gateway's time is unknown: %s", error)
            return
        saved = {
            "positions": held,
            "executions": [fill.execution_id for fill in self._desk.fills()],
            "working": [tracked.order.order_ref for tracked in self._desk.working()],
            "accounts": self._desk.accounts(),
            "time": moment.isoformat(),
        }
        fresh.write_text(json.dumps(saved), encoding="utf-8")
        fresh.replace(self._file)

    def _position_breaks(self) -> list[PositionBreak]:
        left = self._read_left()
        if left is None:
            return []
        if not self._desk.positions.book.is_known:
            _log.warning("IB reported no positions, so they are not compared with our records")
            return []
        self._left = self._left or left  # a file that this session wrote is no evidence of what came before
        expected = dict(left.positions)
        for account, con_id, quantity in self._desk.positions_filled(left.time, left.executions):
            expected[(account, con_id)] = expected.get((account, con_id), 0) + quantity
        book = self._desk.positions.book
        keys = set(expected) | {(each.account, each.con_id) for each in book.holdings()}
        accounts = left.accounts.intersection(self._desk.accounts())
        known = [key for key in sorted(keys) if key[0] in accounts]
        found = [(key, expected.get(key, 0), book.quantity(*key)) for key in known]
        return [each for key, want, have in found if want != have for each in self._break(key, want, have)]

    def _read_left(self) -> LeftPositions | None:
        try:
            return LeftPositions.read(self._file)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:  # a loss of power may cut it off
            _log.warning("Positions are not compared: those left in %s cannot be read: %r", self._file, error)
            return None

    def _break(self, key: tuple[str, int], expected: int, actual: int) -> list[PositionBreak]:
        try:
            contract = self._desk.contract_of(key[1])
        except BrokerkitError as error:
            _log.warning("A position in contract id %s differs, but the contract is unknown: %s", key[1], error)
            self._has_unnamed_break = True
            return []
        if not actual and self._may_be_settled(contract):
            _log.info("%s has expired, and the %s lots of %s with it", contract, expected, key[0])
            return []
        return [PositionBreak(key[0], contract, expected, actual)]


def _now() -> datetime:
    return datetime.now(timezone.utc)
