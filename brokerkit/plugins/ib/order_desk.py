"""The order desk: processes IB's messages, resolves unknown orders, and tracks every order."""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import time
from collections.abc import Callable, Set
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from brokerkit.errors import NotFound, RequestTimedOut
from brokerkit.plugins.ib.clients.orders import OrdersClient
from brokerkit.plugins.ib.clients.positions import PositionsClient
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.plugins.ib.event_delivery import EventDelivery
from brokerkit.plugins.ib.executions import price_from, revision_of
from brokerkit.plugins.ib.journal_writer import JournalWriter
from brokerkit.plugins.ib.library import LIST_ENDS
from brokerkit.plugins.ib.list_readings import ListReadings
from brokerkit.plugins.ib.news_batch import NewsBatch
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.plugins.ib.order_finder import OrderFinder
from brokerkit.plugins.ib.order_news import OrderNews
from brokerkit.plugins.ib.packets import Packets
from brokerkit.plugins.ib.position_news import PositionNews
from brokerkit.plugins.ib.recall import Recall
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.plugins.ib.watch import Watch
from brokerkit.plugins.ib.worker_thread import WorkerThread
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderOrigin, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.money import Money
from brokerkit.spec.services import Store

_log = logging.getLogger(__name__)
_PENDING_COMMISSION = -1


class OrderDesk:
    """One thread processes IB's messages, one after another; any thread may read the state of orders.

    Attributes:
        book: The tracked orders.
        positions: The positions that IB reports, and the fills since.
        readings: The conclusions from reading IB's lists.
    """

    def __init__(
        self,
        client: OrdersClient,
        directory: ContractDirectory,
        store: Callable[[], Store],
        delivery: EventDelivery,
    ) -> None:
        self.client = client
        self.book = OrderBook(delivery.hear_out)
        self.writer = JournalWriter(lambda: store().journal)
        self.batch = NewsBatch(self.book, self.writer, delivery.tell_all)
        self.positions = PositionNews(directory, self.batch.later, self._after)
        self.worker = WorkerThread("brokerkit-ib-desk", self.batch, self.writer.sync)
        self._packets = Packets(self.worker.post)
        self._connection = client.ib_connection
        self._store = store
        self._delivery = delivery
        delivery.when_delivered(self.writer.delivered)
        self._directory = directory
        self._known: dict[str, BrokerOrder] = {}
        self._session_read = -1
        self._lists_received: set[str] = set()
        self._watch = Watch(client.ib_connection, self._read_lists, lambda: self.readings.are_conclusive)
        self._recall = Recall(lambda: store().journal, self.book, client.ib_connection.may_have)
        self.news = OrderNews(
            self.book,
            self.writer,
            OrderFinder(self.book, self._recall.order, directory, self.batch.checkpoint),
            self.batch,
            self._watch.doubt,
            self.positions,
        )
        self.readings = ListReadings(self.book, self.news, client.ib_connection, store)
        self._handlers: dict[str, Callable[..., None]] = {
            "openOrder": self._open_order,
            "orderStatus": self._order_status,
            "completedOrder": self._completed_order,
            "execDetails": self._execution,
            "commissionReport": self._commission,
            "position": self.positions.report,
            "error": self._error,
        }

    @property
    def gateway(self) -> tuple[str, int]:
        """The Gateway's host and port."""
        return self._connection.settings.host, self._connection.settings.port

    def start(self) -> None:
        """Track the journal's open orders, and register the connection's callbacks."""
        self._known = self._recall.open_orders()
        self._emit_unreported()
        for order_ref in self._known:
            tracked = self.book.get(order_ref)
            if tracked is not None:  # a crash may have come between journalling its last fill and its state
                self.worker.post(partial(self.news.complete, tracked))
        self._connection.listen(self._on_message)
        self._connection.when_read(self._packets.end)
        self._connection.when_session_begins(self._on_session)
        self._connection.when_up(self._on_up)
        self._connection.when_changed(self.book.tell)

    def finish(self) -> None:
        """Journal which events were delivered last; called when no more will be."""
        self.writer.sync()

    def prune(self, days: int) -> None:
        """Have orders that ended more than so many days ago deleted from the journal, when the desk is idle."""
        now = datetime.now(timezone.utc)
        there = self._connection.clock.at(now)  # fills are stamped by the Gateway's clock
        oldest = min(now, there) - timedelta(days=days)
        self.worker.post_when_idle(partial(self.writer.prune, oldest))

    def _emit_unreported(self) -> None:
        """Emit events that a killed process journalled but did not deliver, or did not mark as delivered."""
        journal = self._store().journal
        for fill in journal.untold_fills():
            self._delivery.tell(fill)
        for ended in journal.untold_orders():
            self._delivery.tell(ended)

    @property
    def awaits_verdict(self) -> bool:
        """Whether the state of an order is still being looked up."""
        return any(tracked.state is not OrderState.UNKNOWN for tracked in self.readings.undecided())

    # Changes between sessions

    def changed_while_away(self) -> list[BrokerOrder]:
        """Return our orders whose state differs from the journal's when this session started."""
        views = [view for ref in self._known if (view := self.book.view(ref)) is not None]
        return [view for view in views if view.state is not self._known[view.order_ref].state]

    def fills_while_away(self) -> list[Fill]:
        """Return the executions that were not in the journal when this session started."""
        return [fill for each in self.book.all() for fill in each.fills if self._is_new(each, fill)]

    def _is_new(self, tracked: TrackedOrder, fill: Fill) -> bool:
        if tracked.origin is OrderOrigin.OURS:
            return fill.execution_id not in tracked.journalled
        return self.news.is_new(fill)

    def fills(self) -> list[Fill]:
        """Return every known execution."""
        return [fill for each in self.book.all() for fill in each.fills]

    def reported_fills(self) -> list[Fill]:
        """Return every execution that IB reported in this session, without those known only from the journal."""
        reported = self.news.reported_trades
        return [fill for fill in self.fills() if revision_of(fill.execution_id)[0] in reported]

    def gateway_time(self) -> datetime:
        """Return the Gateway's time, from an answer at most a few seconds old."""
        return self._connection.clock.recent()

    def there(self, moment: datetime) -> datetime:
        """Convert a time by this machine's clock to the Gateway's clock."""
        return self._connection.clock.at(moment)

    def working(self) -> list[TrackedOrder]:
        """Return our orders that are known to be working and whose fills IB reports to this session."""
        return [
            tracked
            for tracked in self.book.all()
            if tracked.origin is OrderOrigin.OURS
            and tracked.ids.client_id == self._connection.client_id()
            and not tracked.state.is_final
            and tracked.state is not OrderState.UNKNOWN
        ]

    def unseen(self) -> list[TrackedOrder]:
        """Return our orders that IB's lists did not show."""
        return [tracked for tracked in self.readings.undecided() if tracked.unseen]

    def positions_filled(self, since: datetime, but_not: Set[str]) -> list[tuple[str, int, int]]:
        """Return account, contract id and signed lots of every futures execution since a time.

        Args:
            since: By the Gateway's clock.
            but_not: The ids of executions to leave out, together with their later corrections.
        """
        since = since.replace(microsecond=0)  # IB stamps whole seconds
        known = {revision_of(fill.execution_id)[0]: fill for fill in self._store().journal.fills(since)}
        known |= {revision_of(fill.execution_id)[0]: fill for fill in self.fills() if fill.time >= since}
        found, left_out = [], {revision_of(each)[0] for each in but_not}
        for trade, fill in known.items():
            if isinstance(fill.contract, FuturesContract) and trade not in left_out:
                try:
                    found.append((fill.account, self._directory.resolve(fill.contract).facts.con_id, fill.quantity))
                except NotFound as error:  # for example, the instrument was removed from the table
                    _log.warning("A fill cannot be compared with IB's positions: %s", error)
        return found

    def accounts(self) -> list[str]:
        """Return the accounts of this login."""
        return self._connection.accounts

    def contract_of(self, con_id: int) -> FuturesContract:
        """Return our contract for IB's contract id."""
        return self._directory.by_con_id(con_id).contract

    def has_expired(self, contract: FuturesContract) -> bool:
        """Return whether a contract, or a leg of it, trades no more."""
        now = self.gateway_time()
        return any(self._directory.resolve(leg).is_expired_at(now) for leg in contract.legs)

    def begin_to_close(self) -> None:
        """Wait for a locked store no longer than once from now on."""
        self.writer.end()

    def close(self) -> None:
        """Process the messages received so far, then end, and release everyone waiting for an order."""
        self.worker.close()
        self.book.close()

    # Requests

    async def read_positions(self, ib: Any) -> None:
        """Request IB's list of positions, and process it. Awaited in the client's loop."""
        book = self.positions.book
        await PositionsClient(self._connection).read_list(
            ib, partial(self._post, book.begin_list), partial(self._post, self._end_positions)
        )

    def flush(self, timeout: float | None = None) -> None:
        """Wait until every message received so far is processed.

        Args:
            timeout: Seconds; the setting `request_timeout` when None.

        Raises:
            RequestTimedOut: It took too long.
        """
        limit = self._connection.settings.request_timeout if timeout is None else max(timeout, 0.0)
        if not self.worker.flush(limit):
            raise RequestTimedOut(f"IB's messages could not be processed within {limit:g} s.")

    def hear_out(self, timeout: float = 5.0) -> None:
        """Wait until listeners have received everything that IB has reported so far, or until the timeout."""
        self.worker.flush(timeout)
        self._delivery.hear_out(timeout)

    def read_lists(self, *, everything: bool = True) -> None:
        """Read IB's lists now, and process them.

        Raises:
            ConnectionLost: The connection is down.
            RequestTimedOut: No answer in time.
        """
        self._connection.require_up("IB's lists of orders")
        timeout = self._connection.settings.request_timeout
        end = time.monotonic() + timeout
        self._connection.run(self._read_lists(everything=everything), "IB's lists of orders", timeout)
        self.flush(end - time.monotonic())

    def doubt(self, reason: str) -> None:
        """Poll IB's lists until the state of every order is certain; call it when one is not."""
        self._watch.doubt(reason)

    def settle(self, tracked: TrackedOrder, state: OrderState, reason: str) -> None:
        """Set a state that follows from a missing response, unless IB has responded by then."""

        def if_unanswered() -> None:
            if not tracked.is_answered:
                self.news.settle(tracked, state, reason)

        self.worker.post(if_unanswered)

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        """Run work in the desk's thread after a delay."""

        async def wait_and_post() -> None:
            await asyncio.sleep(seconds)
            self._post(work)

        self._connection.post(lambda _ib: wait_and_post())

    # Receiving messages, in the client's thread

    def _on_message(self, message: str, arguments: tuple[Any, ...]) -> None:
        handler = self._handlers.get(message)
        if message in LIST_ENDS:
            self._lists_received.add(message)
        if handler is not None:
            self._packets.add(partial(handler, *arguments))

    def _post(self, *work: Callable[[], None]) -> None:
        """Run work in the desk's thread after all messages received so far."""
        self._packets.end()
        self.worker.post(*work)

    def _on_session(self, client_id: int) -> None:
        self._lists_received.clear()
        self._post(partial(self.news.started_session, client_id), self.positions.book.begin_list)
        self._post_begin_reading()

    async def _on_up(self, ib: Any) -> None:
        """Wait until everything read while connecting is processed; if the socket stayed open, read it again."""
        await self._connection.shared("lists", partial(self._process_all, ib))

    async def _process_all(self, ib: Any) -> None:
        if self._session_read < 0:
            self._post(self._recall.leave_other_logins)
        if self._session_read == self._connection.session:
            self._post_begin_reading()
            await asyncio.gather(self.client.read_lists(ib, everything=True), self.read_positions(ib))
        self._session_read = self._connection.session
        missing = [name for end, name in LIST_ENDS.items() if end not in self._lists_received]
        await self._end_reading(
            complete=not self._connection.is_read_only and missing in ([], ["positions"]),
            then=None if "positions" in missing else self._accept_positions,
        )
        if missing and not self._connection.is_read_only:
            _log.warning("IB did not list all its %s in time; they are requested again", " and ".join(missing))
            self._connection.post(self.read_positions)
        if missing or not self.readings.are_conclusive:
            self.doubt("orders from before the connection came up")

    def _accept_positions(self) -> None:
        for changed in self.positions.book.accept_reports():
            self.positions.emit(changed)

    def _end_positions(self) -> None:
        for changed in self.positions.book.end_list():
            self.positions.emit(changed)

    async def _read_lists(self, *, everything: bool = True) -> None:
        await self._connection.shared("lists", partial(self._read_lists_exclusively, everything=everything))

    async def _read_lists_exclusively(self, *, everything: bool) -> None:
        """Read IB's lists, never two readings at once: starting one discards what another has seen."""
        self._connection.require_up("IB's lists of orders")  # it may have been lost while another reading was running
        self._post_begin_reading()
        complete = False
        try:
            await self._connection.asked(
                lambda ib: self.client.read_lists(ib, everything=everything), "IB's lists of orders"
            )
            complete = everything and not self._connection.is_read_only
        finally:
            await self._end_reading(complete=complete)

    async def _end_reading(self, *, complete: bool, then: Callable[[], None] | None = None) -> None:
        done: concurrent.futures.Future[None] = concurrent.futures.Future()

        def end() -> None:
            try:
                self.readings.finish(complete=complete)
                if then is not None:
                    then()
            finally:
                try:
                    self.batch.checkpoint()
                finally:
                    if done.set_running_or_notify_cancel():  # otherwise the caller no longer waits
                        done.set_result(None)

        self._post(end)
        await asyncio.wrap_future(done)

    # Processing messages, in the desk's thread

    def _open_order(self, order_id: int, contract: Any, ib_order: Any, state: Any) -> None:
        self.news.open_order(order_id, contract, ib_order, state.status)

    def _completed_order(self, contract: Any, ib_order: Any, state: Any) -> None:
        self.news.completed_order(contract, ib_order, state.status, getattr(state, "completedStatus", ""))

    def _order_status(
        self,
        order_id: int,
        status: str,
        filled: float,
        remaining: float,
        average_price: float,
        perm_id: int,
        parent_id: int,
        last_price: float,
        client_id: int,
        why_held: str,
        cap_price: float = 0.0,
    ) -> None:
        self.news.order_status(order_id, status, filled, perm_id, client_id, why_held)

    def _execution(self, request_id: int, contract: Any, execution: Any) -> None:
        self._connection.clock.advance_to(execution.time)
        is_live = request_id < 0
        is_of_others = not is_live and execution.clientId != self._connection.client_id()
        self.news.execution(contract, execution, is_live=is_live, is_of_others=is_of_others)

    def _commission(self, report: Any) -> None:
        amount = price_from(report.commission)
        if amount not in (None, _PENDING_COMMISSION) and report.currency:
            self.news.commission(report.execId, Money(report.currency, amount))

    def _error(self, request_id: int, code: int, text: str, contract: Any) -> None:
        self.news.error(request_id, code, text)

    # Reading IB's lists

    def _post_begin_reading(self) -> None:
        """Start a reading as of now, even if the desk's thread is busy: IB may not list orders sent after this."""
        self._post(partial(self.readings.begin, datetime.now(timezone.utc)))
