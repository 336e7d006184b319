"""The orders domain of the simulated broker, a thin layer over the exchange."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from brokerkit.errors import InvalidArgument, OrderCannotBeModified
from brokerkit.plugins.sim.simulation import Simulation
from brokerkit.spec.broker_order import BrokerOrder, Fill, HasOrderRef, OrderControl, OrderState
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.order import Order
from brokerkit.spec.orders import OrderChange, Orders, WhatIf

_CHANGEABLE = (OrderState.PENDING, OrderState.WORKING)


class SimOrders(Orders):
    """Orders at the simulated exchange, which lists a contract at its first order."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._exchange = simulation.exchange
        self._submit = simulation.exchange.submit
        self._listed: set[object] = set()

    @hookimpl
    def put_order_on_stack(self, order: Order) -> OrderControl:
        """Place an order at the exchange."""
        if order.contract in self._listed:
            return self._submit(order)
        return self._submit(self._prepared(order))

    @hookimpl
    def what_if_order(self, order: Order) -> WhatIf:
        """Return what an order would do to margin, and its commission."""
        return self._exchange.what_if(self._prepared(order))

    @hookimpl
    def get_list_of_broker_orders(self, account: str = "") -> list[BrokerOrder]:
        """Return the working orders, and those that ended on the simulation's current UTC day."""
        today = self._simulation.now.date()
        self._exchange.admit_question()
        views = [self._exchange.query(live.order_ref) for live in self._exchange.orders(account)]
        return [one for one in views if not one.state.is_final or one.updated is None or one.updated.date() == today]

    @hookimpl
    def get_list_of_orders_from_storage(self) -> list[BrokerOrder]:
        """Return all orders of this simulation."""
        return [live.current() for live in self._exchange.orders()]

    @hookimpl
    def get_list_of_fills(self, since: datetime | None = None) -> list[Fill]:
        """Return the executions of this simulation."""
        if since is not None and since.tzinfo is None:
            raise InvalidArgument(f"{since} has no time zone.", remedy="Give an aware datetime, preferably in UTC.")
        self._exchange.check_line()
        return self._exchange.fills(since)

    @hookimpl
    def match_db_broker_order_to_order_from_brokers(self, order: HasOrderRef) -> BrokerOrder:
        """Return the latest view of an order."""
        return self._exchange.query(order.order_ref)

    @hookimpl
    def match_db_broker_order_to_control_order_from_brokers(self, order: HasOrderRef) -> OrderControl:
        """Return the handle of an order."""
        self._exchange.query(order.order_ref)
        return self._exchange.order(order.order_ref)

    @hookimpl
    def cancel_order_on_stack(self, order: HasOrderRef) -> BrokerOrder:
        """Request the cancel of an order."""
        return self._exchange.cancel(order.order_ref).current()

    @hookimpl
    def cancel_order_given_control_object(self, control: OrderControl) -> OrderControl:
        """Request the cancel of the order behind a handle."""
        self._exchange.cancel(control.order_ref)
        return control

    @hookimpl
    def cancel_all_orders(self, account: str = "") -> list[BrokerOrder]:
        """Request the cancel of every working order."""
        return [live.current() for live in self._exchange.cancel_all(account)]

    @hookimpl
    def check_order_is_cancelled(self, order: HasOrderRef) -> bool:
        """Return whether an order is cancelled."""
        return self._exchange.query(order.order_ref).state is OrderState.CANCELLED

    @hookimpl
    def check_order_is_cancelled_given_control_object(self, control: OrderControl) -> bool:
        """Return whether the order behind a handle is cancelled."""
        return self.check_order_is_cancelled(control)

    @hookimpl
    def check_order_can_be_modified_given_control_object(self, control: OrderControl) -> bool:
        """Return whether the order behind a handle can still be modified."""
        return self._exchange.query(control.order_ref).state in _CHANGEABLE

    @hookimpl
    def modify_limit_price_given_control_object(
        self, control: OrderControl, limit_price: Decimal | str | int | float
    ) -> OrderControl:
        """Modify the limit price of the order behind a handle."""
        return self.modify_order_given_control_object(control, OrderChange(limit_price=limit_price))

    @hookimpl
    def modify_order_given_control_object(self, control: OrderControl, change: OrderChange) -> OrderControl:
        """Modify the price, trigger or quantity of the order behind a handle."""
        order = self._exchange.query(control.order_ref).order
        for field in ("limit_price", "stop_price"):
            if getattr(change, field) is not None and getattr(order, field) is None:
                raise OrderCannotBeModified(
                    f"A {order.order_type.value} order has no {field}.", remedy="Cancel it and place another."
                )
        self._exchange.modify(control.order_ref, change)
        return control

    def _prepared(self, order: Order) -> Order:
        found = self._simulation.prepared(order)
        if found is order:
            self._listed.add(order.contract)
        return found
