"""Turns the exchange's reports into messages, in the sequence seen on real gateways.

A market order that fills: openOrder and orderStatus PreSubmitted; execDetails; openOrder and orderStatus Filled;
openOrder with its commission; commissionReport. A limit order that rests: the same two as PreSubmitted, then as
Submitted. A cancel: orderStatus PendingCancel, orderStatus Cancelled, error 202.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.plugins.sim.exchange.live_order import HELD
from brokerkit.plugins.sim.gateway.codes import Code
from brokerkit.plugins.sim.gateway.orders.gateway_order import GatewayOrder, Status
from brokerkit.plugins.sim.gateway.orders.messages import open_order_message, status_message
from brokerkit.plugins.sim.gateway.orders.registry import OrderRegistry
from brokerkit.spec.broker_order import BrokerOrder, OrderState
from brokerkit.spec.order import OrderType, TimeInForce

if TYPE_CHECKING:
    from brokerkit.plugins.sim.gateway.gateway import Gateway

_RESTING = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED)
_TRIGGERED = (
    *(OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP),
    *(OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED),
)
_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)
_NEW = (Status.API_PENDING, Status.PENDING_SUBMIT)
_AUCTIONS = (TimeInForce.AT_OPEN, TimeInForce.AT_CLOSE)
_NUMBER = re.compile(r"#\d+")
"""How the exchange names an order in a reason: by a number of its own, which a client would take for an order id."""


class Reports:
    """Updates order states from the exchange's reports, and reports them to the clients that placed the orders."""

    def __init__(self, gateway: Gateway, registry: OrderRegistry) -> None:
        self.gateway = gateway
        self.registry = registry
        self._just_filled: set[GatewayOrder] = set()
        self._waiting: dict[GatewayOrder, None] = {}
        self.ended: list[Callable[[GatewayOrder], None]] = []
        self._handlers: Mapping[OrderState, Callable[[GatewayOrder, BrokerOrder], None]] = {
            OrderState.PENDING: self._pending,
            OrderState.WORKING: self._working,
            OrderState.PENDING_CANCEL: self._cancelling,
            OrderState.CANCELLED: self._cancelled,
            OrderState.EXPIRED: self._cancelled,
            OrderState.REJECTED: self._rejected,
            OrderState.FILLED: self._working,
        }

    def listen(self) -> None:
        """Subscribe to the exchange's order reports."""
        self.gateway.exchange.listen(BrokerOrder, self.on_order)

    def send(self, order: GatewayOrder, *messages: Any) -> None:
        """Send messages to the client that placed an order, if it is connected; none for an order without an id."""
        session = self.gateway.session_of(order.client_id)
        if session is not None and order.order_id:
            for message in messages:
                session.send(message)

    def announce(self, order: GatewayOrder) -> None:
        """Send an order's openOrder and orderStatus."""
        order.has_unreported_change = False
        self.send(order, open_order_message(order), status_message(order))

    def warn(self, order: GatewayOrder, code: Code, text: str) -> None:
        """Send an error under an order's id."""
        session = self.gateway.session_of(order.client_id)
        if session is not None and order.order_id:
            session.error(order.order_id, code, text)

    def note_fill(self, order: GatewayOrder) -> None:
        """Mark an order whose next report from the exchange is about a fill."""
        if not order.replacing:
            self._just_filled.add(order)

    # States

    def on_order(self, view: BrokerOrder) -> None:
        """Handle an order's new state."""
        order = self.registry.of_ref(view.order_ref)
        if order is None and view.state.is_final:  # it ended the day before, and is reported again
            return
        if order is None:
            order = self.gateway.orders.by_hand.adopt(view)
        if order.replacing:
            return
        self._update_size(order, view)
        if order in self._just_filled:
            self._just_filled.discard(order)
            self._filled_further(order)
        else:
            handler = self._handlers.get(view.state)
            if handler is not None and not order.done:
                handler(order, view)
            if order.has_unreported_change and not order.done:  # one waiting for a trigger or parent keeps its status
                self.announce(order)

    @staticmethod
    def _update_size(order: GatewayOrder, view: BrokerOrder) -> None:
        """Update the size of an exit, which depends on the fills of its entry and of the other exit."""
        lots = float(abs(view.order.quantity[0]))
        if order.parent is not None and not order.filled and not order.is_combo and lots != order.terms.total_quantity:
            order.terms = attrs.evolve(order.terms, total_quantity=lots)
            order.has_unreported_change = True

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
            if wanted.time_in_force in _IMMEDIATE:
                self.send(order, open_order_message(order))
                return
            self.announce(order)
        may_rest = wanted.order_type in _RESTING and wanted.time_in_force not in _AUCTIONS
        if order.status is Status.SUBMITTED or (may_rest and not held and wanted.order_type not in _TRIGGERED):
            order.status = Status.SUBMITTED
            self.announce(order)
        elif may_rest:
            self._waiting[order] = None

    def clock_moved(self) -> None:
        """Report orders that now rest in the book: their market opened, or their trigger was reached."""
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
        self.send(order, status_message(order))

    def _cancelled(self, order: GatewayOrder, view: BrokerOrder) -> None:
        order.completed, order.end_text, order.why_held = self.gateway.now, "", ""
        validity = view.order.time_in_force
        if validity is TimeInForce.FOK and order.status is not Status.PENDING_CANCEL:
            order.status = Status.INACTIVE
            self.announce(order)
        else:
            if validity is TimeInForce.IOC and order.status is not Status.PENDING_CANCEL:
                order.status = Status.PENDING_CANCEL
                self.send(order, open_order_message(order), status_message(order))
            order.status = Status.CANCELLED
            self.send(order, status_message(order))
            self.warn(order, Code.CANCELLED, f"Order Canceled - reason:{_reason(view)}")
        self._end(order)

    def _rejected(self, order: GatewayOrder, view: BrokerOrder) -> None:
        order.status = Status.INACTIVE
        order.completed, order.end_text = self.gateway.now, _reason(view)
        self.warn(order, Code.REJECTED, f"Order rejected - reason:{order.end_text}")
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
        for listener in self.ended:
            listener(order)


def _reason(view: BrokerOrder) -> str:
    """Return why an order ended, in words that mean the same to a client."""
    return _NUMBER.sub("another order", view.reason)
