"""Places the suite's orders, follows them, and puts the account back as it was."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from brokerkit import (
    AccountKind,
    Broker,
    BrokerOrder,
    FuturesContract,
    FxPair,
    Order,
    OrderControl,
    OrderOrigin,
    OrderState,
    OrderType,
)
from brokerkit.conformance.capability import decline_if_unsupported
from brokerkit.conformance.holdings import holdings
from brokerkit.conformance.market import Market
from brokerkit.conformance.outcomes import blocked, declined
from brokerkit.conformance.recorder import Recorder
from brokerkit.errors import (
    BrokerkitError,
    ConnectionLost,
    MissingOrder,
    NotSupported,
    OrderCannotBeCancelled,
    RequestTimedOut,
)

TAG = "brokerkit conformance"
_HOURS_OF_A_LONG_WEEKEND = 120
_FIRST_STEP, _LONGEST_PAUSE = 0.02, 1.0
_CANCEL = "cancel_order_on_stack"
_AN_HOUR = 3600.0
_TRIES = 3
_OPEN_FOR = 2 * _AN_HOUR


class Trader:
    """Trades one instrument of one broker in small orders, all of them tagged.

    Attributes:
        market: What is traded.
        events: Everything the broker told since the test began.

    Args:
        advance: Moves the broker's clock by so many seconds, where that can be done.
    """

    def __init__(self, market: Market, events: Recorder, advance: Callable[[float], None] | None = None) -> None:
        self.market: Market = market
        self.events = events
        self._advance = advance
        self._orders = market.broker.orders
        self._placed: list[OrderControl] = []
        self._sent: set[str] = set()
        self._before = {view.order_ref for view in self._reported()}
        self._baseline = self.positions()

    @property
    def quantity(self) -> int:
        """The quantity of a small order."""
        return self.market.lots(self.market.facts.quantity)

    @property
    def large_quantity(self) -> int:
        """The quantity of an order that takes several fills, where that can be brought about."""
        return self.market.lots(self.market.facts.large_quantity)

    @property
    def contract(self) -> FuturesContract | FxPair:
        """What is traded."""
        return self.market.traded

    @property
    def tick(self) -> Decimal:
        """The price step of what is traded."""
        if isinstance(self.contract, FxPair):
            blocked("no hook gives the tick of a currency pair")
        return self.market.tick

    # What to trade

    def market_order(self, quantity: int, **fields: Any) -> Order:
        """Return an order to trade at once."""
        return Order.market(self.contract, quantity, **self._fields(fields))

    def limit_order(self, quantity: int, price: Decimal, **fields: Any) -> Order:
        """Return an order to trade at a price or better."""
        return Order.limit(self.contract, quantity, price, **self._fields(fields))

    def resting_order(self, quantity: int, part: int = 1, **fields: Any) -> Order:
        """Return a limit order too far from the market to trade."""
        price = self.market.resting_buy(part) if quantity > 0 else self.market.resting_sell(part)
        return self.limit_order(quantity, price, **fields)

    def crossing_order(self, quantity: int, **fields: Any) -> Order:
        """Return a limit order that trades at once."""
        price = self.market.crossing_buy() if quantity > 0 else self.market.crossing_sell()
        return self.limit_order(quantity, price, **fields)

    def stop_order(self, quantity: int, order_type: OrderType = OrderType.STOP, **fields: Any) -> Order:
        """Return an order with a trigger too far from the market to be met, and a limit where the type has one."""
        touched = order_type in {OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED}
        above = (quantity > 0) is not touched
        trigger = self.market.resting_sell() if above else self.market.resting_buy()
        if order_type in {OrderType.STOP_LIMIT, OrderType.LIMIT_IF_TOUCHED}:
            fields["limit_price"] = trigger
        return Order(self.contract, quantity, order_type, stop_price=trigger, **self._fields(fields))

    # Doing it

    def place(self, order: Order, at: Broker | None = None) -> OrderControl:
        """Place an order; a broker that says `NotSupported` ends the test as declined, if it kept nothing of it."""
        try:
            return self.send(order, at)
        except NotSupported as refusal:
            assert not self.is_known(order.order_ref), f"refused with NotSupported, and yet placed: {order}"
            declined(refusal.fact)

    def send(self, order: Order, at: Broker | None = None) -> OrderControl:
        """Place an order by the hook for what it trades, and raise what the broker raises.

        Where orders cannot be cancelled, only market orders are sent: others might stay in the account.

        Args:
            order: The order.
            at: Another broker object to place it by.
        """
        broker = at or self.market.broker
        if order.order_type is not OrderType.MARKET:
            decline_if_unsupported(broker, (_CANCEL,))
        self._sent |= {order.order_ref, *(child.order_ref for child in order.children)}
        is_fx = isinstance(order.contract, FxPair)
        control = (broker.fx.put_fx_order_on_stack if is_fx else broker.orders.put_order_on_stack)(order)
        if at is None:
            self._placed.append(control)
        return control

    def rests(self, order: Order) -> OrderControl:
        """Place an order and return its handle once it is working."""
        control = self.place(order)
        view = self.until(control, OrderState.WORKING)
        assert not any(view.filled), f"an order meant to rest has filled {view.filled}: {view}"
        return control

    def fills(self, order: Order) -> BrokerOrder:
        """Place an order and return its view once it is filled whole."""
        view = self.done(self.place(order))
        assert view.state is OrderState.FILLED, f"expected it to fill, it ended {_story(view)}"
        assert view.filled == order.quantity, f"ordered {order.quantity}, filled {view.filled}"
        return view

    def buys(self, quantity: int | None = None) -> BrokerOrder:
        """Buy at the market and return the filled order."""
        return self.fills(self.market_order(quantity or self.quantity))

    def sells(self, quantity: int | None = None) -> BrokerOrder:
        """Sell at the market and return the filled order."""
        return self.fills(self.market_order(-(quantity or self.quantity)))

    def cancel(self, control: OrderControl) -> BrokerOrder:
        """Cancel an order and return its final view."""
        self._orders.cancel_order_on_stack(control)
        return self.done(control)

    def done(self, control: OrderControl, timeout: float = 0) -> BrokerOrder:
        """Return an order's final view."""
        return control.wait(timeout or self.market.patience)

    def until(self, control: OrderControl, wanted: OrderState | Callable[[BrokerOrder], bool]) -> BrokerOrder:
        """Return the first view of an order in the wanted state, or that is as wanted."""
        view = self.sees(control, (lambda seen: seen.state is wanted) if isinstance(wanted, OrderState) else wanted)
        goal = wanted.value if isinstance(wanted, OrderState) else "the state wanted"
        assert view is not None, f"the order never came to be {goal}; it is {_story(control.current())}"
        return view

    def sees(self, control: OrderControl, wanted: Callable[[BrokerOrder], bool]) -> BrokerOrder | None:
        """Return the first view of an order that is as wanted, or None when none came in time."""
        waited, step = 0.0, _FIRST_STEP
        while True:
            view = control.current()
            if wanted(view):
                return view
            if waited >= self.market.patience:
                return None
            self.let_pass(step, control)
            waited, step = waited + step, min(step * 1.5, self.market.patience / 60)

    def let_pass(self, seconds: float, control: OrderControl | None = None) -> None:
        """Let time pass by the broker's clock; an open order's handle moves a clock that the caller drives."""
        if control is not None and not control.current().state.is_final:
            try:
                control.wait(seconds)
            except RequestTimedOut:
                return
        elif self._advance is not None and not self._clock_runs:
            self._advance(seconds)
        else:
            self.events.wait_for(lambda: False, min(seconds, _LONGEST_PAUSE))

    def eventually(self, happened: Callable[[], object], what: str, control: OrderControl | None = None) -> None:
        """Wait until something has happened."""
        waited, step = 0.0, _FIRST_STEP
        while not happened():
            assert waited < self.market.patience, f"it never came about that {what}"
            self.let_pass(step, control)
            waited, step = waited + step, min(step * 1.5, self.market.patience / 60)

    # Looking

    def positions(self) -> dict[FuturesContract | FxPair, int]:
        """Return what is held, by contract, over all accounts; of a pair, the balance of its first currency."""
        return holdings(self.market, self._placed)

    def gained(self, contract: FuturesContract | FxPair | None = None) -> int:
        """Return by how many lots a position has changed since the test began."""
        contract = contract or self.contract
        return self.positions().get(contract, 0) - self._baseline.get(contract, 0)

    def is_known(self, order_ref: str) -> bool:
        """Return whether the broker reports an order of that reference."""
        return any(view.order_ref == order_ref for view in self._reported())

    def open_orders(self) -> list[BrokerOrder]:
        """Return the suite's orders that are not final, as the broker reports them."""
        return [view for view in self._reported() if self._is_mine(view) and _is_open(view)]

    def _reported(self) -> list[BrokerOrder]:
        """Return the orders that the broker reports; those behind the handles it gave, where it lists none."""
        if self.market.broker.supports("get_list_of_broker_orders"):
            return self._orders.get_list_of_broker_orders()
        return [control.current() for control in self._placed]

    def needs_no_position(self) -> None:
        """End the test as blocked when the account holds what is traded; a currency's balance is no position."""
        if isinstance(self.contract, FxPair) or self.positions().get(self.contract):
            blocked(f"it needs an account without a position in {self.contract}")

    def needs_open_market(self) -> None:
        """End the test as blocked when the market is closed, and no clock can be moved on to when it is open.

        Where the clock runs, so that the market might close during a test, it must be open for a while.
        """
        if not self._opens():
            blocked(f"the market of {self.contract} is closed now")

    def _opens(self) -> bool:
        """Return whether the market is open, after the clock was moved on to that where it can be."""
        for _ in range(_HOURS_OF_A_LONG_WEEKEND):
            if self._advance is None or self._is_open():
                break
            self._advance(_AN_HOUR)
        return self._is_open()

    def _is_open(self) -> bool:
        broker = self.market.broker
        contract = self.contract
        if isinstance(contract, FxPair) or not broker.supports("is_contract_okay_to_trade"):
            return True
        if not broker.contracts.is_contract_okay_to_trade(contract):
            return False
        may_close = self._clock_runs and self._advance is not None
        return not may_close or self.market.until_closing() > _OPEN_FOR

    @property
    def _clock_runs(self) -> bool:
        return self.market.broker.account_kind is not AccountKind.SIMULATED

    # Putting it back

    def carry_on_with(self, broker: Broker) -> None:
        """Go on at the broker that was opened in the place of one that has died."""
        if broker is not self.market.broker:
            self.market = Market(broker, self.market.facts, self.market.found)
            self._orders = broker.orders

    def restore(self) -> None:
        """Cancel what is left of the suite's orders, and trade positions back to what they were.

        Raises:
            AssertionError: Something could not be put back; it says what.
        """
        strange = self.not_asked_for()
        left = [problem for view in self._unfinished() if (problem := self._withdraw(view))]
        changed = self._changed()
        if changed:
            self._opens()
        for contract in changed:
            order = Order.market(contract, -self.gained(contract), **self._fields({}))
            self.done(self.send(order))
        still = {str(contract): self.gained(contract) for contract in self._changed()}
        assert not left, f"orders could not be cancelled: {left}"
        assert not still, f"positions are not as they were: {still}"
        assert not strange, strange

    def not_asked_for(self) -> str:
        """Return what to say of open orders like the suite's that no test has placed; empty when there are none."""
        known = self._sent | self._before
        refs = [view.order_ref for view in self._unfinished() if _is_like_ours(view) and view.order_ref not in known]
        if not refs:
            return ""
        return (
            f"orders that nobody placed are at the broker: {', '.join(refs)}. An order is sent once, under its own "
            "order_ref; one whose outcome is unknown is looked for, and never sent again"
        )

    def _changed(self) -> list[FuturesContract | FxPair]:
        return [contract for contract in {**self._baseline, **self.positions()} if self.gained(contract)]

    def _unfinished(self) -> list[BrokerOrder]:
        try:
            return self.open_orders()
        except ConnectionLost:
            return [view for view in (control.current() for control in self._placed) if _is_open(view)]

    def _withdraw(self, view: BrokerOrder) -> str:
        """Cancel an order, again where the cancel may have been lost; return what is in the way, if anything is."""
        said = ""
        for _ in range(_TRIES):
            try:
                if self.market.broker.supports(_CANCEL):
                    self._orders.cancel_order_on_stack(view)
                self.done(self._orders.match_db_broker_order_to_control_order_from_brokers(view))
            except (OrderCannotBeCancelled, MissingOrder):
                return ""
            except BrokerkitError as problem:
                said = f"{view.order_ref}: {problem}"
            else:
                return ""
        return said

    def _is_mine(self, view: BrokerOrder) -> bool:
        return view.order.tag == TAG or view.order_ref in {control.order_ref for control in self._placed}

    def _fields(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"tag": TAG, "account": self.market.facts.account, **fields}


def _is_like_ours(view: BrokerOrder) -> bool:
    return view.order.tag == TAG and view.origin is OrderOrigin.OURS


def _is_open(view: BrokerOrder) -> bool:
    return not view.state.is_final


def _story(view: BrokerOrder) -> str:
    return f"{view.state.value}{f' ({view.reason})' if view.reason else ''}, filled {view.filled}"
