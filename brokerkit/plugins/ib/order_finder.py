"""Finds the order that a message of IB's refers to: a tracked one, one of an earlier session, or another program's."""

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
    """Finds orders by order reference, perm id, or order id in this session, and starts tracking those of others.

    Args:
        book: The tracked orders.
        recall: Tracks an order of an earlier session by its reference; returns None if there is none.
        directory: Resolves contracts with IB.
        before_asking: Called before a contract request to IB, which takes time.
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
        """Return the tracked order with a perm id or a session's order id; None if there is none."""
        found = self._book.with_perm_id(perm_id) or self._book.with_session_id(client_id, order_id)
        if found is None or (perm_id and found.ids.perm_id and found.ids.perm_id != perm_id):
            return None  # the order id now belongs to another order
        if ref and found.order.order_ref not in (ref, f"ib-{perm_id}"):
            return None  # another Gateway may use the same perm ids
        return found

    def order_of(self, order_id: int, contract: Any, ib_order: Any) -> TrackedOrder | None:
        """Return the order that IB describes, tracked from now on; None if it is not supported."""
        perm_id = str(ib_order.permId or "")
        tracked = self._by_reference(ib_order.orderRef, perm_id) or self.find(
            perm_id, ib_order.clientId, str(order_id), ib_order.orderRef
        )
        if tracked is None and _is_empty(ib_order):
            return None
        if tracked is None:
            tracked = self._track_foreign(contract, ib_order, ib_order.orderRef, perm_id, 0.0)
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
        """Return the order that an execution belongs to, tracked from now on; None if it is not supported."""
        perm_id = str(execution.permId or "")
        tracked = self._by_reference(execution.orderRef, perm_id) or self.find(
            perm_id, execution.clientId, str(execution.orderId), execution.orderRef
        )
        if tracked is None:
            tracked = self._track_executed(contract, execution, perm_id)
        if tracked is not None and tracked.origin is OrderOrigin.MANUAL and execution.clientId > 0:
            tracked.origin = OrderOrigin.OTHER_CLIENT  # IB gives no client id for a completed order
        if tracked is not None and perm_id:
            with self._book.news:
                self._book.set_ids(tracked, BrokerIds(account=execution.acctNumber, perm_id=perm_id))
        return tracked

    def leg_of(self, tracked: TrackedOrder, con_id: int) -> int:
        """Return the index of a contract, by IB's id, among its order's legs.

        Raises:
            InvalidOrder: It is not one of them.
            MissingContract: IB no longer knows a leg.
        """
        contract, known = tracked.order.contract, tracked.leg_of_con_id
        if not known and isinstance(contract, FuturesContract) and contract.is_spread:
            self._before_asking()
            known.update(self._reader.leg_of_con_id(contract))  # the journal has the legs, but not IB's ids of them
        if not known:
            return 0
        if con_id not in known:
            raise InvalidOrder(f"IB's contract {con_id} is not a leg of {contract}, order {tracked.order.order_ref}.")
        return known[con_id]

    def _by_reference(self, ref: str, perm_id: str) -> TrackedOrder | None:
        tracked = self._book.get(ref) if ref else None
        if tracked is None and ref:
            tracked = self._recall(ref)
        if tracked is not None and perm_id and tracked.ids.perm_id and tracked.ids.perm_id != perm_id:
            return None  # two orders of another program may share a reference
        return tracked

    def _track_foreign(
        self, contract: Any, ib_order: Any, ref: str, perm_id: str, filled: float
    ) -> TrackedOrder | None:
        """Track an order that is not in this store, if it is for a future, a spread or a currency pair."""
        self._before_asking()
        try:
            ours, quantity = self._reader.read(contract, ib_order, filled)
            order = order_from(ib_order, ours, quantity, self._free_reference(ref, perm_id))
        except BrokerkitError as error:
            if perm_id not in self._left_out:
                self._left_out.add(perm_id)
                _log.warning("IB's order with perm id %s is left out: %s", perm_id, error)
            return None
        manual = ib_order.clientId == 0 and ib_order.orderId <= 0 and not ib_order.orderRef
        origin = OrderOrigin.MANUAL if manual else OrderOrigin.OTHER_CLIENT
        return self._book.add(
            TrackedOrder(
                order, origin=origin, updated=datetime.now(timezone.utc), leg_of_con_id=self._reader.legs(contract)
            )
        )

    def _track_executed(self, contract: Any, execution: Any, perm_id: str) -> TrackedOrder | None:
        """Track an order of which only an execution is known."""
        ib_order = _ExecutedOrder(execution)
        tracked = self._track_foreign(contract, ib_order, execution.orderRef, perm_id, execution.cumQty)
        if tracked is not None:
            tracked.leg_of_con_id = {contract.conId: 0}  # it may be one leg of a spread; the others belong elsewhere
        return tracked

    def _free_reference(self, ref: str, perm_id: str) -> str:
        """Return a reference that no other order has: the order's own, or one made from its perm id."""
        if ref and self._book.get(ref) is None:
            return ref
        if not perm_id:
            raise InvalidOrder("Another program's order has neither a unique reference nor a perm id.")
        return f"ib-{perm_id}"


def _is_empty(ib_order: Any) -> bool:
    """Return whether IB gives an order neither a quantity nor a fill: it ended unfilled."""
    return not ib_order.totalQuantity and not signed_units(ib_order)


class _ExecutedOrder:
    """What an execution says about its order, with the attributes of the library's order."""

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
