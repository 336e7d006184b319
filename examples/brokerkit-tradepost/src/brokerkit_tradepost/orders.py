"""The orders domain of Tradepost: market and limit orders, for the day, until cancelled, or at once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from brokerkit import (
    BrokerOrder,
    Fill,
    FuturesContract,
    HasOrderRef,
    Order,
    OrderChange,
    OrderControl,
    Orders,
    OrderState,
    OrderType,
    TimeInForce,
    hookimpl,
    unsupported,
)
from brokerkit.errors import (
    BrokerClosed,
    BrokerkitError,
    ContractExpired,
    DuplicateOrder,
    InvalidArgument,
    InvalidOrder,
    InvalidQuantity,
    MissingOrder,
    NotSupported,
    OffTickPrice,
    OrderCannotBeModified,
    OrderRejected,
    OutcomeUnknown,
    RequestTimedOut,
)
from brokerkit.spec.timeout import seconds_of
from brokerkit_tradepost.capital import check_account
from brokerkit_tradepost.client import Client
from brokerkit_tradepost.contracts import TradepostContracts
from brokerkit_tradepost.poller import Poller

_TIMES = {TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC}
_FLAGS = ("children", "oco_group", "display_quantity", "post_only", "reduce_only", "outside_hours", "algo")


class TradepostControl:
    """A handle on an order: it reads what the poller has seen."""

    children: tuple[OrderControl, ...] = ()

    def __init__(self, order_ref: str, poller: Poller) -> None:
        self._order_ref = order_ref
        self._poller = poller

    @property
    def order_ref(self) -> str:
        """Our reference of the order."""
        return self._order_ref

    def current(self) -> BrokerOrder:
        """Return the newest view."""
        return self._poller.view(self._order_ref)

    def wait(self, timeout: float = 60.0) -> BrokerOrder:
        """Return the final view."""
        view = self._poller.wait_until_final(self._order_ref, seconds_of(timeout))
        if view.state.is_final:
            return view
        if self._poller.is_stopped:
            raise BrokerClosed("Tradepost was closed while the order was waited for.")
        raise RequestTimedOut(f"Order {self._order_ref} is still {view.state.value} after {timeout:g} s.")


class TradepostOrders(Orders):
    """Orders, known to Tradepost by our own reference."""

    what_if_order = unsupported("Tradepost shows no margin before a trade")

    def __init__(self, client: Client, contracts: TradepostContracts, poller: Poller) -> None:
        self._client = client
        self._contracts = contracts
        self._poller = poller

    @hookimpl
    def put_order_on_stack(self, order: Order) -> OrderControl:
        """Place an order."""
        body = self._body(order)
        if order.order_ref in self._poller.placed:
            raise DuplicateOrder(f"Order {order.order_ref} was placed before.")
        self._poller.placed[order.order_ref] = order
        try:
            self._client.send("POST", "/v1/orders", body)
        except (OutcomeUnknown, OrderRejected):
            raise  # Tradepost may have it, or has it as rejected
        except BrokerkitError:
            del self._poller.placed[order.order_ref]  # it has not, so the order may be placed again
            raise
        self._poller.look()
        return TradepostControl(order.order_ref, self._poller)

    @hookimpl
    def get_list_of_broker_orders(self, account: str = "") -> list[BrokerOrder]:
        """Return all orders of this day."""
        self._check_account(account)
        return self._poller.look()

    @hookimpl
    def get_list_of_orders_from_storage(self) -> list[BrokerOrder]:
        """Return the orders placed here."""
        return [view for view in self._poller.look() if view.order_ref in self._poller.placed]

    @hookimpl
    def get_list_of_fills(self, since: datetime | None = None) -> list[Fill]:
        """Return the fills of this day."""
        if since is not None and since.tzinfo is None:
            raise InvalidArgument(f"{since} has no time zone.", remedy="Give an aware datetime, best in UTC.")
        fills = [fill for view in self._poller.look() for fill in view.fills]
        return sorted((fill for fill in fills if since is None or fill.time >= since), key=lambda fill: fill.time)

    @hookimpl
    def match_db_broker_order_to_order_from_brokers(self, order: HasOrderRef) -> BrokerOrder:
        """Return the newest view of an order."""
        views = {view.order_ref: view for view in self._poller.look()}
        if order.order_ref not in views:
            raise MissingOrder(f"Tradepost has no order {order.order_ref}.", given=order.order_ref)
        return views[order.order_ref]

    @hookimpl
    def match_db_broker_order_to_control_order_from_brokers(self, order: HasOrderRef) -> OrderControl:
        """Return a handle on an order."""
        return TradepostControl(self.match_db_broker_order_to_order_from_brokers(order).order_ref, self._poller)

    @hookimpl
    def cancel_order_on_stack(self, order: HasOrderRef) -> BrokerOrder:
        """Cancel an order."""
        self._client.send("DELETE", f"/v1/orders/{order.order_ref}")
        return self.match_db_broker_order_to_order_from_brokers(order)

    @hookimpl
    def cancel_order_given_control_object(self, control: OrderControl) -> OrderControl:
        """Cancel the order behind a handle."""
        self.cancel_order_on_stack(control)
        return control

    @hookimpl
    def cancel_all_orders(self, account: str = "") -> list[BrokerOrder]:
        """Cancel every open order."""
        self._check_account(account)
        open_now = [view for view in self._poller.look() if not view.state.is_final]
        return [self.cancel_order_on_stack(view) for view in open_now]

    @hookimpl
    def check_order_is_cancelled(self, order: HasOrderRef) -> bool:
        """Return whether an order is cancelled."""
        return self.match_db_broker_order_to_order_from_brokers(order).state is OrderState.CANCELLED

    @hookimpl
    def check_order_is_cancelled_given_control_object(self, control: OrderControl) -> bool:
        """Return whether the order behind a handle is cancelled."""
        return self.check_order_is_cancelled(control)

    @hookimpl
    def check_order_can_be_modified_given_control_object(self, control: OrderControl) -> bool:
        """Return whether the order behind a handle is open."""
        return self.match_db_broker_order_to_order_from_brokers(control).state is OrderState.WORKING

    @hookimpl
    def modify_limit_price_given_control_object(
        self, control: OrderControl, limit_price: Decimal | str | int | float
    ) -> OrderControl:
        """Change a limit price."""
        return self.modify_order_given_control_object(control, OrderChange(limit_price=limit_price))

    @hookimpl
    def modify_order_given_control_object(self, control: OrderControl, change: OrderChange) -> OrderControl:
        """Change price or quantity."""
        view = self.match_db_broker_order_to_order_from_brokers(control)
        if change.stop_price is not None or (change.limit_price is not None and view.order.limit_price is None):
            raise OrderCannotBeModified(f"A {view.order.order_type.value} order has no such price.")
        self._client.send("PATCH", f"/v1/orders/{control.order_ref}", self._changes(view, change))
        self._poller.look()
        return control

    def _changes(self, view: BrokerOrder, change: OrderChange) -> dict[str, Any]:
        body: dict[str, Any] = {}
        if change.limit_price is not None:
            body["limit"] = self._on_tick(view.order.contract, Decimal(str(change.limit_price)))
        if change.quantity is not None:
            wanted = change.quantity if isinstance(change.quantity, int) else change.quantity[0]
            if (wanted > 0) is not (view.order.quantity[0] > 0) or abs(wanted) < abs(view.filled[0]):
                raise InvalidQuantity(f"{wanted} lots would turn the order, or undo what it filled.")
            body["quantity"] = wanted
        return body

    def _body(self, order: Order) -> dict[str, Any]:
        """Return what is sent for an order, checked first: whatever is wrong with it, nothing leaves."""
        if not isinstance(order.contract, FuturesContract):
            raise InvalidOrder(f"{order.contract} is no futures contract.")
        _check_supported(order)
        row = self._contracts.row(order.contract)
        if row["expired"]:
            raise ContractExpired(f"{order.contract} no longer trades.")
        self._check_account(order.account)
        limit = None if order.limit_price is None else self._on_tick(order.contract, order.limit_price)
        return {
            "ref": order.order_ref,
            "contract": row["id"],
            "quantity": order.quantity[0],
            "limit": limit,
            "tif": order.time_in_force.value,
            "tag": order.tag,
        }

    def _on_tick(self, contract: Any, price: Decimal) -> str:
        tick = self._contracts.get_min_tick_size_for_contract(contract)
        below = price // tick * tick
        if price != below:
            raise OffTickPrice(f"{price} is between two ticks.", remedy=f"The nearest are {below} and {below + tick}.")
        return str(price)

    def _check_account(self, account: str) -> None:
        if account:
            check_account(account, self._client.get("/v1/account"))


def _check_supported(order: Order) -> None:
    """Refuse what Tradepost cannot do."""
    if order.order_type not in (OrderType.MARKET, OrderType.LIMIT):
        raise NotSupported(f"Tradepost has no {order.order_type.value} orders.")
    if order.time_in_force not in _TIMES:
        raise NotSupported(f"Tradepost has no time in force {order.time_in_force.value}.")
    if order.contract.leg_count > 1:
        raise NotSupported("Tradepost has no spreads.")
    asked = [name for name in _FLAGS if getattr(order, name)]
    if asked:
        raise NotSupported(f"Tradepost has no {', '.join(asked)}.")
