"""Order requests: send, change, cancel, preview, and look at IB's lists."""

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
    """One order ready to be sent: the library's own objects.

    Attributes:
        contract: What to trade.
        order: How.
    """

    contract: Any
    order: Any


class OrdersClient(IBClient):
    """Sends orders to IB, and asks what became of them.

    Attributes:
        turn: Held from choosing an order id to sending it, so that ids reach IB in rising order.
    """

    def __init__(self, connection: IBConnection) -> None:
        super().__init__(connection)
        self.turn = threading.Lock()

    @property
    def order_class(self) -> type[Any]:
        """The library's class of orders."""
        found: type[Any] = self.ib_connection.library.module.Order
        return found

    def next_order_ids(self, count: int) -> tuple[int, list[int]]:
        """Return the session that the ids are of, and as many fresh order ids."""
        return self.ib_connection.take_order_ids(count)

    def parcel(
        self, terms: OrderTerms, contract: Any, order_id: int = 0, parent_id: int = 0, *, transmit: bool = True
    ) -> Parcel:
        """Return an order in IB's words as the library's objects."""
        order = self.new("Order", orderId=order_id, parentId=parent_id, transmit=transmit, **terms.fields)
        order.algoParams = [self.new("TagValue", tag=tag, value=value) for tag, value in terms.algo_parameters]
        order.smartComboRoutingParams = [self.new("TagValue", tag=tag, value=value) for tag, value in terms.routing]
        return Parcel(contract, order)

    def spread_contract(self, row: InstrumentRow, legs: list[ContractFacts], terms: OrderTerms) -> Any:
        """Return the contract of a spread; its legs are in the order of ours, the first one bought."""
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
        """Send orders in one go, in the client's thread.

        Args:
            parcels: Orders; only the last of a family transmits.
            session: The session their ids are of; another one means that the line broke meanwhile.
            on_first: Called right before the first one leaves: from here on nobody can be sure.

        Raises:
            ConnectionLost: The line is down, or was; nothing was sent.
        """

        def do_send(ib: Any) -> None:
            on_first()
            for parcel in parcels:
                ib.placeOrder(parcel.contract, parcel.order)

        self._call_in(session, do_send, "the order")

    def send_change(self, contract: Any, ib_order: Any, changes: dict[str, Any], session: int) -> None:
        """Send a working order again with some fields changed.

        Args:
            contract: The library's contract.
            ib_order: The order as IB described it last.
            changes: The fields that are other now.
            session: The session in which it was seen that the order is this client's to change: in another one
                its id may be nobody's, and IB would take the change for a new order.

        Raises:
            ConnectionLost: The line is down, or was; nothing was sent.
        """
        changed = copy.copy(ib_order)
        for field, value in changes.items():
            setattr(changed, field, value)
        # IB tells these in a form that it does not take back
        changed.volatilityType = changed.referencePriceType = copy.copy(self.new("Order").volatilityType)
        changed.deltaNeutralOrderType = changed.adjustedOrderType = ""
        changed.transmit = True
        self._call_in(session, lambda ib: ib.client.placeOrder(changed.orderId, contract, changed), "the change")

    def cancel(self, order_id: int, session: int) -> None:
        """Ask IB to cancel an order by its id in a session.

        Raises:
            ConnectionLost: The line is down, or was: the id may be another order's now. Nothing was sent.
        """
        self._call_in(session, lambda ib: ib.client.cancelOrder(order_id, ""), "the cancel")

    def _call_in(self, session: int, function: Callable[[Any], object], what: str) -> None:
        """Call a function in the client's thread while a session lasts: ids of orders are good in one."""

        def call(ib: Any) -> None:
            if session != self.ib_connection.session or not ib.isConnected():
                raise ConnectionLost(f"The line to IB broke before {what} was sent. Nothing was sent.")
            function(ib)

        self.ib_connection.call(call)

    def cancel_everything(self) -> None:
        """Ask IB to cancel every order of the login, whoever placed it."""
        self.ib_connection.call(lambda ib: ib.reqGlobalCancel())

    def what_if(self, parcel: Parcel, what: str) -> Any:
        """Return IB's order state for an order that is not placed; no order waits for the answer."""
        with self.turn:  # it takes an id, as an order does
            answer = self.ib_connection.call(lambda ib: ib.whatIfOrderAsync(parcel.contract, parcel.order))
        return self.ib_connection.request(lambda _ib: answer, what, about_order=True)

    async def read_lists(self, ib: Any, *, everything: bool) -> None:
        """Have IB tell its open orders, and if wanted its completed orders and executions.

        What it tells is heard by the connection's listeners.

        Raises:
            OSError: The line broke.
            TimeoutError: No answer in time.
        """
        requests: list[Awaitable[Any]] = []
        if not self.ib_connection.is_read_only:
            requests.append(self.ib_connection.shared("openOrders", ib.reqAllOpenOrdersAsync))
            if everything:
                requests.append(self.ib_connection.shared("completedOrders", lambda: ib.reqCompletedOrdersAsync(False)))
        if everything:  # answered in the order they are asked in: fills come after the orders that they belong to
            requests.append(self.ib_connection.shared("executions", ib.reqExecutionsAsync))
        await asyncio.gather(*requests)

    @property
    def contracts(self) -> ContractsClient:
        """The client for the contracts that orders are for."""
        return ContractsClient(self.ib_connection)
