"""The order desk: hears IB's messages, looks for what is in doubt, and knows every order that is followed."""

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
from brokerkit.plugins.ib.executions import price_from, revision_of
from brokerkit.plugins.ib.herald import Herald
from brokerkit.plugins.ib.journal_writer import JournalWriter
from brokerkit.plugins.ib.library import LIST_ENDS
from brokerkit.plugins.ib.looks import Looks
from brokerkit.plugins.ib.news_batch import NewsBatch
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.plugins.ib.order_finder import OrderFinder
from brokerkit.plugins.ib.order_news import OrderNews
from brokerkit.plugins.ib.packets import Packets
from brokerkit.plugins.ib.position_news import PositionNews
from brokerkit.plugins.ib.post_office import PostOffice
from brokerkit.plugins.ib.recall import Recall
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.plugins.ib.watch import Watch
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderOrigin, OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.money import Money
from brokerkit.spec.services import Store

_log = logging.getLogger(__name__)


class OrderDesk:
    """One thread takes IB's messages in, one after another; any thread may ask how orders stand.

    Attributes:
        book: The orders that are followed.
        positions: What IB says is held, and the fills since.
        looks: What follows from looking at IB's lists.
    """

    def __init__(
        self,
        client: OrdersClient,
        directory: ContractDirectory,
        store: Callable[[], Store],
        herald: Herald,
    ) -> None:
        self.client = client
        self.book = OrderBook(herald.hear_out)
        self.writer = JournalWriter(lambda: store().journal)
        self.batch = NewsBatch(self.book, self.writer, herald.tell_all)
        self.positions = PositionNews(directory, self.batch.later, self._after)
        self.office = PostOffice("brokerkit-ib-desk", self.batch, self.writer.sync)
        self._packets = Packets(self.office.post)
        self._connection = client.ib_connection
        self._store = store
        self._herald = herald
        herald.when_told(self.writer.told)
        self._directory = directory
        self._known: dict[str, BrokerOrder] = {}
        self._session_read = -1
        self._lists_told: set[str] = set()
        self._watch = Watch(client.ib_connection, self._look, lambda: self.looks.are_done)
        self._recall = Recall(lambda: store().journal, self.book, client.ib_connection.may_have)
        self.news = OrderNews(
            self.book,
            self.writer,
            OrderFinder(self.book, self._recall.order, directory, self.batch.checkpoint),
            self.batch,
            self._watch.doubt,
            self.positions.count,
        )
        self.looks = Looks(self.book, self.news, client.ib_connection, store)
        self._handlers: dict[str, Callable[..., None]] = {
            "openOrder": self._open_order,
            "orderStatus": self._order_status,
            "completedOrder": self._completed_order,
            "execDetails": self._execution,
            "commissionReport": self._commission,
            "position": self.positions.hear,
            "error": self._error,
        }

    @property
    def gateway(self) -> tuple[str, int]:
        """The Gateway's host and port."""
        return self._connection.settings.host, self._connection.settings.port

    def start(self) -> None:
        """Follow what the journal knows, and listen to the connection."""
        self._known = self._recall.open_orders()
        self._tell_what_was_not_told()
        for order_ref in self._known:
            tracked = self.book.get(order_ref)
            if tracked is not None:  # a crash may have come between its last fill and its state
                self.office.post(partial(self.news.complete, tracked))
        self._connection.listen(self._hear)
        self._connection.when_read(self._packets.end)
        self._connection.when_session_begins(self._on_session)
        self._connection.when_up(self._on_up)
        self._connection.when_changed(self.book.tell)

    def finish(self) -> None:
        """Write down what was told last; called when nothing more will be told."""
        self.writer.sync()

    def prune(self, days: int) -> None:
        """Let the journal forget, some time soon, the orders that ended so many days ago."""
        now = datetime.now(timezone.utc)
        oldest = min(now, self._connection.clock.at(now)) - timedelta(
            days=days
        )  # fills are told by the Gateway's clock
        self.office.post_for_leisure(partial(self.writer.prune, oldest))

    def _tell_what_was_not_told(self) -> None:
        """Tell what a killed process had written down and not told, or not written down as told."""
        journal = self._store().journal
        for fill in journal.untold_fills():
            self._herald.tell(fill)
        for ended in journal.untold_orders():
            self._herald.tell(ended)

    @property
    def awaits_verdict(self) -> bool:
        """Whether it is still being found out where an order stands."""
        return any(tracked.state is not OrderState.UNKNOWN for tracked in self.looks.undecided())

    # What happened while we were away

    def changed_while_away(self) -> list[BrokerOrder]:
        """Return the orders of ours whose state is not what the journal last said."""
        views = [view for ref in self._known if (view := self.book.view(ref)) is not None]
        return [view for view in views if view.state is not self._known[view.order_ref].state]

    def fills_while_away(self) -> list[Fill]:
        """Return the executions that the journal did not know when this session began."""
        return [fill for each in self.book.all() for fill in each.fills if self._is_news(each, fill)]

    def _is_news(self, tracked: TrackedOrder, fill: Fill) -> bool:
        if tracked.origin is OrderOrigin.OURS:
            return fill.execution_id not in tracked.journalled
        return self.news.is_new(fill)

    def fills(self) -> list[Fill]:
        """Return every execution that is known."""
        return [fill for each in self.book.all() for fill in each.fills]

    def told_fills(self) -> list[Fill]:
        """Return every execution that IB told in this session; what only the journal knows is left out."""
        told = self.news.told_trades
        return [fill for fill in self.fills() if revision_of(fill.execution_id)[0] in told]

    def gateway_time(self) -> datetime:
        """Return the time by the Gateway's clock, a few seconds old at most."""
        return self._connection.clock.recent()

    def there(self, moment: datetime) -> datetime:
        """Return what the Gateway's clock showed at a moment of this machine's clock."""
        return self._connection.clock.at(moment)

    def working(self) -> list[TrackedOrder]:
        """Return the orders of ours that are known to work, and of whose fills this session hears at once."""
        return [
            tracked
            for tracked in self.book.all()
            if tracked.origin is OrderOrigin.OURS
            and tracked.ids.client_id == self._connection.client_id()
            and not tracked.state.is_final
            and tracked.state is not OrderState.UNKNOWN
        ]

    def unseen(self) -> list[TrackedOrder]:
        """Return the orders of ours that IB's lists did not show."""
        return [tracked for tracked in self.looks.undecided() if tracked.unseen]

    def positions_filled(self, since: datetime, but_not: Set[str]) -> list[tuple[str, int, int]]:
        """Return account, contract id and signed lots of every futures execution since a time.

        Args:
            since: By the Gateway's clock.
            but_not: The ids of executions that are left out, with what corrected them later.
        """
        known = {revision_of(fill.execution_id)[0]: fill for fill in self._store().journal.fills(since)}
        known |= {revision_of(fill.execution_id)[0]: fill for fill in self.fills() if fill.time >= since}
        found, left_out = [], {revision_of(each)[0] for each in but_not}
        for trade, fill in known.items():
            if isinstance(fill.contract, FuturesContract) and trade not in left_out:
                try:
                    found.append((fill.account, self._directory.resolve(fill.contract).facts.con_id, fill.quantity))
                except NotFound as error:  # the instrument was taken out of the table, say
                    _log.warning("A fill cannot be compared with IB's positions: %s", error)
        return found

    def accounts(self) -> list[str]:
        """Return the accounts of this login."""
        return self._connection.accounts

    def contract_of(self, con_id: int) -> FuturesContract:
        """Return our name for IB's contract id."""
        return self._directory.by_con_id(con_id).contract

    def has_expired(self, contract: FuturesContract) -> bool:
        """Return whether a contract, or a leg of it, trades no more."""
        now = self.gateway_time()
        return any(self._directory.resolve(leg).is_expired_at(now) for leg in contract.legs)

    def begin_to_close(self) -> None:
        """Wait for a locked store no longer than once from now on."""
        self.writer.end()

    def close(self) -> None:
        """Take in what was heard, then end, with everybody who waits for an order."""
        self.office.close()
        self.book.close()

    # Asking

    async def read_positions(self, ib: Any) -> None:
        """Have IB list what is held, and take it in. To be awaited in the client's loop."""
        book = self.positions.book
        await PositionsClient(self._connection).read_list(
            ib, partial(self._post, book.begin_list), partial(self._post, self._end_positions)
        )

    def flush(self, timeout: float | None = None) -> None:
        """Wait until everything that was heard so far is taken in.

        Args:
            timeout: Seconds; the setting `request_timeout` when None.

        Raises:
            RequestTimedOut: It took too long.
        """
        limit = self._connection.settings.request_timeout if timeout is None else max(timeout, 0.0)
        if not self.office.flush(limit):
            raise RequestTimedOut(f"What IB sent could not be taken in within {limit:g} s.")

    def hear_out(self, timeout: float = 5.0) -> None:
        """Return when listeners have heard of everything that IB has said so far, or time is up."""
        self.office.flush(timeout)
        self._herald.hear_out(timeout)

    def look(self, *, everything: bool = True) -> None:
        """Read IB's lists now, and take them in.

        Raises:
            ConnectionLost: The line is down.
            RequestTimedOut: No answer in time.
        """
        self._connection.require_up("IB's lists of orders")
        timeout = self._connection.settings.request_timeout
        end = time.monotonic() + timeout
        self._connection.run(self._look(everything=everything), "IB's lists of orders", timeout)
        self.flush(end - time.monotonic())

    def doubt(self, reason: str) -> None:
        """Look at IB's lists until it is certain where every order stands; one of them is not."""
        self._watch.doubt(reason)

    def settle(self, tracked: TrackedOrder, state: OrderState, reason: str) -> None:
        """Set a state that follows from what did not come, unless IB answered meanwhile."""

        def if_unanswered() -> None:
            if not tracked.is_answered:
                self.news.settle(tracked, state, reason)

        self.office.post(if_unanswered)

    def _after(self, seconds: float, work: Callable[[], None]) -> None:
        """Have work done in the desk's thread after so many seconds."""

        async def wait_and_post() -> None:
            await asyncio.sleep(seconds)
            self._post(work)

        self._connection.post(lambda _ib: wait_and_post())

    # Hearing, in the client's thread

    def _hear(self, message: str, arguments: tuple[Any, ...]) -> None:
        handler = self._handlers.get(message)
        if message in LIST_ENDS:
            self._lists_told.add(message)
        if handler is not None:
            self._packets.add(partial(handler, *arguments))

    def _post(self, *work: Callable[[], None]) -> None:
        """Have work done after all that was heard so far."""
        self._packets.end()
        self.office.post(*work)

    def _on_session(self, client_id: int) -> None:
        self._lists_told.clear()
        self._post(partial(self.news.started_session, client_id), self.positions.book.begin_list)
        self._post_begin_look()

    async def _on_up(self, ib: Any) -> None:
        """Wait until all that was read while connecting is taken in; over a line that stayed open, read it again."""
        await self._connection.shared("look", partial(self._take_in_all, ib))

    async def _take_in_all(self, ib: Any) -> None:
        if self._session_read < 0:
            self._post(self._recall.leave_other_logins)
        if self._session_read == self._connection.session:
            self._post_begin_look()
            await asyncio.gather(self.client.read_lists(ib, everything=True), self.read_positions(ib))
        self._session_read = self._connection.session
        missing = [name for end, name in LIST_ENDS.items() if end not in self._lists_told]
        await self._end_look(
            complete=not self._connection.is_read_only and missing in ([], ["positions"]),
            then=None if "positions" in missing else self._believe_positions,
        )
        if missing and not self._connection.is_read_only:
            _log.warning("IB did not tell all of its %s in time; they are asked for again", " and ".join(missing))
            self._connection.post(self.read_positions)
        if missing or not self.looks.are_done:
            self.doubt("orders of before the line came up")

    def _believe_positions(self) -> None:
        for changed in self.positions.book.believe_reports():
            self.positions.tell(changed)

    def _end_positions(self) -> None:
        for changed in self.positions.book.end_list():
            self.positions.tell(changed)

    async def _look(self, *, everything: bool = True) -> None:
        await self._connection.shared("look", partial(self._look_alone, everything=everything))

    async def _look_alone(self, *, everything: bool) -> None:
        """Read IB's lists while nobody else does: what one look has seen, the beginning of another forgets."""
        self._connection.require_up("IB's lists of orders")  # it may have broken while others were looking
        self._post_begin_look()
        complete = False
        try:
            await self._connection.asked(
                lambda ib: self.client.read_lists(ib, everything=everything), "IB's lists of orders"
            )
            complete = everything and not self._connection.is_read_only
        finally:
            await self._end_look(complete=complete)

    async def _end_look(self, *, complete: bool, then: Callable[[], None] | None = None) -> None:
        done: concurrent.futures.Future[None] = concurrent.futures.Future()

        def end() -> None:
            try:
                self.looks.finish(complete=complete)
                if then is not None:
                    then()
            finally:
                try:
                    self.batch.checkpoint()
                finally:
                    if done.set_running_or_notify_cancel():  # else nobody waits for it any more
                        done.set_result(None)

        self._post(end)
        await asyncio.wrap_future(done)

    # Taking in, in the desk's thread

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
        self._connection.clock.heard(execution.time)
        self.news.execution(contract, execution)

    def _commission(self, report: Any) -> None:
        amount = price_from(report.commission)
        if amount is not None and report.currency:
            self.news.commission(report.execId, Money(report.currency, amount))

    def _error(self, request_id: int, code: int, text: str, contract: Any) -> None:
        self.news.error(request_id, code, text)

    # Looking, in the desk's thread

    def _post_begin_look(self) -> None:
        """Begin a look now, however long this thread's work has to wait: IB may list nothing that is sent later."""
        self._post(partial(self.looks.begin, datetime.now(timezone.utc)))
