"""Which order a message of IB's means: one that is followed, one of an earlier session, or another program's."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from brokerkit.errors import BrokerkitError, InvalidOrder
from brokerkit.plugins.ib.contract_directory import ContractDirectory
from brokerkit.plugins.ib.contract_of_ib import ContractReader
from brokerkit.plugins.ib.order_book import OrderBook
from brokerkit.plugins.ib.order_reading import order_from, signed_units
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import BrokerIds, OrderOrigin
from brokerkit.spec.contract import FuturesContract

_log = logging.getLogger(__name__)


class OrderFinder:
    """Finds orders by our reference, by IB's lasting id, or by this session's id, and follows those of others.

    Args:
        book: The orders that are followed.
        recall: Follows an order of an earlier session by its reference; returns None when there is none.
        directory: Where IB is asked about contracts.
        before_asking: Called before IB is asked about a contract, which takes its time.
    """

    def __init__(
        self,
        book: OrderBook,
        recall: Callable[[str], TrackedOrder | None],
        directory: ContractDirectory,
        before_asking: Callable[[], None],
    ) -> None:
        self._book = book
        self._recall = recall
        self._reader = ContractReader(directory)
        self._before_asking = before_asking
        self._left_out: set[str] = set()

    def find(self, perm_id: str, client_id: int, order_id: str, ref: str = "") -> TrackedOrder | None:
        """Return the order that IB calls by its lasting id or by a session's; None when none is followed."""
        by_perm_id = self._book.with_perm_id(perm_id) if perm_id else None
        found = by_perm_id or self._book.with_session_id(client_id, order_id)
        if found is None or (perm_id and found.ids.perm_id and found.ids.perm_id != perm_id):
            return None  # the id is another order's now
        if ref and found.order.order_ref not in (ref, f"ib-{perm_id}"):
            return None  # another Gateway counts its lasting ids from the same number
        return found

    def order_of(self, order_id: int, contract: Any, ib_order: Any) -> TrackedOrder | None:
        """Return the order that IB describes, followed from now on; None for one that has no place here."""
        perm_id = str(ib_order.permId or "")
        tracked = self._by_reference(ib_order.orderRef, perm_id) or self.find(
            perm_id, ib_order.clientId, str(order_id), ib_order.orderRef
        )
        if tracked is None and _tells_nothing(ib_order):
            return None
        if tracked is None:
            tracked = self._take_in(contract, ib_order, ib_order.orderRef, perm_id, 0.0)
        if tracked is None:
            return None
        placed = order_id > 0
        ids = BrokerIds(
            account=ib_order.account,
            client_id=ib_order.clientId if placed else None,
            order_id=str(order_id) if placed else "",
            perm_id=perm_id,
        )
        with self._book.news:
            self._book.set_ids(tracked, ids)
        return tracked

    def order_of_execution(self, contract: Any, execution: Any) -> TrackedOrder | None:
        """Return the order that an execution belongs to, followed from now on; None for one that has no place here."""
        perm_id = str(execution.permId or "")
        tracked = self._by_reference(execution.orderRef, perm_id) or self.find(
            perm_id, execution.clientId, str(execution.orderId), execution.orderRef
        )
        if tracked is None:
            tracked = self._take_in_execution(contract, execution, perm_id)
        if tracked is not None and tracked.origin is OrderOrigin.MANUAL and execution.clientId > 0:
            tracked.origin = OrderOrigin.OTHER_CLIENT  # of a completed order IB does not name the client
        if tracked is not None and perm_id:
            with self._book.news:
                self._book.set_ids(tracked, BrokerIds(account=execution.acctNumber, perm_id=perm_id))
        return tracked

    def leg_of(self, tracked: TrackedOrder, con_id: int) -> int:
        """Return the position of a contract, by IB's id, among its order's legs.

        Raises:
            InvalidOrder: It is none of them.
            MissingContract: IB does not know a leg any more.
        """
        contract, known = tracked.order.contract, tracked.leg_of_con_id
        if not known and isinstance(contract, FuturesContract) and contract.is_spread:
            self._before_asking()
            known.update(self._reader.leg_of_con_id(contract))  # the journal names the legs, and not IB's ids of them
        if not known:
            return 0
        if con_id not in known:
            raise InvalidOrder(f"IB's contract {con_id} is no leg of {contract}, order {tracked.order.order_ref}.")
        return known[con_id]

    def _by_reference(self, ref: str, perm_id: str) -> TrackedOrder | None:
        tracked = self._book.get(ref) if ref else None
        if tracked is None and ref:
            tracked = self._recall(ref)
        if tracked is not None and perm_id and tracked.ids.perm_id and tracked.ids.perm_id != perm_id:
            return None  # two orders of another program's may share one reference
        return tracked

    def _take_in(self, contract: Any, ib_order: Any, ref: str, perm_id: str, filled: float) -> TrackedOrder | None:
        """Follow an order that this store did not place, if it is for a future or a currency pair."""
        self._before_asking()
        try:
            ours, quantity = self._reader.read(contract, ib_order, filled)
            order = order_from(ib_order, ours, quantity, self._free_reference(ref, perm_id))
        except BrokerkitError as error:
            if perm_id not in self._left_out:
                self._left_out.add(perm_id)
                _log.warning("An order of IB's, perm id %s, is left out: %s", perm_id, error)
            return None
        manual = ib_order.clientId == 0 and ib_order.orderId <= 0 and not ib_order.orderRef
        origin = OrderOrigin.MANUAL if manual else OrderOrigin.OTHER_CLIENT
        return self._book.add(
            TrackedOrder(
                order, origin=origin, updated=datetime.now(timezone.utc), leg_of_con_id=self._reader.legs(contract)
            )
        )

    def _take_in_execution(self, contract: Any, execution: Any, perm_id: str) -> TrackedOrder | None:
        """Follow an order of which only an execution is known."""
        side = _ExecutedOrder(execution)
        tracked = self._take_in(contract, side, execution.orderRef, perm_id, execution.cumQty)
        if tracked is not None:
            tracked.leg_of_con_id = {contract.conId: 0}  # maybe a leg of a spread: the others are not its
        return tracked

    def _free_reference(self, ref: str, perm_id: str) -> str:
        """Return a reference that no other order has: the order's own, or one made of IB's lasting id."""
        if ref and self._book.get(ref) is None:
            return ref
        if not perm_id:
            raise InvalidOrder("IB gave an order of another program neither a free reference nor a lasting id.")
        return f"ib-{perm_id}"


def _tells_nothing(ib_order: Any) -> bool:
    """Return whether IB says of an order neither how much was ordered nor that any of it filled: it is over."""
    return not ib_order.totalQuantity and not signed_units(ib_order)


class _ExecutedOrder:
    """What an execution tells of its order, in the shape of an order of IB's."""

    def __init__(self, execution: Any) -> None:
        self.action = "BUY" if execution.side.upper().startswith("B") else "SELL"
        self.totalQuantity = execution.cumQty
        self.orderType = "MKT"
        self.tif, self.goodTillDate, self.ocaGroup, self.algoStrategy = "DAY", "", "", ""
        self.lmtPrice = self.auxPrice = self.trailStopPrice = self.trailingPercent = 0.0
        self.outsideRth = False
        self.account = execution.acctNumber
        self.clientId, self.orderId, self.permId = execution.clientId, execution.orderId, execution.permId
        self.orderRef = execution.orderRef
