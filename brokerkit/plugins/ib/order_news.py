"""Processes IB's messages about orders and executions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any

from brokerkit.errors import BrokerkitError, InvalidOrder
from brokerkit.plugins.ib.error_codes import Meaning, error_for, meaning_for_order
from brokerkit.plugins.ib.event_delivery import PendingEvent
from brokerkit.plugins.ib.executions import price_from, revision_of, signed_quantity
from brokerkit.plugins.ib.journal_writer import JournalWriter, Recorded
from brokerkit.plugins.ib.news_batch import NewsBatch
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.plugins.ib.order_finder import OrderFinder
from brokerkit.plugins.ib.order_reading import with_reported_terms
from brokerkit.plugins.ib.order_states import state_of
from brokerkit.plugins.ib.position_news import PositionNews
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import BrokerIds, BrokerOrder, Fill, OrderOrigin, OrderState
from brokerkit.spec.events import CommissionReport
from brokerkit.spec.money import Money

_log = logging.getLogger(__name__)
OrderEvent = BrokerOrder | Fill | CommissionReport
_MOST_EARLY = 1000
_NO_ORDER = -1
_ANSWERED_EARLY = (OrderState.PENDING, OrderState.UNKNOWN)


class OrderNews:
    """Processes IB's messages, one at a time, in the desk's thread: book, journal, then listeners.

    Nothing is concluded from a missing message, and no state from an error that IB's own status contradicts.
    Fills come only from executions.
    """

    def __init__(
        self,
        book: OrderBook,
        writer: JournalWriter,
        finder: OrderFinder,
        batch: NewsBatch,
        doubt: Callable[[str], None],
        positions: PositionNews,
    ) -> None:
        self._book = book
        self._writer = writer
        self._finder = finder
        self._batch_of_news = batch
        self._doubt = doubt
        self._positions = positions
        self._client_id = -1
        self._early_commissions: dict[str, Money] = {}
        self._batch: list[tuple[TrackedOrder, Fill]] | None = None
        self._recorded: dict[str, Recorded] = {}
        self.seen: set[str] = set()
        self.reported_trades: set[str] = set()

    def started_session(self, client_id: int) -> None:
        """Start a new session, in which order ids may be reused.

        Cancels sent in the previous one may not have arrived: IB's list of open orders shows whether they did.
        """
        self._client_id = client_id
        self._book.forget_session_ids()
        with self._book.news:
            for tracked in self._book.all():
                tracked.cancel_sent = False

    # Orders

    def open_order(self, order_id: int, contract: Any, ib_order: Any, status: str) -> None:
        """Process an order that IB describes."""
        if ib_order.whatIf:
            return
        tracked = self._finder.order_of(order_id, contract, ib_order)
        if tracked is None:
            return
        with self._book.news:
            tracked.ib_order, tracked.ib_contract = ib_order, contract
            tracked.is_answered = True
            changed = with_reported_terms(tracked.order, ib_order, tracked.asked)
            is_amended = changed is not tracked.order
            if is_amended:
                tracked.order, tracked.asked = changed, None
                tracked.changed()
        if is_amended:
            self._writer.amended(tracked)
            self._tell(tracked.view())
        self._status(tracked, status)

    def completed_order(self, contract: Any, ib_order: Any, status: str, reason: str = "") -> None:
        """Process a completed order, for which IB gives neither order id nor client id."""
        tracked = self._finder.order_of(0, contract, ib_order)
        if tracked is not None:
            with self._book.news:
                tracked.is_answered = True
                tracked.reported_filled = float(getattr(ib_order, "filledQuantity", 0) or 0)
                if tracked.reported_filled > 1e300:
                    tracked.reported_filled = 0.0
            self._status(tracked, status, reason=reason)

    def order_status(
        self, order_id: int, status: str, filled: float, perm_id: int, client_id: int, why_held: str
    ) -> None:
        """Process an order's status."""
        ids = BrokerIds(client_id=client_id, order_id=str(order_id or ""), perm_id=str(perm_id or ""))
        tracked = self._finder.find(ids.perm_id, client_id, ids.order_id)
        if tracked is None:
            return
        with self._book.news:
            tracked.is_answered = True
            tracked.reported_filled = max(tracked.reported_filled, float(filled or 0))
            self._book.set_ids(tracked, ids)
        self._status(tracked, status, reason=why_held)

    def error(self, request_id: int, code: int, text: str) -> None:
        """Process an error or notice about an order of this session; orders by hand have negative ids."""
        tracked = self._book.with_session_id(self._client_id, str(request_id))
        if tracked is None or request_id == _NO_ORDER:
            return
        meaning = meaning_for_order(code)
        if meaning is Meaning.CANCEL_REFUSED and tracked.asked is not None and not tracked.cancel_sent:
            meaning = Meaning.CHANGE_REFUSED  # 135 is also the error for a change that names a completed parent
        if meaning is Meaning.NOTICE:
            self._note(tracked, text)
        elif meaning is Meaning.CANCELLED:
            self._note(tracked, text)
            self._status(tracked, "Cancelled", reason=text)
        elif meaning is Meaning.CANCEL_REFUSED:
            with self._book.news:
                tracked.cancel_sent = False
            self._note(tracked, text)
            self._doubt(f"{code} {text}")
        elif _may_reject(tracked, meaning):
            self._reject(tracked, error_for(code, text, f"Order {tracked.order.order_ref} was refused"))
        elif not tracked.is_answered:
            self._doubt_new(tracked, error_for(code, text, f"Order {tracked.order.order_ref} was refused"))
        else:
            is_about_order = tracked.asked is None and not tracked.cancel_sent
            may_end = meaning is Meaning.REJECTED or (meaning is Meaning.DOUBTFUL and is_about_order)
            self._refuse_change(tracked, code, text, may_end=may_end)

    # Executions

    def execution(self, contract: Any, execution: Any, *, is_live: bool, is_of_others: bool) -> None:
        """Process an execution, live or requested; a whole spread's is skipped, because its legs have their own.

        Args:
            contract: What traded.
            execution: IB's execution.
            is_live: Whether it has just happened, and is not one of a list.
            is_of_others: Whether another client's order filled, of which IB tells only in a list.
        """
        if contract.secType == "BAG":
            return
        trade, _ = revision_of(execution.execId)
        tracked = self._book.of_execution(trade) or self._finder.order_of_execution(contract, execution)
        if tracked is None:
            return
        try:
            fill = self._fill(tracked, contract, execution)
        except BrokerkitError as error:
            _log.warning("Execution %s cannot be reported: %s", execution.execId, error)
            return
        self._book.remember_execution(trade, tracked.order.order_ref)
        is_first = trade not in self.reported_trades
        self.reported_trades.add(trade)
        self.seen.add(tracked.order.order_ref)
        with self._book.news:
            counted = tracked.put_fill(fill)
            tracked.is_answered = True
        if is_first:  # at once, so that the position includes every fill that its order shows
            is_known = counted is None or bool(counted.corrects)
            self._positions.count(fill, contract.conId, is_of_others=is_of_others or is_known)
        if counted is None:
            self.complete(tracked)
        else:
            self._take_fill(tracked, counted, is_live=is_live)
            early = self._early_commissions.pop(counted.execution_id, None)
            if early is not None:
                self.commission(counted.execution_id, early)

    def commission(self, execution_id: str, commission: Money) -> None:
        """Process an execution's commission, which may come before the execution."""
        tracked = self._book.of_execution(revision_of(execution_id)[0])
        if tracked is None:
            self._early_commissions[execution_id] = commission
            if len(self._early_commissions) > _MOST_EARLY:  # the oldest are of trades that have no place here
                del self._early_commissions[next(iter(self._early_commissions))]
            return
        with self._book.news:
            fill = tracked.put_commission(execution_id, commission)
        if fill is not None:
            self._writer.commission(execution_id, commission)
            self._tell(CommissionReport(execution_id, fill.order_ref, commission, _now()))

    def begin_batch(self) -> None:
        """Collect executions instead of journalling each: many come at once after a reconnect."""
        self._batch = [] if self._batch is None else self._batch

    def end_batch(self) -> None:
        """Journal and report the collected executions, and collect no more."""
        self._tell_collected()
        self._batch = None

    def _tell_collected(self) -> None:
        """Journal and report the executions collected so far."""
        if self._batch:
            batch, self._batch = self._batch, []
            recorded = self._writer.fills(fill for _, fill in batch)
            for tracked, fill in batch:
                self._tell_fill(tracked, fill, recorded)
            for tracked in dict.fromkeys(tracked for tracked, _ in batch):
                self._end_with_its_fills(tracked)

    # State changes

    def settle(self, tracked: TrackedOrder, state: OrderState, reason: str = "") -> None:
        """Set an order's state if it differs and the order is not final yet; journal and report it after its fills."""
        self._tell_collected()
        with self._book.news:
            if tracked.state.is_final or (tracked.state is state and reason in ("", tracked.reason)):
                return
            is_new = tracked.state is not state or state is OrderState.UNKNOWN  # a new reason for unknown is news too
            tracked.state = state
            tracked.reason = reason or tracked.reason
            tracked.updated = _now()
            if state.is_final:
                tracked.waiting_final, tracked.cancel_sent, tracked.is_cancel_doubted = None, False, False
            tracked.changed()
            view = tracked.view()
        self._writer.state(tracked)
        if is_new:
            self._tell(view)

    def complete(self, tracked: TrackedOrder) -> None:
        """Set an order to filled if its fills add up to its quantity."""
        if tracked.is_complete and not tracked.state.is_final:
            self.settle(tracked, OrderState.FILLED)

    def _status(self, tracked: TrackedOrder, status: str, reason: str = "") -> None:
        self.seen.add(tracked.order.order_ref)
        tif = tracked.order.time_in_force.value
        refusal = tracked.refusal.broker_message if tracked.refusal is not None else ""
        state = state_of(status, reject_reason=refusal, time_in_force=tif)
        if status == "Inactive" and reason and not refusal and state is OrderState.UNKNOWN:
            state = OrderState.REJECTED
        if state is OrderState.WORKING:
            tracked.refusal = None  # of a change, if the order still works; it will not be why the order ends
        if state is OrderState.WORKING and tracked.cancel_sent:
            if not tracked.is_cancel_doubted:
                return  # sent before our cancel arrived
            self._cancel_was_lost(tracked)
        if status == "PreSubmitted" and self._waits_for_parent(tracked, reason):
            self._hold(tracked)
            return
        if state.is_final and self._fills_are_missing(tracked, state):
            with self._book.news:
                tracked.waiting_final = state
            self._doubt(f"{tracked.order.order_ref} is {status} and executions are missing")
            return
        if state is OrderState.FILLED:
            return  # reported with the last of its fills
        is_why_held = state is OrderState.WORKING and bool(tracked.reason)  # a stop's statuses all carry whyHeld
        self.settle(tracked, state, "" if is_why_held else reason)

    def _cancel_was_lost(self, tracked: TrackedOrder) -> None:
        """Record that an order still works because its cancel was lost: it can be cancelled again."""
        with self._book.news:
            tracked.cancel_sent = tracked.is_cancel_doubted = False
        if tracked.state is OrderState.PENDING_CANCEL and tracked.is_held:
            self.settle(tracked, OrderState.PENDING)

    def _waits_for_parent(self, tracked: TrackedOrder, why_held: str) -> bool:
        """Return whether an order waits for its parent's first fill, which IB says only in a status."""
        parent = self._book.get(tracked.parent_ref) if tracked.parent_ref else None
        return "child" in why_held or (parent is not None and parent.filled_units == 0)

    def _hold(self, tracked: TrackedOrder) -> None:
        """Report once that IB has accepted an order that waits for its parent."""
        if tracked.state is not OrderState.PENDING:
            self.settle(tracked, OrderState.PENDING)
        elif not tracked.is_held:
            tracked.is_held = True
            self._writer.state(tracked)
            self._tell(tracked.view())

    def _fills_are_missing(self, tracked: TrackedOrder, state: OrderState) -> bool:
        if state is OrderState.FILLED:
            return not tracked.is_complete and not tracked.state.is_final
        return tracked.filled_units < tracked.reported_filled and not tracked.state.is_final

    def conclude_waiting(self, tracked: TrackedOrder) -> None:
        """Accept a final state although IB does not list all of its executions."""
        state = tracked.waiting_final
        if state is not None:
            self.settle(tracked, state, tracked.reason or "IB lists fewer executions than its status says")

    def _take_fill(self, tracked: TrackedOrder, fill: Fill, *, is_live: bool) -> None:
        if self._batch is not None:
            self._batch.append((tracked, fill))
            if is_live:  # the list that is being read may take IB long
                self._tell_collected()
            return
        self._tell_fill(tracked, fill, self._writer.fills([fill]))
        self._end_with_its_fills(tracked)

    def is_new(self, fill: Fill) -> bool:
        """Return whether this session was the first of ours to journal an execution."""
        recorded = self._recorded.get(fill.execution_id)
        return recorded is not None and recorded.is_new(fill)

    def _tell_fill(self, tracked: TrackedOrder, fill: Fill, recorded: Recorded) -> None:
        self._recorded[fill.execution_id] = recorded
        self._batch_of_news.later(PendingEvent(Fill, partial(self._if_new, tracked, fill, recorded)))

    def _end_with_its_fills(self, tracked: TrackedOrder) -> None:
        """Set the final state that an order's last fill brings."""
        if tracked.is_complete:
            self.complete(tracked)
        elif tracked.waiting_final is not None and not self._fills_are_missing(tracked, tracked.waiting_final):
            self.settle(tracked, tracked.waiting_final, tracked.reason)

    def _if_new(self, tracked: TrackedOrder, fill: Fill, recorded: Recorded) -> Fill | None:
        """Return a fill if no session reported it; ours is returned even if another session of ours journalled it."""
        return fill if tracked.origin is OrderOrigin.OURS or recorded.is_new(fill) else None

    def _tell(self, event: OrderEvent) -> None:
        self._batch_of_news.later(PendingEvent.of(event))

    def _note(self, tracked: TrackedOrder, text: str) -> None:
        """Keep IB's text as an order's reason without changing its state; a rejection's reason stays."""
        with self._book.news:
            tracked.is_answered = True
            if tracked.state is not OrderState.REJECTED:
                tracked.reason = text
                tracked.changed()
        self._writer.state(tracked)

    def _reject(self, tracked: TrackedOrder, error: BrokerkitError) -> None:
        with self._book.news:
            tracked.refusal = error
            tracked.is_answered = True
        self.settle(tracked, OrderState.REJECTED, error.broker_message)

    def _doubt_new(self, tracked: TrackedOrder, error: BrokerkitError) -> None:
        """Keep an error that may reject a new order: it is rejected with this text if IB's lists do not show it."""
        with self._book.news:
            tracked.refusal, tracked.reason = error, error.broker_message
            tracked.changed()
        self._writer.state(tracked)
        self._doubt(f"{error.broker_code} {error.broker_message}")

    def _refuse_change(self, tracked: TrackedOrder, code: int, text: str, *, may_end: bool) -> None:
        """Process a refused change, or an error whose effect must be looked up in IB's lists."""
        with self._book.news:
            tracked.change_refusal = error_for(code, text, f"IB on order {tracked.order.order_ref}")
            if may_end:  # the reason, if the order itself ends now
                tracked.refusal = tracked.change_refusal
            tracked.asked = None
        self._note(tracked, text)
        self._doubt(f"{code} {text}")

    def _fill(self, tracked: TrackedOrder, contract: Any, execution: Any) -> Fill:
        leg = self._finder.leg_of(tracked, contract.conId)
        price = price_from(execution.price)
        if price is None:
            raise InvalidOrder(f"IB's execution {execution.execId} has no price.")
        return Fill(
            execution_id=execution.execId,
            order_ref=tracked.order.order_ref,
            contract=tracked.order.contract.legs[leg],
            quantity=signed_quantity(execution.side, execution.shares),
            price=price,
            time=execution.time,
            account=execution.acctNumber,
            leg=leg,
        )


def _may_reject(tracked: TrackedOrder, meaning: Meaning) -> bool:
    """Return whether an error rejects an order itself, and not only a change of one that waits for its parent."""
    if tracked.state not in _ANSWERED_EARLY or tracked.asked is not None:
        return False
    return meaning is Meaning.REJECTED or (meaning is Meaning.CHANGE_REFUSED and not tracked.is_held)


def _now() -> datetime:
    return datetime.now(timezone.utc)
