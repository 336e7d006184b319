"""Opening a broker by name: configuration, plugin, manager, middlewares, and the broker in front of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import platformdirs

from brokerkit.broker import Broker, Machinery
from brokerkit.errors import BrokerkitError, InvalidPlugin, PluginError
from brokerkit.middleware.read_only import ReadOnly
from brokerkit.registry.dispatch import EventDispatch
from brokerkit.registry.entry_points import extra_that_brings, last_line_of, missing_dependency
from brokerkit.registry.lazy_store import LazyStore
from brokerkit.registry.planning import Plan, plan_broker
from brokerkit.registry.secret_guard import SecretGuard, hide_secrets
from brokerkit.registry.selection import Selection
from brokerkit.registry.strict_manager import StrictPluginManager
from brokerkit.registry.tracing import trace_when_asked
from brokerkit.registry.wrapping import wrap
from brokerkit.spec.capital import AccountKind
from brokerkit.spec.domains import DOMAINS
from brokerkit.spec.facade import facade
from brokerkit.spec.lifecycle import BrokerPlugin, Services, Session
from brokerkit.spec.middleware import Middleware, Surroundings
from brokerkit.spec.secret import masker


def open_broker(name: str, /, **overrides: Any) -> Broker:
    """Open the broker of this name in the configuration, or else the plugin of this name with its defaults.

    Each setting is taken from the first of these that gives it: a keyword argument, the environment
    variable `BROKERKIT_<NAME>_<KEY>`, the configuration file, the plugin's default.

    Args:
        name: A section's name, such as `paper` for `[brokers.paper]`; or a plugin's name, such as `sim`.
        overrides: Settings of the broker; give a middleware's options as a dict.

    Raises:
        ConfigError: The set-up is wrong, for example an unknown name or key; nothing was opened.
        PluginError: The plugin breaks the contract.
        ConnectionProblem: The broker cannot be reached.

    Example:
        >>> with open_broker("sim") as broker:
        ...     broker.account_kind.value
        'simulated'
    """
    return assemble(plan_broker(name, overrides))


def assemble(plan: Plan) -> Broker:
    """Return the broker that a plan describes, opened. When it fails, nothing stays open."""
    name, found = plan.selection.name, plan.selection.plugin
    manager = StrictPluginManager()
    events = EventDispatch(manager, name)
    with ExitStack() as resources:
        store = LazyStore(name, plan.selection.store_path)
        resources.callback(store.close)
        wrapped = resources.enter_context(ExitStack())
        resources.callback(events.silence)
        folder = _state_folder(plan.selection)
        services = Services(name, events.emit, events.has_listener, events.watch, store, folder)
        session = _open_session(plan, services)
        resources.callback(session.close)
        events.hear_out_with(session.hear_out)
        manager.register_domains(session.domains, session.others, plan.plugin.contract, str(found))
        machinery = Machinery(
            label=plan.selection.label,
            session=session,
            capabilities=manager.capabilities,
            events=events,
            resources=ExitStack(),
        )
        middlewares = _guarded(plan, session)
        broker = _broker(plan, machinery, read_only=any(isinstance(each, ReadOnly) for each in middlewares))
        _wrap(plan, manager, broker, middlewares, wrapped)
        events.refresh()
        trace_when_asked(manager, name, masker(plan.secrets))
        machinery.callers.update(manager.callers(plan.selection.label))
        machinery.resources = resources.pop_all()
    return broker


def _broker(plan: Plan, machinery: Machinery, *, read_only: bool) -> Broker:
    domains = {
        attribute: facade(domain, machinery.callers, read_only=read_only) for attribute, domain in DOMAINS.items()
    }
    return Broker(
        name=plan.selection.name,
        plugin=plan.selection.plugin.name,
        settings=plan.origins,
        read_only=read_only,
        middleware=plan.middlewares,
        machinery=machinery,
        **domains,
    )


def _guarded(plan: Plan, session: Session) -> list[Middleware]:
    """Return the middlewares, with the read-only guard among them unless the broker may be written to.

    The guard stands outside all others, but for those in front that only look on.
    """
    middlewares = list(plan.middlewares.values())
    wanted = plan.selection.common.settings.read_only
    needed = not _is_simulation(plan.plugin, session) if wanted is None else wanted
    if needed and not any(isinstance(each, ReadOnly) for each in middlewares):
        leading = 0
        while leading < len(middlewares) and middlewares[leading].only_looks_on:
            leading += 1
        middlewares.insert(leading, ReadOnly())
    return middlewares


def _is_simulation(plugin: BrokerPlugin, session: Session) -> bool:
    """Return whether no money can be at stake: both the plugin and the opened broker must say so."""
    return plugin.is_simulation and session.account_kind is AccountKind.SIMULATED


def _wrap(
    plan: Plan, manager: StrictPluginManager, broker: Broker, middlewares: Sequence[Middleware], opened: ExitStack
) -> None:
    surroundings = Surroundings(
        broker_name=broker.name,
        broker=broker,
        account_kind=broker.account_kind,
        state_folder=_state_folder(plan.selection),
        mask=masker(plan.secrets),
    )
    for middleware in middlewares:
        opened.callback(middleware.close)
        middleware.opened(surroundings)
        manager.register_listener(middleware, type(middleware).__module__)
    guards = [SecretGuard(surroundings.mask)] if plan.secrets else []
    wrap(manager, [*middlewares, *guards])


def _state_folder(selection: Selection) -> Path:
    """Return the broker's folder: beside its store, where the configuration gives that a place."""
    store = selection.store_path
    return (store.parent if store else platformdirs.user_state_path("brokerkit")) / selection.name


def _open_session(plan: Plan, services: Services) -> Session:
    found = plan.selection.plugin
    try:
        session = plan.plugin.open(plan.settings, services)
    except Exception as error:
        hide_secrets(error, masker(plan.secrets))
        if isinstance(error, BrokerkitError):
            raise
        raise _failed_to_open(plan, error) from error
    if not isinstance(session, Session):
        raise InvalidPlugin(
            f"Plugin {found.name!r} opened and returned something of type {type(session).__name__}.",
            place=str(found),
            remedy="BrokerPlugin.open returns a Session.",
        )
    return session


def _failed_to_open(plan: Plan, error: Exception) -> BrokerkitError:
    selection = plan.selection
    if isinstance(error, ImportError):
        extra = extra_that_brings(error.name or "", selection.plugin.requirements)
        if extra:
            return missing_dependency(selection.plugin, error.name or "", extra, selection.used_by)
    reason = masker(plan.secrets)(f"{type(error).__name__}: {error}")
    return PluginError(
        f"Plugin {selection.plugin.name!r} failed to open broker {selection.name!r}: {reason}",
        place=f"{last_line_of(error)}; {selection.plugin}",
        remedy="This is a fault of the plugin, which should raise a typed error.",
    )
