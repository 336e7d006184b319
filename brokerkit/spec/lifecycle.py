"""How a plugin is opened: what it declares, what it is given, and what it returns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit.spec.capital import AccountKind
from brokerkit.spec.events import ConnectionState, Event
from brokerkit.spec.hooks import FIRST_CONTRACT, Unsupported

if TYPE_CHECKING:
    from brokerkit.spec.services import Store


def _no_close() -> None:
    """Close nothing: the plugin holds no resource."""


def _nothing_to_tell() -> None:
    """Return at once: whatever happens is told as it happens."""


def _nothing_to_let_go() -> None:
    """Return at once: the plugin holds no socket."""


def _always_connected() -> ConnectionState:
    return ConnectionState.CONNECTED


@attrs.frozen(eq=False)
class Services:
    """What brokerkit gives a plugin for one opened broker.

    Attributes:
        broker_name: The name that the strategy opened it by.
        emit: Deliver an event to every listener. Safe from any thread; it returns when all have received it.
        has_listener: Whether an event of that type has any listener; if not, it need not be built.
        watch_listeners: Register a function that is called whenever listeners are added or removed, so
            that `has_listener` need be asked only then. It is called before `subscribe` or `close` returns.
        store: Returns the durable store, opened on the first call.
        state_folder: Where this broker may keep files; create it before writing the first one.
    """

    broker_name: str
    emit: Callable[[Event], None]
    has_listener: Callable[[type[Event]], bool]
    watch_listeners: Callable[[Callable[[], None]], None]
    store: Callable[[], Store]
    state_folder: Path


@attrs.frozen(eq=False)
class Session:
    """What a plugin returns when it is opened.

    Attributes:
        domains: Objects that implement domain Protocols; one object may implement several.
        others: Declines every domain that no object implements; None if every domain is implemented.
        account_kind: Whether money is at stake, as the broker itself reports it.
        native: The plugin's own object, for anything outside the contract.
        close: Releases everything; called once.
        state: Returns whether the broker can be reached now.
        hear_out: Returns once everything that has happened was delivered; called before a listener is removed.
        data: The source of the prices: a folder, a venue, or `synthetic`.
        forked: Called in a forked child, where every call is refused from then on and `close` is never called. It
            closes the child's copy of a socket, which would keep the connection open after the end of the parent,
            and has whoever waits there for an order told so. It must not wait for a lock, nor use a thread or the
            connection: they are the parent's.
    """

    domains: tuple[object, ...]
    others: Unsupported | None = None
    account_kind: AccountKind = AccountKind.LIVE
    native: object = None
    close: Callable[[], None] = _no_close
    state: Callable[[], ConnectionState] = _always_connected
    hear_out: Callable[[], None] = _nothing_to_tell
    data: str = ""
    forked: Callable[[], None] = _nothing_to_let_go


@attrs.frozen
class NoSettings:
    """The settings of a plugin that has none."""


@attrs.frozen(eq=False)
class BrokerPlugin:
    """What an entry point in the group `brokerkit.brokers` names.

    Attributes:
        open: Opens the broker; it is given an instance of `settings` and the services.
        settings: A frozen attrs class: its fields are the keys of the broker's config section.
            Values are checked against their types; their metadata `help` is shown in lists.
        summary: One line for lists.
        is_simulation: Whether it never touches a real account. Otherwise every write is refused
            until the config says `read_only = false`.
        contract: The contract version that the plugin was written for. Hooks added later count as
            declined, so that an old plugin runs on a newer brokerkit.

    Example:
        >>> plugin = BrokerPlugin(open=lambda settings, services: Session(domains=()), summary="Nothing at all")
        >>> plugin.is_simulation
        False
    """

    open: Callable[[Any, Services], Session]
    settings: type[Any] = NoSettings
    summary: str = ""
    is_simulation: bool = False
    contract: str = FIRST_CONTRACT
