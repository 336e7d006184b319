"""Looks at Tradepost's orders again and again, and tells what has changed: Tradepost itself never calls."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal

from brokerkit import (
    BrokerOrder,
    CommissionReport,
    ConnectionChange,
    ConnectionState,
    DataGap,
    Event,
    Fill,
    FuturesContract,
    Order,
    Position,
)
from brokerkit.errors import BrokerkitError
from brokerkit_tradepost.client import Client
from brokerkit_tradepost.order_views import view_of


class Poller:
    """Keeps the newest view of every order, and emits an event for each change, in order, once.

    Attributes:
        placed: The orders placed here, by reference.
        contract_of: Finds the contract of one of Tradepost's ids.
    """

    def __init__(
        self,
        client: Client,
        emit: Callable[[Event], None],
        seconds: float,
        contract_of: Callable[[str], FuturesContract],
    ) -> None:
        self.placed: dict[str, Order] = {}
        self.contract_of = contract_of
        self._client = client
        self._emit = emit
        self._seconds = seconds
        self._views: dict[str, BrokerOrder] = {}
        self._told: set[str] = set()
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._to_tell: deque[Event] = deque()
        self._telling = threading.Lock()
        self._teller: int | None = None
        self._told_final: set[str] = set()
        self._stopped = threading.Event()
        self._seen = datetime.now(timezone.utc)
        self._state = ConnectionState.CONNECTED
        self._thread = threading.Thread(target=self._run, name="tradepost-poller", daemon=True)

    @property
    def state(self) -> ConnectionState:
        """Whether the last look was answered."""
        return self._state

    @property
    def is_stopped(self) -> bool:
        """Whether polling has ended."""
        return self._stopped.is_set()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop; the thread has ended when this returns. Whoever waits is woken."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def view(self, order_ref: str) -> BrokerOrder:
        """Return the newest view of an order."""
        with self._lock:
            return self._views[order_ref]

    def wait_until_final(self, order_ref: str, timeout: float) -> BrokerOrder:
        """Return the newest view of an order, final and told unless time was over first or polling has stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_ended(order_ref) or self._stopped.is_set(), timeout)
            return self._views[order_ref]

    def _has_ended(self, order_ref: str) -> bool:
        if self._teller == threading.get_ident():  # a listener asks, and what it has not heard cannot come before
            return self._views[order_ref].state.is_final
        return order_ref in self._told_final

    def look(self) -> list[BrokerOrder]:
        """Ask for all orders, tell what is new, and return them in the order they were placed."""
        with self._lock:
            rows = self._client.get("/v1/orders")
            views = [view_of(row, self.placed.get(row["ref"]), self.contract_of) for row in rows]
            for view in views:
                self._take_in(view)
        self._tell()
        return views

    def _tell(self) -> None:
        """Tell what is new, in order and holding no lock of the views; who finds another telling leaves it to them."""
        while self._to_tell and self._telling.acquire(blocking=False):
            try:
                self._teller = threading.get_ident()
                while self._to_tell:
                    self._tell_one(self._to_tell.popleft())
            finally:
                self._teller = None
                self._telling.release()

    def _tell_one(self, event: Event) -> None:
        self._emit(event)
        if isinstance(event, BrokerOrder) and event.state.is_final:
            with self._changed:
                self._told_final.add(event.order_ref)
                self._changed.notify_all()

    def _take_in(self, view: BrokerOrder) -> None:
        before = self._views.get(view.order_ref)
        self._views[view.order_ref] = view
        fresh = [fill for fill in view.fills if fill.execution_id not in self._told]
        for fill in fresh:
            self._told.add(fill.execution_id)
            self._tell_fill(fill)
        if before is None or (before.state, before.order, before.fills) != (view.state, view.order, view.fills):
            self._to_tell.append(view)

    def _tell_fill(self, fill: Fill) -> None:
        self._to_tell.append(fill)
        if fill.commission is not None:
            self._to_tell.append(CommissionReport(fill.execution_id, fill.order_ref, fill.commission, fill.time))
        if isinstance(fill.contract, FuturesContract):
            self._to_tell.append(Position(fill.account, fill.contract, *self._held(fill.contract), fill.time))

    def _held(self, contract: FuturesContract) -> tuple[int, Decimal | None]:
        for row in self._client.get("/v1/positions")["held"]:
            if (row["code"], row["month"]) == (contract.instrument_code, contract.date):
                return row["quantity"], Decimal(row["average_price"])
        return 0, None

    def _run(self) -> None:
        while not self._stopped.wait(self._seconds):
            try:
                self.look()
            except BrokerkitError as problem:
                self._line(ConnectionState.RECONNECTING, str(problem))
            else:
                self._line(ConnectionState.CONNECTED, "Tradepost answers")
                self._seen = datetime.now(timezone.utc)

    def _line(self, state: ConnectionState, reason: str) -> None:
        if state is self._state:
            return
        now = datetime.now(timezone.utc)
        self._state = state
        self._emit(ConnectionChange(state, reason, now))
        if state is ConnectionState.CONNECTED:
            self._emit(DataGap(self._seen, now, "Tradepost did not answer"))
