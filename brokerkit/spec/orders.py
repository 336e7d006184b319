"""The orders domain: place, track, change and cancel orders."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Protocol

import attrs

from brokerkit.spec.broker_order import BrokerOrder, Fill, HasOrderRef, OrderControl
from brokerkit.spec.hooks import hook
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order


@attrs.frozen
class WhatIf:
    """What an order would do to the account if it were placed and filled.

    Attributes:
        initial_margin: Initial margin of the account after the order.
        initial_margin_change: How much the order changes it.
        maintenance_margin: Maintenance margin of the account after the order.
        maintenance_margin_change: How much the order changes it.
        commission: What the broker would charge for the whole order; None if it does not say.
        warning: The broker's own warning, if there is one.
    """

    initial_margin: Money
    initial_margin_change: Money
    maintenance_margin: Money
    maintenance_margin_change: Money
    commission: Money | None = None
    warning: str = ""


@attrs.frozen
class OrderChange:
    """What to change on a working order; None leaves a field unchanged.

    Attributes:
        limit_price: The new limit.
        stop_price: The new trigger.
        quantity: The new signed total, one per leg, including what has already filled.

    Example:
        >>> from brokerkit import FuturesContract, Order
        >>> changed = OrderChange(quantity=3).of(Order.limit(FuturesContract("GOLD", "202312"), 2, 1950))
        >>> changed.quantity, changed.limit_price
        ((3,), Decimal('1950'))
    """

    limit_price: Decimal | str | int | float | None = None
    stop_price: Decimal | str | int | float | None = None
    quantity: int | tuple[int, ...] | None = None

    def of(self, order: Order) -> Order:
        """Return an order as it stands after the change.

        Raises:
            InvalidOrder: The order is of a type that has no such price.
            InvalidQuantity: The quantity is none.
        """
        given = {name: value for name, value in attrs.asdict(self, recurse=False).items() if value is not None}
        return attrs.evolve(order, **given)


class Orders(Protocol):
    """Orders for futures contracts and spreads. An order is identified by its `order_ref`."""

    @hook(writes=True, paced=True)
    def put_order_on_stack(self, order: Order) -> OrderControl:
        """Place an order, with its children, and return a live handle on it. This trades.

        Returns:
            A handle; by now the order may be in any state, including filled. The call returns as soon
            as the order is sent: wait on the handle, poll it, or subscribe to events.

        Raises:
            InvalidOrder: The order contradicts its contract, for example a price off the tick grid.
            MissingContract: No such contract.
            AmbiguousContract: Several contracts match.
            ContractExpired: The contract no longer trades.
            MarketClosed: The market is closed and the broker does not hold orders until it opens.
            OrderRejected: The broker refused it at once.
            OutcomeUnknown: It was sent, and it is not yet known whether it arrived. Never send it
                again: the plugin looks for it, and reports the outcome as an event.
            DuplicateOrder: An order with this `order_ref` was placed before; nothing was sent.
            ConnectionLost: The connection is down; nothing was sent.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     control = broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", front), 2))
            ...     done = control.wait()
            >>> done.state.value, done.filled
            ('filled', (2,))
        """
        ...

    @hook(paced=True)
    def what_if_order(self, order: Order) -> WhatIf:
        """Return the margin and cost that the order would need. Nothing is placed.

        Raises:
            InvalidOrder: As for placing it.
            MissingContract: No such contract.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     preview = broker.orders.what_if_order(Order.market(FuturesContract("GOLD", front), 2))
            ...     len(broker.orders.get_list_of_broker_orders()), preview.initial_margin_change.amount > 0
            (0, True)
        """
        ...

    @hook(paced=True)
    def get_list_of_broker_orders(self, account: str = "") -> list[BrokerOrder]:
        """Return the orders that the broker itself reports: working ones, and those completed today.

        Args:
            account: One account's id; empty for all accounts.

        Returns:
            In the order they were placed, by whomever; `origin` says by whom.

        Raises:
            MissingAccount: No such account.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.orders.get_list_of_broker_orders()
            []
        """
        ...

    @hook()
    def get_list_of_orders_from_storage(self) -> list[BrokerOrder]:
        """Return the orders placed through this broker object, in the order they were placed.

        Brokers with a journal also return orders of earlier sessions that are not yet final.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.orders.get_list_of_orders_from_storage()
            []
        """
        ...

    @hook(paced=True)
    def get_list_of_fills(self, since: datetime | None = None) -> list[Fill]:
        """Return the executions that the broker reports, ordered by time, once each.

        Args:
            since: Only those at or after this aware time; None for all that the broker still has.

        Raises:
            InvalidArgument: The time has no zone.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.orders.get_list_of_fills()
            []
        """
        ...

    @hook(paced=True)
    def match_db_broker_order_to_order_from_brokers(self, order: HasOrderRef) -> BrokerOrder:
        """Return the broker's latest view of an order, found by its `order_ref`.

        Raises:
            MissingOrder: The broker does not know it.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     order = Order.market(FuturesContract("GOLD", front), 1)
            ...     placed = broker.orders.put_order_on_stack(order)
            ...     broker.orders.match_db_broker_order_to_order_from_brokers(order).order == order
            True
        """
        ...

    @hook(paced=True)
    def match_db_broker_order_to_control_order_from_brokers(self, order: HasOrderRef) -> OrderControl:
        """Return a live handle on an order, found by its `order_ref`, for example after a restart.

        Raises:
            MissingOrder: The broker does not know it.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     order = Order.market(FuturesContract("GOLD", front), 1)
            ...     placed = broker.orders.put_order_on_stack(order)
            ...     control = broker.orders.match_db_broker_order_to_control_order_from_brokers(order)
            >>> control.order_ref == order.order_ref
            True
        """
        ...

    @hook(writes=True, paced=True, cancels=True)
    def cancel_order_on_stack(self, order: HasOrderRef) -> BrokerOrder:
        """Ask the broker to cancel an order, and return its view right after.

        The order is cancelled only once its state says so: it may fill first.

        Raises:
            MissingOrder: The broker does not know it.
            OrderCannotBeCancelled: It is already final, for example because it was cancelled before.
            OutcomeUnknown: The cancel was sent, and it is not yet known whether it arrived. It may be made again.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     order = Order.limit(FuturesContract("GOLD", front), 1, 1)
            ...     placed = broker.orders.put_order_on_stack(order)
            ...     cancelled = broker.orders.cancel_order_on_stack(order)
            ...     placed.wait().state.value
            'cancelled'
        """
        ...

    @hook(writes=True, paced=True, cancels=True)
    def cancel_order_given_control_object(self, control: OrderControl) -> OrderControl:
        """Ask the broker to cancel the order behind a handle, and return the handle.

        Raises:
            OrderCannotBeCancelled: It is already final.
            OutcomeUnknown: The cancel was sent, and it is not yet known whether it arrived. It may be made again.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     control = broker.orders.put_order_on_stack(Order.limit(FuturesContract("GOLD", front), 1, 1))
            ...     broker.orders.cancel_order_given_control_object(control).wait().state.value
            'cancelled'
        """
        ...

    @hook(writes=True, paced=True, cancels=True)
    def cancel_all_orders(self, account: str = "") -> list[BrokerOrder]:
        """Ask the broker to cancel every working order, whoever placed it.

        Args:
            account: One account's id; empty for all accounts.

        Returns:
            The orders for which a cancel was requested, as they stand right after.

        Raises:
            MissingAccount: No such account.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     broker.orders.cancel_all_orders()
            []
        """
        ...

    @hook(paced=True)
    def check_order_is_cancelled(self, order: HasOrderRef) -> bool:
        """Return whether the broker says that the order is cancelled.

        Raises:
            MissingOrder: The broker does not know it.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     order = Order.limit(FuturesContract("GOLD", front), 1, 1)
            ...     placed = broker.orders.put_order_on_stack(order)
            ...     broker.orders.check_order_is_cancelled(order)
            False
        """
        ...

    @hook(paced=True)
    def check_order_is_cancelled_given_control_object(self, control: OrderControl) -> bool:
        """Return whether the broker says that the order behind a handle is cancelled.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     control = broker.orders.put_order_on_stack(Order.limit(FuturesContract("GOLD", front), 1, 1))
            ...     broker.orders.check_order_is_cancelled_given_control_object(control)
            False
        """
        ...

    @hook(paced=True)
    def check_order_can_be_modified_given_control_object(self, control: OrderControl) -> bool:
        """Return whether the broker would now accept a change to the order behind a handle.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     control = broker.orders.put_order_on_stack(Order.market(FuturesContract("GOLD", front), 1))
            ...     done = control.wait()
            ...     broker.orders.check_order_can_be_modified_given_control_object(control)
            False
        """
        ...

    @hook(writes=True, paced=True)
    def modify_limit_price_given_control_object(
        self, control: OrderControl, limit_price: Decimal | str | int | float
    ) -> OrderControl:
        """Change the limit price of the order behind a handle, and return the handle.

        Raises:
            OrderCannotBeModified: It is final, being cancelled, or has no limit price.
            OffTickPrice: The price is between two ticks.
            OutcomeUnknown: The change was sent, and it is not yet known whether it arrived.

        Example:
            >>> from brokerkit import FuturesContract, Order, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     control = broker.orders.put_order_on_stack(Order.limit(FuturesContract("GOLD", front), 1, 1))
            ...     changed = broker.orders.modify_limit_price_given_control_object(control, 2)
            ...     changed.current().order.limit_price
            Decimal('2')
        """
        ...

    @hook(writes=True, paced=True)
    def modify_order_given_control_object(self, control: OrderControl, change: OrderChange) -> OrderControl:
        """Change the price, trigger or quantity of the order behind a handle, and return the handle.

        Raises:
            OrderCannotBeModified: It is final, being cancelled, or has no such price.
            OffTickPrice: A price is between two ticks.
            InvalidQuantity: The new total is below what has filled, or reverses the side of the order.
            InsufficientMargin: The account cannot carry the larger order; it keeps working unchanged.
            OutcomeUnknown: The change was sent, and it is not yet known whether it arrived.

        Example:
            >>> from brokerkit import FuturesContract, Order, OrderChange, open_broker
            >>> with open_broker("sim") as broker:
            ...     front = broker.contracts.get_list_of_contract_dates_for_instrument_code("GOLD")[0]
            ...     control = broker.orders.put_order_on_stack(Order.limit(FuturesContract("GOLD", front), 1, 1))
            ...     changed = broker.orders.modify_order_given_control_object(control, OrderChange(quantity=3))
            ...     changed.current().order.quantity
            (3,)
        """
        ...
