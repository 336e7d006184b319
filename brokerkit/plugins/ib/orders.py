"""The orders domain at IB: places, tracks, changes and cancels orders, each sent exactly once."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from brokerkit.errors import InvalidArgument, InvalidOrder, MissingAccount, MissingData
from brokerkit.plugins.ib.clients.accounting import AccountingClient
from brokerkit.plugins.ib.clients.orders import OrdersClient
from brokerkit.plugins.ib.connection import IBConnection
from brokerkit.plugins.ib.executions import price_from
from brokerkit.plugins.ib.logins import is_master
from brokerkit.plugins.ib.order_changing import OrderChanging
from brokerkit.plugins.ib.order_control import IBOrderControl, control_of
from brokerkit.plugins.ib.order_desk import OrderDesk
from brokerkit.plugins.ib.order_placing import OrderPlacing
from brokerkit.plugins.ib.tracked_order import TrackedOrder
from brokerkit.spec.broker_order import BrokerOrder, Fill, HasOrderRef, OrderControl, OrderOrigin, OrderState
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.hooks import hookimpl
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order
from brokerkit.spec.orders import OrderChange, Orders, WhatIf


class IBOrders(Orders):
    """Orders at IB, identified by their `order_ref`, which IB carries as `orderRef`."""

    def __init__(
        self, desk: OrderDesk, placing: OrderPlacing, changing: OrderChanging, accounting: AccountingClient
    ) -> None:
        self._desk = desk
        self._accounting = accounting
        self._placing = placing
        self._changing = changing

    @property
    def ib_client(self) -> OrdersClient:
        """The client that sends orders to IB."""
        return self._desk.client

    @property
    def ibconnection(self) -> IBConnection:
        """The connection."""
        return self._desk.client.ib_connection

    # Placing

    @hookimpl
    def put_order_on_stack(self, order: Order) -> IBOrderControl:
        """Place an order, with its children, and return a live handle on it. This trades."""
        if isinstance(order.contract, FxPair):
            raise InvalidOrder(f"{order.contract} is a currency pair.", remedy="Use fx.put_fx_order_on_stack.")
        return control_of(self._desk.book, self._placing.place(order).order.order_ref)

    @hookimpl
    def what_if_order(self, order: Order) -> WhatIf:
        """Return the order's effect on margin, and its commission. Nothing is placed."""
        first = self._placing.prepare(order)[0]
        parcel = self.ib_client.parcel(first.terms, first.contract)
        state = self.ib_client.what_if(parcel, f"the preview of an order for {order.contract}")
        return _what_if(state, self._accounting.base_currency(first.terms.fields["account"]))

    def commission_of(self, contract: FuturesContract) -> Money:
        """Return IB's commission for one lot of a contract, one way.

        Raises:
            MissingData: IB's preview has no commission.
        """
        tradable = (each for each in self.ibconnection.accounts if not is_master(each))
        account = self.ibconnection.settings.account or next(tradable, "")  # whichever: they share a price plan
        commission = self.what_if_order(Order.market(contract.legs[0], 1, account=account)).commission
        if commission is None:
            raise MissingData(f"IB's preview has no commission for {contract}.")
        return commission

    # Reading

    @hookimpl
    def get_list_of_broker_orders(self, account: str = "") -> list[BrokerOrder]:
        """Return the orders that IB itself reports: working ones, and those completed today."""
        self._check_account(account)
        self._desk.read_lists()
        views = [tracked.view() for tracked in self._desk.book.all() if tracked.is_answered]
        return [view for view in views if not account or view.ids.account == account]

    @hookimpl
    def get_list_of_orders_from_storage(self) -> list[BrokerOrder]:
        """Return the orders placed through this object, and earlier ones that were not final when it opened."""
        ours = [each for each in self._desk.book.all() if each.origin is OrderOrigin.OURS and each.is_recent]
        return [each.view() for each in ours]

    @hookimpl
    def get_list_of_fills(self, since: datetime | None = None) -> list[Fill]:
        """Return the executions that IB reports, in order of time, once each."""
        if since is not None and since.tzinfo is None:
            raise InvalidArgument(f"{since} has no time zone.", remedy="Give an aware datetime, best in UTC.")
        self._desk.read_lists()
        fills = self._desk.reported_fills()
        return sorted((fill for fill in fills if since is None or fill.time >= since), key=lambda fill: fill.time)

    @hookimpl
    def match_db_broker_order_to_order_from_brokers(self, order: HasOrderRef) -> BrokerOrder:
        """Return IB's current view of an order, found by its `order_ref`."""
        return self._newest(order).view()

    @hookimpl
    def match_db_broker_order_to_control_order_from_brokers(self, order: HasOrderRef) -> IBOrderControl:
        """Return a live handle on an order, found by its `order_ref`, for example after a restart."""
        return control_of(self._desk.book, self._newest(order).order.order_ref)

    @hookimpl
    def check_order_is_cancelled(self, order: HasOrderRef) -> bool:
        """Return whether IB says that the order is cancelled."""
        return self._newest(order).state is OrderState.CANCELLED

    @hookimpl
    def check_order_is_cancelled_given_control_object(self, control: OrderControl) -> bool:
        """Return whether IB says that the order behind a handle is cancelled."""
        return control.current().state is OrderState.CANCELLED

    # Cancelling and changing

    @hookimpl
    def cancel_order_on_stack(self, order: HasOrderRef) -> BrokerOrder:
        """Ask IB to cancel an order, and return its view right after."""
        tracked = self._changing.find(order.order_ref)
        self._changing.cancel(tracked)
        return tracked.view()

    @hookimpl
    def cancel_order_given_control_object(self, control: OrderControl) -> OrderControl:
        """Ask IB to cancel the order behind a handle, and return the handle."""
        self._changing.cancel(self._changing.find(control.order_ref))
        return control

    @hookimpl
    def cancel_all_orders(self, account: str = "") -> list[BrokerOrder]:
        """Ask IB to cancel every working order, whoever placed it."""
        self._check_account(account)
        return [tracked.view() for tracked in self._changing.cancel_all(account)]

    @hookimpl
    def check_order_can_be_modified_given_control_object(self, control: OrderControl) -> bool:
        """Return whether IB would accept a change of the order behind a handle now."""
        return self._changing.can_change(self._changing.find(control.order_ref))

    @hookimpl
    def modify_limit_price_given_control_object(
        self, control: OrderControl, limit_price: Decimal | str | int | float
    ) -> OrderControl:
        """Change the limit price of the order behind a handle, and return the handle."""
        return self.modify_order_given_control_object(control, OrderChange(limit_price=limit_price))

    @hookimpl
    def modify_order_given_control_object(self, control: OrderControl, change: OrderChange) -> OrderControl:
        """Change price, trigger or quantity of the order behind a handle, and return the handle."""
        self._changing.change(self._changing.find(control.order_ref), change)
        return control

    # Internal

    def _newest(self, order: HasOrderRef) -> TrackedOrder:
        """Return an order as IB has it now: for this session's own orders, IB reports changes without a request."""
        tracked = self._changing.find(order.order_ref)
        is_reported = tracked.ids.client_id == self.ibconnection.client_id() and tracked.is_answered
        if not tracked.state.is_final and not is_reported:
            self._desk.read_lists()
        else:
            self._desk.flush()
        return tracked

    def _check_account(self, account: str) -> None:
        accounts = self.ibconnection.accounts
        if account and account not in accounts:
            raise MissingAccount(f"This login has no account {account!r}.", given=account, candidates=accounts)


def _what_if(state: Any, currency: str) -> WhatIf:
    figures = {
        "initial_margin": state.initMarginAfter,
        "initial_margin_change": state.initMarginChange,
        "maintenance_margin": state.maintMarginAfter,
        "maintenance_margin_change": state.maintMarginChange,
    }
    amounts = {name: price_from(text) for name, text in figures.items()}
    missing = [name for name, amount in amounts.items() if amount is None]
    if missing:
        raise MissingData(f"IB's preview has no {', '.join(missing)}.", broker_message=state.warningText)
    money = {name: Money(currency, amount) for name, amount in amounts.items() if amount is not None}
    commission = price_from(state.commission)
    known = commission is not None and bool(state.commissionCurrency)
    return WhatIf(
        **money,
        commission=Money(state.commissionCurrency, commission) if known and commission is not None else None,
        warning=state.warningText,
    )
