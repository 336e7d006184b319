"""Changes and cancels working orders at IB."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from functools import partial
from typing import Any

from brokerkit.errors import (
    ConnectionLost,
    InvalidQuantity,
    MissingOrder,
    OrderCannotBeCancelled,
    OrderCannotBeModified,
    OutcomeUnknown,
    ReadOnlyBroker,
    RequestTimedOut,
)
from brokerkit.plugins.ib.broker_parameters import NOT_REPORTED
from brokerkit.plugins.ib.clients.orders import OrdersClient
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.plugins.ib.order_checks import check_size
from brokerkit.plugins.ib.order_desk import OrderDesk
from brokerkit.plugins.ib.order_reading import has_another_type
from brokerkit.plugins.ib.order_terms import terms_of
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import OrderState
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.events import ConnectionState
from brokerkit.spec.order import Order, OrderType
from brokerkit.spec.orders import OrderChange

_log = logging.getLogger(__name__)
_CHANGEABLE = frozenset({OrderState.PENDING, OrderState.WORKING})
_CHANGED_FIELDS = ("totalQuantity", "lmtPrice", "auxPrice", "trailStopPrice")


class OrderChanging:
    """Changes and cancels orders; a request that IB refuses leaves them unchanged."""

    def __init__(self, desk: OrderDesk, directory: ContractDirectory, check_lock: Callable[[str], None]) -> None:
        self._desk = desk
        self._client: OrdersClient = desk.client
        self._connection = desk.client.ib_connection
        self._directory = directory
        self._check_lock = check_lock

    def find(self, order_ref: str) -> TrackedOrder:
        """Return a tracked order, looking for it at IB if it is not tracked yet.

        Raises:
            MissingOrder: Neither the journal nor IB has it.
        """
        tracked = self._desk.book.get(order_ref)
        if tracked is None:
            self._desk.read_lists()
            tracked = self._desk.book.get(order_ref)
        if tracked is None:
            raise MissingOrder(f"IB has no order with the reference {order_ref!r}.", given=order_ref)
        return tracked

    # Changing

    def can_change(self, tracked: TrackedOrder) -> bool:
        """Return whether IB would accept a change now."""
        try:
            self._require_changeable(tracked)
        except OrderCannotBeModified:
            return False
        return True

    def change(self, tracked: TrackedOrder, change: OrderChange) -> None:
        """Change prices or quantity, and wait until IB accepts the change.

        Raises:
            OrderCannotBeModified: The order is final, being cancelled, of another client, or has no such price.
            OffTickPrice: A price is not a multiple of the tick.
            InvalidQuantity: The new total is below the filled quantity, or on the other side.
            ConnectionLost: The connection is down, or was lost before it was sent; nothing was sent.
            RequestTimedOut: IB did not say in time where a trailing trigger is now; nothing was sent.
            OutcomeUnknown: It was sent, and it is not known yet whether it arrived.
        """
        if not tracked.change_turn.acquire(timeout=self._connection.settings.order_timeout):
            raise OrderCannotBeModified(
                f"Order {tracked.order.order_ref} is being changed by another thread, and IB has not responded yet. "
                "Nothing was sent.",
                remedy="Read the order again, then change it from one thread.",
            )
        try:
            self._change(tracked, change)
        finally:
            tracked.change_turn.release()

    def _change(self, tracked: TrackedOrder, change: OrderChange) -> None:
        session = self._connection.session  # read first, so that the checks hold for this session or a newer one
        self._connection.require_up(f"a change of order {tracked.order.order_ref}")
        self._require_writable()
        self._require_changeable(tracked)
        changed = self._changed_order(tracked, change)
        if changed == tracked.order:
            return
        if changed.order_type is OrderType.TRAILING_STOP and change.stop_price is None:
            self._read_trigger(tracked)
            changed = self._changed_order(tracked, change)
        ib_order = tracked.ib_order
        changes = _changed_fields(tracked.order, changed)
        if changed.order_type is OrderType.TRAILING_STOP and change.stop_price is not None:
            changes["trailStopPrice"] = float(change.stop_price)  # perhaps back where it began, and moved from since
        changes.update({name: value for name, value in changed.broker_parameters.items() if name in NOT_REPORTED})
        if ib_order.parentId and not self._parent_works(tracked):
            changes["parentId"] = 0  # IB refuses a change that names a completed parent (error 135)
        with self._desk.book.news:
            tracked.asked, tracked.change_refusal = changed, None
        try:
            self._client.send_change(tracked.ib_contract, ib_order, changes, session)
        except ConnectionLost:
            tracked.asked = None
            raise
        self._await_change(tracked, session)

    def _read_trigger(self, tracked: TrackedOrder) -> None:
        """Read how IB describes a trailing stop now: of a trigger that moves by itself it says so only when asked."""
        self._desk.read_lists(everything=False)
        self._require_changeable(tracked)

    def _parent_works(self, tracked: TrackedOrder) -> bool:
        """Return whether an exit's parent order is still open at IB."""
        client_id = self._connection.client_id()
        parent = self._desk.book.with_session_id(client_id, str(tracked.ib_order.parentId))
        return parent is not None and not parent.state.is_final

    def _require_changeable(self, tracked: TrackedOrder) -> None:
        reason = ""
        if tracked.state not in _CHANGEABLE or tracked.cancel_sent:
            reason = f"it is {tracked.state.value}"
        elif tracked.ids.client_id != self._connection.client_id():
            reason = f"client id {tracked.ids.client_id} placed it, and this is {self._connection.client_id()}"
        elif tracked.ib_order is None or not tracked.ids.order_id:
            reason = "IB has not listed it yet"
        if reason:
            raise OrderCannotBeModified(f"Order {tracked.order.order_ref} cannot be changed: {reason}.")

    def _changed_order(self, tracked: TrackedOrder, change: OrderChange) -> Order:
        order = tracked.order
        for name in ("limit_price", "stop_price"):
            if getattr(change, name) is None:
                continue
            if getattr(order, name) is None:
                raise OrderCannotBeModified(f"Order {order.order_ref} is {order.order_type.value} and has no {name}.")
            if has_another_type(order, tracked.ib_order):
                raise OrderCannotBeModified(
                    f"Order {order.order_ref} was placed as {order.order_type.value}, and IB has it as a "
                    f"{tracked.ib_order.orderType} order now, in which {name} would mean something else.",
                    remedy="Cancel it and place a new one, or change it in TWS.",
                )
        changed = change.of(order)
        self._check_quantity(tracked, changed)
        if isinstance(order.contract, FuturesContract) and abs(changed.quantity[0]) > abs(order.quantity[0]):
            self._check_lock(order.contract.instrument_code)
        check_size(changed, self._connection.settings.max_order_quantity)
        if len(order.contract.legs) == 1 and isinstance(order.contract, FuturesContract):
            steps = self._directory.resolve(order.contract).steps
            steps.check(changed.limit_price, "The limit price", str(order.contract))
            steps.check(changed.stop_price, "The stop price", str(order.contract))
        return changed

    def _check_quantity(self, tracked: TrackedOrder, changed: Order) -> None:
        filled = tracked.view().filled
        for old, new, done in zip(tracked.order.quantity, changed.quantity, filled, strict=True):
            if (new > 0) is not (old > 0) or abs(new) < abs(done) or (abs(new) == abs(done) and new != old):
                raise InvalidQuantity(
                    f"The quantity of order {changed.order_ref}, {old} with {done} filled, cannot become {new}.",
                    remedy="Keep the side and a total above the filled quantity, or cancel the order.",
                )
        if len(changed.quantity) > 1:
            old_units, new_units = math.gcd(*tracked.order.quantity), math.gcd(*changed.quantity)
            if [each // old_units for each in tracked.order.quantity] != [
                each // new_units for each in changed.quantity
            ]:
                raise InvalidQuantity(f"A change of order {changed.order_ref} must keep the ratio of its legs.")

    def _await_change(self, tracked: TrackedOrder, session: int) -> None:
        timeout = self._connection.settings.order_timeout
        self._desk.book.wait(
            lambda: (
                tracked.asked is None
                or tracked.change_refusal is not None
                or tracked.state.is_final
                or session != self._connection.session
                or self._connection.state is not ConnectionState.CONNECTED
            ),
            timeout,
        )
        if tracked.change_refusal is not None:
            refusal = tracked.change_refusal
            raise OrderCannotBeModified(
                f"IB refused the change of order {tracked.order.order_ref}: {refusal.broker_message}",
                remedy="The order works on unchanged.",
                broker_code=refusal.broker_code,
                broker_message=refusal.broker_message,
            )
        if tracked.asked is not None and tracked.state.is_final:
            raise OrderCannotBeModified(
                f"Order {tracked.order.order_ref} became {tracked.state.value} before IB accepted the change."
            )
        if tracked.asked is not None:
            self._desk.doubt(f"IB did not respond to a change of {tracked.order.order_ref}")
            raise OutcomeUnknown(
                f"A change of order {tracked.order.order_ref} was sent, but it is not known yet whether it arrived.",
                remedy="The order works with its old or its new terms: read it before you change it again.",
            )

    # Cancelling

    def cancel(self, tracked: TrackedOrder) -> None:
        """Ask IB to cancel an order.

        Raises:
            OrderCannotBeCancelled: It is final, is being cancelled already, or its order id is ambiguous here.
            ConnectionLost: The connection is down; nothing was sent.
        """
        session = self._connection.session  # read first, as for a change
        self._connection.require_up(f"the cancel of order {tracked.order.order_ref}")
        self._require_writable()
        order_id = self._cancellable_id(tracked)
        with self._desk.book.news:
            tracked.cancel_sent = True
        try:
            self._client.cancel(order_id, session)
        except BaseException:
            tracked.cancel_sent = False
            raise
        self._connection.post(lambda _ib: self._watch_cancels([tracked]))
        self._desk.worker.post(lambda: self._cancel_sent(tracked))
        self._desk.book.wait(
            lambda: tracked.state not in _CHANGEABLE or not tracked.cancel_sent, self._connection.settings.order_timeout
        )

    async def _watch_cancels(self, sent: list[TrackedOrder]) -> None:
        """Have unanswered cancels checked after the timeout: if IB still has the order working, the cancel was lost."""
        await asyncio.sleep(self._connection.settings.order_timeout)
        with self._desk.book.news:
            unanswered = [tracked.order.order_ref for tracked in sent if tracked.cancel_sent]
            for tracked in sent:
                tracked.is_cancel_doubted = tracked.cancel_sent
        if unanswered:
            self._desk.doubt(f"IB did not respond to the cancel of {', '.join(unanswered)}")

    def _cancel_sent(self, tracked: TrackedOrder) -> None:
        if tracked.cancel_sent:
            self._desk.news.settle(tracked, OrderState.PENDING_CANCEL)

    def _cancellable_id(self, tracked: TrackedOrder) -> int:
        ref = tracked.order.order_ref
        if tracked.state.is_final or tracked.cancel_sent or tracked.state is OrderState.PENDING_CANCEL:
            raise OrderCannotBeCancelled(
                f"Order {ref} is already {tracked.state.value}.", place=str(tracked.order.contract)
            )
        if not tracked.ids.order_id:
            raise OrderCannotBeCancelled(
                f"Order {ref} has no order id by which to cancel it: it was placed by hand, or is not listed yet.",
                remedy="Cancel it in TWS, or with cancel_all_orders.",
            )
        if not self._desk.book.answer_to(self._connection.client_id(), tracked):
            raise OrderCannotBeCancelled(
                f"Order {ref} of client id {tracked.ids.client_id} has an order id that is ambiguous in this session.",
                remedy="Cancel it in the session that placed it, in TWS, or with cancel_all_orders.",
            )
        return int(tracked.ids.order_id)

    def cancel_all(self, account: str) -> list[TrackedOrder]:
        """Ask IB to cancel every working order, of one account or of all, and return those orders.

        Raises:
            OrderCannotBeCancelled: Some of an account's orders cannot be cancelled one by one; all others were.
        """
        self._connection.require_up("the cancel of all orders")
        self._require_writable()
        try:
            self._desk.read_lists(everything=False)
        except RequestTimedOut as error:  # orders that IB does not list are cancelled too
            _log.warning("Cancelling all orders without knowing which: %s", error)
        working = [each for each in self._desk.book.all() if self._is_working(each, account)]
        if account and len(self._connection.accounts) > 1:
            return self._cancel_each(working)
        return self._cancel_everything([each for each in working if each.state is not OrderState.UNKNOWN])

    def _cancel_everything(self, working: list[TrackedOrder]) -> list[TrackedOrder]:
        """Ask IB to cancel all its orders, including any not known here."""
        for each in working:
            each.cancel_sent = True
        try:
            self._client.cancel_everything()
        except BaseException:
            for each in working:
                each.cancel_sent = False
            raise
        self._connection.post(lambda _ib: self._watch_cancels(working))
        for each in working:
            self._desk.worker.post(partial(self._cancel_sent, each))
        self._desk.doubt("all orders are being cancelled")  # IB reports nothing on other clients' orders unasked
        self._desk.flush()
        return working

    def _cancel_each(self, working: list[TrackedOrder]) -> list[TrackedOrder]:
        """Cancel one after another; one that cannot be cancelled does not prevent the others."""
        failures: dict[TrackedOrder, OrderCannotBeCancelled] = {}
        for each in working:
            try:
                self.cancel(each)
            except OrderCannotBeCancelled as error:  # it may have filled in the meantime
                failures[each] = error
        still_working = [error for each, error in failures.items() if not each.state.is_final]
        if still_working:
            raise still_working[0]
        return [each for each in working if each not in failures]

    def _is_working(self, tracked: TrackedOrder, account: str) -> bool:
        return (
            not tracked.state.is_final and not tracked.cancel_sent and (not account or tracked.ids.account == account)
        )

    def _require_writable(self) -> None:
        if self._connection.refuses_orders:
            raise ReadOnlyBroker(
                "The Gateway's API is read-only.",
                remedy="Untick 'Read-Only API' in its API settings, and reopen the broker.",
            )


def _changed_fields(order: Order, changed: Order) -> dict[str, Any]:
    """Return the fields of IB's order that a change is about; all others stay as IB describes them."""
    before, after = terms_of(order, "").fields, terms_of(changed, "").fields
    return {name: after[name] for name in _CHANGED_FIELDS if name in after and after[name] != before.get(name)}
