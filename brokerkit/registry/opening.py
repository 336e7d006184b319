"""Opening a broker by name: configuration, plugin, manager, middlewares, and the broker in front of them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import attrs
import platformdirs

from brokerkit.broker import Broker, Machinery
from brokerkit.errors import (
    BrokerkitError,
    InvalidPlugin,
    PluginError,
    UnknownBroker,
    UnknownSetting,
)
from brokerkit.middleware.read_only import ReadOnly
from brokerkit.registry.dispatch import EventDispatch
from brokerkit.registry.entry_points import BROKERS, Installed, extra_that_brings, installed, load, missing_dependency
from brokerkit.registry.lazy_store import LazyStore
from brokerkit.registry.setting import Setting
from brokerkit.registry.strict_manager import StrictPluginManager
from brokerkit.registry.wrapping import wrap
from brokerkit.spec.capital import AccountKind
from brokerkit.spec.domains import DOMAINS
from brokerkit.spec.facade import facade
from brokerkit.spec.lifecycle import BrokerPlugin, Services, Session
from brokerkit.spec.middleware import Middleware, Surroundings


def open_broker(name: str, /, **overrides: Any) -> Broker:
    """Return the broker that has this name in the configuration, opened; or an installed plugin's, with defaults.

    Args:
        name: A section's name, such as `paper` for `[brokers.paper]`; or a plugin's name, such as `sim`.
        overrides: Settings of the broker, stronger than the environment and the file.

    Raises:
        ConfigError: The set-up is wrong: an unknown name, key or value; nothing was opened.
        PluginError: The plugin breaks the contract.
        ConnectionProblem: The broker cannot be reached.

    Example:
        >>> with open_broker("sim") as broker:
        ...     broker.account_kind.value
        'simulated'
    """
    plugins = installed(BROKERS)
    if name not in plugins:
        raise UnknownBroker(f"No broker named {name!r}.", given=name, candidates=plugins)
    found = plugins[name]
    plugin = load_plugin(found, used_by=f"Broker {name!r} uses plugin {found.name!r}, which")
    read_only = overrides.pop("read_only", None)
    for key in overrides:
        if key not in [field.name for field in attrs.fields(plugin.settings)]:
            raise UnknownSetting(f"Plugin {name!r} has no setting {key!r}.", given=key)
    settings = plugin.settings(**overrides)
    return _assemble(name, found, plugin, settings, {}, read_only)


def load_plugin(found: Installed, used_by: str = "") -> BrokerPlugin:
    """Return an installed plugin, imported and checked for being one.

    Raises:
        MissingDependency: It needs a package that is not installed.
        PluginImportError: Its code failed to import.
        InvalidPlugin: Its entry point names something else.
    """
    plugin = load(found, used_by=used_by)
    if not isinstance(plugin, BrokerPlugin):
        raise InvalidPlugin(
            f"The entry point {found.name!r} names a {type(plugin).__name__}, which is not a BrokerPlugin.",
            place=str(found),
            remedy="Point it to `plugin = BrokerPlugin(open=..., settings=...)`.",
        )
    if not attrs.has(plugin.settings):
        raise InvalidPlugin(
            f"The settings of plugin {found.name!r} are not an attrs class: {plugin.settings!r}.",
            place=str(found),
            remedy="Write @attrs.frozen above the class; its fields are the keys of the broker's section.",
        )
    return plugin


def _assemble(
    name: str,
    found: Installed,
    plugin: BrokerPlugin,
    settings: Any,
    origins: dict[str, Setting],
    read_only: bool | None,
) -> Broker:
    manager = StrictPluginManager()
    events = EventDispatch(manager, name)
    with ExitStack() as resources:
        store = LazyStore(name)
        resources.callback(store.close)
        resources.callback(events.silence)
        services = Services(
            broker_name=name,
            emit=events.emit,
            has_listener=events.has_listener,
            store=store,
            state_folder=platformdirs.user_state_path("brokerkit") / name,
        )
        session = _open_session(name, found, plugin, settings, services)
        resources.callback(session.close)
        manager.register_domains(session.domains, session.others, plugin.contract, str(found))
        label = f"{name!r} ({found.name})"
        callers = manager.callers(label)
        is_read_only = not _is_simulation(plugin, session) if read_only is None else read_only
        machinery = Machinery(label, session, callers, manager.capabilities, events, resources)
        domains = {attribute: facade(domain, callers) for attribute, domain in DOMAINS.items()}
        broker = Broker(
            name=name, plugin=found.name, settings=origins, read_only=is_read_only, machinery=machinery, **domains
        )
        middlewares: list[Middleware] = [ReadOnly()] if is_read_only else []
        surroundings = Surroundings(name, broker, session.account_kind, services.state_folder, str)
        for middleware in middlewares:
            middleware.opened(surroundings)
        wrap(manager, middlewares)
        events.refresh()
        machinery.resources = resources.pop_all()
    return broker


def _open_session(name: str, found: Installed, plugin: BrokerPlugin, settings: Any, services: Services) -> Session:
    try:
        session = plugin.open(settings, services)
    except BrokerkitError:
        raise
    except ImportError as error:
        extra = extra_that_brings(error.name or "", found.requirements)
        if not extra:
            raise _failed_to_open(name, found, error) from error
        user = f"Broker {name!r} uses plugin {found.name!r}, which"
        raise missing_dependency(found, error.name or "", extra, user) from error
    except Exception as error:
        raise _failed_to_open(name, found, error) from error
    if not isinstance(session, Session):
        raise InvalidPlugin(
            f"Plugin {found.name!r} opened and gave back a {type(session).__name__}.",
            place=str(found),
            remedy="BrokerPlugin.open returns a Session.",
        )
    return session


def _failed_to_open(name: str, found: Installed, error: Exception) -> PluginError:
    return PluginError(
        f"Plugin {found.name!r} failed to open broker {name!r}: {type(error).__name__}: {error}",
        place=str(found),
        remedy="This is a fault of the plugin: it should raise a typed error.",
    )


def _is_simulation(plugin: BrokerPlugin, session: Session) -> bool:
    """Return whether no money can be at stake: both the plugin and the opened broker must say so."""
    return plugin.is_simulation and session.account_kind is AccountKind.SIMULATED
