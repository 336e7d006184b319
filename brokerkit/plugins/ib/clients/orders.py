"""Order requests: send, change, cancel and preview orders, and read IB's lists."""

from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from brokerkit.errors import ConnectionLost
from brokerkit.plugins.ib.clients.client import IBClient
from brokerkit.plugins.ib.clients.contracts import ContractsClient
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.contract_facts import ContractFacts
from brokerkit.plugins.ib.instrument_table import InstrumentRow
from brokerkit.plugins.ib.order_terms import OrderTerms


@attrs.frozen(eq=False)
class Parcel:
    """One order ready to be sent, as the library's objects.

    Attributes:
        contract: The library's contract.
        order: The library's order.
    """

    contract: Any
    order: Any


class OrdersClient(IBClient):
    """Sends orders to IB, and requests its lists of orders.

    Attributes:
        turn: Held from taking an order id until it is sent, so that ids reach IB in ascending order.
    """

    def __init__(self, connection: IBConnection) -> None:
        super().__init__(connection)
        self.turn = threading.Lock()

    @property
    def order_class(self) -> type[Any]:
        """The library's order class."""
        found: type[Any] = self.ib_connection.library.module.Order
        return found

    def next_order_ids(self, count: int) -> tuple[int, list[int]]:
        """Return the session and `count` new order ids of it."""
        return self.ib_connection.take_order_ids(count)

    def parcel(
        self, terms: OrderTerms, contract: Any, order_id: int = 0, parent_id: int = 0, *, transmit: bool = True
    ) -> Parcel:
        """Return an order as the library's objects."""
        order = self.new("Order", orderId=order_id, parentId=parent_id, transmit=transmit, **terms.fields)
        order.algoParams = [self.new("TagValue", tag=tag, value=value) for tag, value in terms.algo_parameters]
        order.smartComboRoutingParams = [self.new("TagValue", tag=tag, value=value) for tag, value in terms.routing]
        return Parcel(contract, order)

    def spread_contract(self, row: InstrumentRow, legs: list[ContractFacts], terms: OrderTerms) -> Any:
        """Return a spread's contract, with the legs in our order and the first one bought."""
        combo_legs = [
            self.new("ComboLeg", conId=facts.con_id, ratio=leg.ratio, action=leg.action, exchange=facts.exchange)
            for facts, leg in zip(legs, terms.legs, strict=True)
        ]
        return self.new(
            "Contract",
            secType="BAG",
            symbol=row.symbol,
            currency=legs[0].currency,
            exchange=legs[0].exchange,
            comboLegs=combo_legs,
        )

    def send(self, parcels: list[Parcel], session: int, on_first: Callable[[], None]) -> None:
        """Send orders together, in the client's thread.

        Args:
            parcels: The orders; in a bracket, only the last has the transmit flag.
            session: The session that their ids belong to; if it has changed, the connection was lost since.
            on_first: Called right before the first one is sent; from then on the outcome is uncertain.

        Raises:
            ConnectionLost: The connection is down, or was lost; nothing was sent.
        """

        def do_send(ib: Any) -> None:
            on_first()
            for parcel in parcels:
                self.ib_connection.library.place(ib, parcel.contract, parcel.order)

        self._call_in(session, do_send, "the order")

    def send_change(self, contract: Any, ib_order: Any, changes: dict[str, Any], session: int) -> None:
        """Send a working order again with some fields changed.

        Args:
            contract: The library's contract.
            ib_order: IB's latest description of the order.
            changes: The fields that change.
            session: The session in which the order was found to belong to this client. In another session its id may
                be unused, and IB would treat the change as a new order.

        Raises:
            ConnectionLost: The connection is down, or was lost; nothing was sent.
        """
        changed = copy.copy(ib_order)
        for field, value in changes.items():
            setattr(changed, field, value)
        unset_what_ib_refuses(changed, self.new("Order"))
        changed.transmit = True
        self._call_in(session, lambda ib: ib.client.placeOrder(changed.orderId, contract, changed), "the change")

    def cancel(self, order_id: int, session: int) -> None:
        """Ask IB to cancel an order by its id in a session.

        Raises:
            ConnectionLost: The connection is down, or was lost, so that the id may now be another order's. Nothing was
                sent.
        """
        self._call_in(session, lambda ib: ib.client.cancelOrder(order_id, ""), "the cancel")

    def _call_in(self, session: int, function: Callable[[Any], object], what: str) -> None:
        """Call a function in the client's thread if the session is unchanged: order ids are valid only within one."""

        def call(ib: Any) -> None:
            if session != self.ib_connection.session or not ib.isConnected():
                raise ConnectionLost(f"The connection to IB was lost before {what} was sent. Nothing was sent.")
            function(ib)

        self.ib_connection.call(call)

    def cancel_everything(self) -> None:
        """Ask IB to cancel every order of the login, including those of other clients."""
        self.ib_connection.call(lambda ib: ib.reqGlobalCancel())

    def what_if(self, parcel: Parcel, what: str) -> Any:
        """Return IB's order state for an order that is not placed, without holding up other orders."""
        with self.turn:  # a preview uses an order id too
            answer = self.ib_connection.call(lambda ib: ib.whatIfOrderAsync(parcel.contract, parcel.order))
        return self.ib_connection.request(lambda _ib: answer, what, about_order=True)

    async def read_lists(self, ib: Any, *, everything: bool) -> None:
        """Request IB's open orders and, if wanted, its completed orders and executions.

        The connection's listeners receive them.

        Raises:
            OSError: The connection was lost.
            TimeoutError: No answer in time.
        """
        requests: list[Awaitable[Any]] = []
        if not self.ib_connection.is_read_only:
            requests.append(self.ib_connection.shared("openOrders", ib.reqAllOpenOrdersAsync))
            if everything:
                requests.append(self.ib_connection.shared("completedOrders", lambda: ib.reqCompletedOrdersAsync(False)))
        if everything:  # answered in the order of the requests, so that fills come after their orders
            requests.append(self.ib_connection.shared("executions", ib.reqExecutionsAsync))
        await asyncio.gather(*requests)

    @property
    def contracts(self) -> ContractsClient:
        """The client for contract requests."""
        return ContractsClient(self.ib_connection)


def unset_what_ib_refuses(ib_order: Any, blank: Any) -> None:
    """Unset fields that IB reports of an order without its having them, or in a form that it does not accept.

    Args:
        ib_order: The library's order, as IB describes it.
        blank: One in which nothing is set.
    """
    for name in ("deltaNeutralOrderType", "adjustedOrderType"):
        if getattr(ib_order, name) == "None":
            setattr(ib_order, name, "")
    for name in ("volatilityType", "referencePriceType"):
        if not getattr(ib_order, name):
            setattr(ib_order, name, getattr(blank, name))
    if not ib_order.orderType.startswith("TRAIL"):
        ib_order.trailStopPrice = blank.trailStopPrice
    elif ib_order.lmtPriceOffset != blank.lmtPriceOffset:
        ib_order.lmtPrice = blank.lmtPrice
