"""From what the exchange reports to what a gateway sends: each event's messages, in the order seen on real gateways.

A market order that fills: openOrder and orderStatus PreSubmitted; execDetails; openOrder and orderStatus Filled;
openOrder with its commission; commissionReport. A limit order that rests: the same two as PreSubmitted, then as
Submitted. A cancel: orderStatus PendingCancel, orderStatus Cancelled, error 202.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.plugins.sim.exchange.live_order import HELD
from brokerkit.plugins.sim.gateway.codes import Code
from brokerkit.plugins.sim.gateway.orders.executions import ExecutionRecord, Realised, execution_id
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.messages import open_order_message, status_message
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.spec.broker_order import BrokerOrder, Fill, OrderState
from brokerkit.spec.events import CommissionReport
from brokerkit.spec.order import OrderType, TimeInForce

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

_RESTING = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
_TRIGGERED = (
    *(OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP),
    *(OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED),
)
_AT_ONCE = (TimeInForce.IOC, TimeInForce.FOK)
_NEW = (Status.API_PENDING, Status.PENDING_SUBMIT)
_AUCTIONS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)


class Reports:
    """Hears the exchange, keeps the orders' states, and tells the clients that placed them."""

    def __init__(self, gateway: Gateway, registry: OrderRegistry) -> None:
        self.gateway = gateway
        self.registry = registry
        self.executions: dict[str, ExecutionRecord] = {}
        self.by_exchange_id: dict[str, ExecutionRecord] = {}
        self._revisions: dict[str, int] = {}
        self._numbers = 0
        self.realised = Realised()
        self._fresh: set[GatewayOrder] = set()
        self._waiting: dict[GatewayOrder, None] = {}
        self.ended: list[Callable[[GatewayOrder], None]] = []
        self._told: Mapping[OrderState, Callable[[GatewayOrder, BrokerOrder], None]] = {
            OrderState.PENDING: self._pending,
            OrderState.WORKING: self._working,
            OrderState.PENDING_CANCEL: self._cancelling,
            OrderState.CANCELLED: self._cancelled,
            OrderState.EXPIRED: self._cancelled,
            OrderState.REJECTED: self._rejected,
            OrderState.FILLED: self._working,
        }

    def listen(self) -> None:
        """Hear the exchange from now on."""
        exchange = self.gateway.exchange
        exchange.listen(Fill, self.on_fill)
        exchange.listen(BrokerOrder, self.on_order)
        exchange.listen(CommissionReport, self.on_commission)

    def tell(self, order: GatewayOrder, *messages: Any) -> None:
        """Send messages to the client that placed an order, if it is there; nobody of one without an id."""
        session = self.gateway.session_of(order.client_id)
        if session is not None and order.order_id:
            for message in messages:
                session.send(message)

    def announce(self, order: GatewayOrder) -> None:
        """Send an order's terms and its status."""
        order.changed_untold = False
        self.tell(order, open_order_message(order), status_message(order))

    def warn(self, order: GatewayOrder, code: Code, text: str) -> None:
        """Send an error that belongs to an order."""
        session = self.gateway.session_of(order.client_id)
        if session is not None and order.order_id:
            session.error(order.order_id, code, text)

    # States

    def on_order(self, view: BrokerOrder) -> None:
        """Take an order's new state."""
        order = self.registry.of_ref(view.order_ref)
        if order is None:
            order = self.gateway.orders.by_hand.adopt(view)
        if order.replacing:
            return
        self._take_size(order, view)
        if order in self._fresh:
            self._fresh.discard(order)
            self._filled_further(order)
        else:
            handler = self._told.get(view.state)
            if handler is not None and not order.done:
                handler(order, view)
            if order.changed_untold and not order.done:  # one that waits for a trigger or a parent keeps its status
                self.announce(order)

    @staticmethod
    def _take_size(order: GatewayOrder, view: BrokerOrder) -> None:
        """Take over the size of an exit, which follows the fills of its entry and of the other exit."""
        lots = float(abs(view.order.quantity[0]))
        if order.parent is not None and not order.filled and not order.is_combo and lots != order.terms.total_quantity:
            order.terms = attrs.evolve(order.terms, total_quantity=lots)
            order.changed_untold = True

    def _pending(self, order: GatewayOrder, view: BrokerOrder) -> None:
        if order.status in _NEW:
            order.status = Status.PENDING_SUBMIT

    def _working(self, order: GatewayOrder, view: BrokerOrder) -> None:
        if order.status is Status.PENDING_CANCEL:
            return
        wanted = view.order
        held = self._held(order, wanted.time_in_force)
        if order.status in _NEW or order.why_held.startswith("child"):
            order.status = Status.PRE_SUBMITTED
            order.why_held = "trigger" if wanted.order_type in _TRIGGERED else ""
            if held:
                self.warn(order, Code.ORDER_MESSAGE, self._held_text(order))
            if wanted.time_in_force in _AT_ONCE:
                self.tell(order, open_order_message(order))
                return
            self.announce(order)
        may_rest = wanted.order_type in _RESTING and wanted.time_in_force not in _AUCTIONS
        if order.status is Status.SUBMITTED or (may_rest and not held and wanted.order_type not in _TRIGGERED):
            order.status = Status.SUBMITTED
            self.announce(order)
        elif may_rest:
            self._waiting[order] = None

    def clock_moved(self) -> None:
        """Tell of orders that rest in the book now: their market has opened, or their trigger was reached."""
        for order in list(self._waiting):
            if order.status is not Status.PRE_SUBMITTED:
                del self._waiting[order]
                continue
            live = self.gateway.exchange.order(order.ref)
            if live.place != HELD and live.trigger is None:
                del self._waiting[order]
                order.status, order.why_held = Status.SUBMITTED, ""
                self.announce(order)

    def _held(self, order: GatewayOrder, validity: TimeInForce) -> bool:
        return validity not in _AUCTIONS and self.gateway.exchange.order(order.ref).place == HELD

    def _held_text(self, order: GatewayOrder) -> str:
        opening = self.gateway.opening_of(order.legs[0].listed)
        terms, contract = order.terms, order.contract
        what = f"{terms.action} {terms.total_quantity:g} {contract.local_symbol} {contract.exchange}"
        return f"Order Message:\n{what}\nWarning: Your order will not be placed at the exchange until {opening}"

    def _cancelling(self, order: GatewayOrder, view: BrokerOrder) -> None:
        order.status = Status.PENDING_CANCEL
        self.tell(order, status_message(order))

    def _cancelled(self, order: GatewayOrder, view: BrokerOrder) -> None:
        order.completed, order.end_text = self.gateway.now, ""
        validity = view.order.time_in_force
        if validity is TimeInForce.FOK and order.status is not Status.PENDING_CANCEL:
            order.status = Status.INACTIVE
            self.announce(order)
        else:
            if validity is TimeInForce.IOC and order.status is not Status.PENDING_CANCEL:
                order.status = Status.PENDING_CANCEL
                self.tell(order, open_order_message(order), status_message(order))
            order.status = Status.CANCELLED
            self.tell(order, status_message(order))
            self.warn(order, Code.CANCELLED, f"Order Canceled - reason:{view.reason}")
        self._end(order)

    def _rejected(self, order: GatewayOrder, view: BrokerOrder) -> None:
        order.status = Status.INACTIVE
        order.completed, order.end_text = self.gateway.now, view.reason
        self.warn(order, Code.REJECTED, f"Order rejected - reason:{view.reason}")
        self.announce(order)
        self._end(order)

    def _filled_further(self, order: GatewayOrder) -> None:
        if order.remaining:
            if not order.done and order.status is not Status.PENDING_CANCEL:
                order.status = Status.SUBMITTED
        else:
            order.status = Status.FILLED
            order.completed = self.gateway.now
        order.why_held = ""
        self.announce(order)
        if order.done:
            self._end(order)

    def _end(self, order: GatewayOrder) -> None:
        for hear in self.ended:
            hear(order)

    # Executions

    def on_fill(self, fill: Fill) -> None:
        """Take an execution: a new one, one that corrects another, or one that was told before."""
        order = self.registry.of_ref(fill.order_ref)
        if order is None:
            return
        known = self.by_exchange_id.get(fill.execution_id)
        if known is not None:
            self._tell_execution(known)
            return
        record = self._record(order, fill)
        self._count(order, fill, record)
        self.by_exchange_id[fill.execution_id] = self.executions[record.execution_id] = record
        if not order.replacing:
            self._fresh.add(order)
        self._tell_execution(record)
        if order.is_combo:
            self._combo_execution(order, record)

    def _tell_execution(self, record: ExecutionRecord) -> None:
        session = self.gateway.session_of(record.order.client_id)
        if session is not None:
            session.send(record.details(-1, session.version, self.gateway.settings.zone))

    def _record(self, order: GatewayOrder, fill: Fill) -> ExecutionRecord:
        leg = order.legs[fill.leg]
        corrected = self.by_exchange_id.get(fill.corrects)
        if corrected is None:
            self._numbers += 1
            identity = execution_id(order.perm_id, self._numbers)
        else:
            base = corrected.execution_id[:-3]
            self._revisions[base] = self._revisions.get(base, 1) + 1
            identity = f"{base}.{self._revisions[base]:02d}"
        price, quantity = float(fill.price), float(fill.quantity)
        return ExecutionRecord(
            identity, order, leg.listed, leg.listed.wire, quantity, price, fill.time, abs(quantity), price
        )

    def _count(self, order: GatewayOrder, fill: Fill, record: ExecutionRecord) -> None:
        corrected = self.by_exchange_id.get(fill.corrects)
        lots, cost = abs(record.quantity), abs(record.quantity) * record.price
        if corrected is not None:
            lots -= abs(corrected.quantity)
            cost -= abs(corrected.quantity) * corrected.price
        account, listed, quantity = order.terms.account, record.listed, record.quantity
        if corrected is None:
            record.realised = self.realised.after(account, listed, quantity, record.price)
        else:
            record.realised = corrected.realised
            self.realised.correct(account, listed, quantity, record.price - corrected.price)
        order.last_price = record.price
        if order.is_combo:
            order.leg_fills[fill.leg] += int(quantity) if corrected is None else 0
            return
        order.filled += lots
        order.cost += cost
        record.cumulative, record.average = order.filled, order.average_price

    def _combo_execution(self, order: GatewayOrder, leg: ExecutionRecord) -> None:
        """Report the combination itself once every leg of some of it is filled."""
        done = min(abs(lots) // abs(each.ratio) for lots, each in zip(order.leg_fills, order.legs, strict=True))
        if done <= order.filled:
            return
        price = self._combo_price(order)
        order.cost += price * (done - order.filled)
        quantity = (done - order.filled) * order.side
        order.filled, order.last_price = float(done), price
        self._numbers += 1
        record = ExecutionRecord(
            *(execution_id(order.perm_id, self._numbers), order, leg.listed, order.contract, quantity, price),
            *(leg.time, order.filled, order.average_price),
        )
        self.executions[record.execution_id] = record
        self._tell_execution(record)

    def _combo_price(self, order: GatewayOrder) -> float:
        total = 0.0
        for each in order.legs:
            fills = [one for one in self.executions.values() if one.order is order and one.listed is each.listed]
            own = [one for one in fills if one.contract.sec_type != "BAG"]
            lots = sum(abs(one.quantity) for one in own)
            total += each.ratio * sum(abs(one.quantity) * one.price for one in own) / lots if lots else 0.0
        return total

    def on_commission(self, report: CommissionReport) -> None:
        """Take what an execution cost: the order once more with the sum, then the report."""
        record = self.by_exchange_id.get(report.execution_id)
        if record is None:
            return
        order = record.order
        record.commission, record.currency = float(report.commission.amount), report.commission.currency
        order.commission = (order.commission or 0.0) + record.commission
        order.commission_currency = record.currency
        if order.status is Status.FILLED:
            self.tell(order, open_order_message(order))
        self.tell(order, record.report())

    def correct_newest(self, price: float | None) -> None:
        """Correct the newest execution: the same trade at another price, under the next revision of its id.

        Args:
            price: The true price; None for one tick above the price told.
        """
        single = [one for one in self.executions.values() if one.contract.sec_type != "BAG"]
        if not single:
            return
        wrong = single[-1]
        base, revision = wrong.execution_id[:-3], int(wrong.execution_id[-2:]) + 1
        self._revisions[base] = revision
        true = wrong.price + float(wrong.listed.terms.tick_size) if price is None else price
        order = wrong.order
        order.cost += abs(wrong.quantity) * (true - wrong.price)
        record = attrs.evolve(wrong, execution_id=f"{base}.{revision:02d}", price=true, average=order.average_price)
        self.executions[record.execution_id] = record
        self._tell_execution(record)
        if record.commission is not None:
            self.tell(order, record.report())

    def new_day(self) -> None:
        """Drop the executions of the day that is over."""
        self.executions.clear()
        self.by_exchange_id.clear()
        self._revisions.clear()
        self.realised.new_day()
