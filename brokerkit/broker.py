"""The broker that a strategy uses, with its seven typed domains."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import attrs

from brokerkit.errors import BrokerClosed, CallRefused, InvalidArgument
from brokerkit.registry.dispatch import EventDispatch, Subscription
from brokerkit.registry.setting import Setting
from brokerkit.registry.strict_manager import refusing_callers
from brokerkit.spec.broker_order import BrokerOrder, Fill
from brokerkit.spec.capability import Capability
from brokerkit.spec.capital import AccountKind, Capital
from brokerkit.spec.contracts import Contracts
from brokerkit.spec.domains import CONTRACT
from brokerkit.spec.events import CommissionReport, ConnectionChange, ConnectionState, DataGap
from brokerkit.spec.facade import HookCaller
from brokerkit.spec.fx import Fx
from brokerkit.spec.instruments import Instruments
from brokerkit.spec.lifecycle import Session
from brokerkit.spec.middleware import Middleware
from brokerkit.spec.orders import Orders
from brokerkit.spec.positions import Position, Positions
from brokerkit.spec.prices import Prices


@attrs.define(eq=False)
class Machinery:
    """What stands behind a broker's domains; for brokerkit's own use.

    Attributes:
        label: The broker as errors name it, such as `'paper' (ib)`.
        session: What the plugin gave back.
        capabilities: What the broker can do, by hook.
        events: Who is told what happens.
        resources: What is closed with the broker, the last first.
        closed: Whether it was closed, or this is a forked child, which has none of it.
        callers: What is called for each hook: refusals until the broker is open, and after it was closed.
    """

    label: str
    session: Session
    capabilities: Mapping[str, Capability]
    events: EventDispatch
    resources: ExitStack
    closed: bool = False
    callers: dict[str, HookCaller] = attrs.field(init=False)
    _closing: threading.RLock = attrs.field(factory=threading.RLock, init=False)
    _process: int = attrs.field(factory=os.getpid, init=False)

    def __attrs_post_init__(self) -> None:
        """Refuse calls until the broker is open."""
        self.callers = refusing_callers(self.opening_error)
        _machineries.add(self)

    def close(self) -> None:
        """Refuse further calls, then let go of everything; the second time, do nothing."""
        with self._closing:
            if self.closed:
                return
            self.closed = True
        self.callers.update(refusing_callers(self.closed_error))
        self.resources.close()

    def leave_to_parent(self) -> None:
        """In a forked child, refuse calls and hear nothing: threads and connections are and stay the parent's."""
        self._closing = threading.RLock()  # a thread of the parent's may hold the other one
        self.closed = True
        self.callers.update(refusing_callers(self.closed_error))
        self.events.leave_to_parent()

    def closed_error(self) -> BrokerClosed:
        """Return the error for a call after the broker was closed, or in a forked child."""
        if os.getpid() != self._process:
            return BrokerClosed(
                f"Broker {self.label} belongs to process {self._process}, and this is a forked child of it.",
                remedy="Open it again in the child with open_broker(); the parent's goes on.",
            )
        return BrokerClosed(f"Broker {self.label} was closed.", remedy="Open it again with open_broker().")

    def opening_error(self) -> CallRefused:
        """Return the error for a call before the broker is open."""
        return CallRefused(
            f"Broker {self.label} is still being opened.", remedy="A middleware may call it once all have been opened."
        )


_machineries: weakref.WeakSet[Machinery] = weakref.WeakSet()


def _leave_all_to_parent() -> None:
    for machinery in _machineries:
        machinery.leave_to_parent()
    for machinery in _machineries:  # after the others, because a plugin may raise here
        machinery.session.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_all_to_parent)


@attrs.frozen(eq=False, repr=False)
class Broker:
    """An opened broker. Every method may be called from any thread, and from no other process.

    Attributes:
        name: The name that it was opened by.
        plugin: The plugin's name.
        fx: Exchange rates, currency balances and currency orders.
        prices: Bars, quotes and ticks of futures contracts.
        contracts: Contract chains and contract details.
        instruments: What can be traded, and by which codes.
        capital: Accounts and their values.
        orders: Orders for futures contracts.
        positions: Open positions.
        settings: Every value that it was opened with, by key, with its origin; secrets are masked.
        read_only: Whether every hook that writes is refused.
        middleware: The middlewares around its calls, by name, outermost first; for example
            `broker.middleware["risk"].halt("...")`.

    Example:
        >>> from brokerkit import open_broker
        >>> with open_broker("sim") as broker:
        ...     broker.supports("get_fx_prices"), broker.state.value
        (True, 'connected')
        >>> broker.state.value
        'closed'
    """

    name: str
    plugin: str
    fx: Fx
    prices: Prices
    contracts: Contracts
    instruments: Instruments
    capital: Capital
    orders: Orders
    positions: Positions
    settings: Mapping[str, Setting]
    read_only: bool
    middleware: Mapping[str, Middleware]
    _machinery: Machinery = attrs.field(alias="machinery")

    @property
    def state(self) -> ConnectionState:
        """Whether the broker can be reached now; `CLOSED` after `close`."""
        return ConnectionState.CLOSED if self._machinery.closed else self._machinery.session.state()

    @property
    def account_kind(self) -> AccountKind:
        """Whether money is at stake, as the broker itself reports it."""
        return self._machinery.session.account_kind

    @property
    def data(self) -> str:
        """The source of the prices: a folder, a venue, or `synthetic`."""
        return self._machinery.session.data

    @property
    def native(self) -> Any:
        """The plugin's own object, for anything outside the contract; None if it offers none."""
        return self._machinery.session.native

    def supports(self, hook: str) -> bool:
        """Return whether the broker supports a hook, such as `what_if_order`.

        Raises:
            InvalidArgument: No hook has that name.
        """
        if hook not in CONTRACT:
            raise InvalidArgument(f"No hook has the name {hook!r}.", given=hook, candidates=CONTRACT)
        return bool(self._machinery.capabilities[hook])

    def capabilities(self) -> dict[str, Capability]:
        """Return for every hook whether the broker supports it, and if not, why, in the order of the contract."""
        return dict(self._machinery.capabilities)

    def subscribe(
        self,
        *,
        on_order_status: Callable[[BrokerOrder], object] | None = None,
        on_fill: Callable[[Fill], object] | None = None,
        on_commission: Callable[[CommissionReport], object] | None = None,
        on_position: Callable[[Position], object] | None = None,
        on_connection: Callable[[ConnectionChange], object] | None = None,
        on_data_gap: Callable[[DataGap], object] | None = None,
    ) -> Subscription:
        """Call functions when events happen, until the returned subscription is closed.

        They are called in the thread in which the plugin receives the event, one event after another: a
        slow listener delays the next event. An exception in a listener is logged, and the listener stays
        subscribed; so is `sys.exit()`, which ends the program only where the main thread receives the event.

        Args:
            on_order_status: Called when an order's state changed.
            on_fill: Called for each execution.
            on_commission: Called with the commission of an execution.
            on_position: Called when a position changed.
            on_connection: Called when the connection to the broker changed.
            on_data_gap: Called when events or prices may be missing for a period.

        Raises:
            InvalidArgument: No listener is given, or one is async and would never run.
            BrokerClosed: The broker was closed.

        Example:
            >>> from brokerkit import open_broker
            >>> with open_broker("sim") as broker:
            ...     with broker.subscribe(on_fill=print) as subscription:
            ...         subscription.closed
            False
        """
        given = {
            "on_order_status": on_order_status,
            "on_fill": on_fill,
            "on_commission": on_commission,
            "on_position": on_position,
            "on_connection": on_connection,
            "on_data_gap": on_data_gap,
        }
        listeners = {name: listener for name, listener in given.items() if listener is not None}
        if self._machinery.closed:
            raise self._machinery.closed_error()
        return self._machinery.events.subscribe(listeners)

    def close(self) -> None:
        """Release everything that the broker holds. Closing twice does nothing; later calls raise `BrokerClosed`."""
        self._machinery.close()

    def __enter__(self) -> Broker:
        """Return the broker itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the broker."""
        self.close()

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Refuse to be copied, and to be sent to another process."""
        raise TypeError(
            f"Broker {self.name!r} cannot be copied, nor sent to another process. "
            f"Open it there with open_broker({self.name!r})."
        )

    def __repr__(self) -> str:
        """Return name, plugin, account kind and state."""
        read_only = ", read-only" if self.read_only else ""
        return f"<Broker {self.name!r} ({self.plugin}), {self.account_kind.value}, {self.state.value}{read_only}>"
