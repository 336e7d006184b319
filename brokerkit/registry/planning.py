"""What opening a broker would use, found out before anything is opened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from brokerkit.errors import ConfigError, InvalidPlugin, PluginError
from brokerkit.registry.declared import COMMON_KEYS, declared_settings
from brokerkit.registry.entry_points import Installed
from brokerkit.registry.middlewares import (
    check_options_are_used,
    load_middleware,
    make_middlewares,
    middlewares_named,
    options_of,
)
from brokerkit.registry.resolution import Resolved, check_keys, resolve
from brokerkit.registry.selection import Selection, load_plugin, select
from brokerkit.registry.setting import Setting
from brokerkit.registry.variables import check_variables
from brokerkit.spec.lifecycle import BrokerPlugin
from brokerkit.spec.middleware import Middleware


@attrs.frozen(repr=False)
class Plan:
    """All that is known before a plugin is opened: nothing has been changed, nothing can fail for a typing error now.

    Attributes:
        selection: The name, looked up.
        plugin: The plugin.
        settings: Its settings.
        middlewares: The middlewares by name, the outermost first.
        origins: Every value with its origin, by key; a middleware's options as `risk.max_order`.
        secrets: The texts that must not be shown.
    """

    selection: Selection
    plugin: BrokerPlugin
    settings: Any
    middlewares: dict[str, Middleware]
    origins: dict[str, Setting]
    secrets: frozenset[str]


def plan_broker(name: str, overrides: Mapping[str, Any]) -> Plan:
    """Return what opening a broker would use, without opening it. Errors are those of `open_broker`."""
    selection = select(name, overrides)
    return _plan(selection, load_plugin(selection.plugin, selection.used_by))


def _plan(selection: Selection, plugin: BrokerPlugin) -> Plan:
    sources, common, origin = selection.sources, selection.common, str(selection.plugin)
    declared = declared_settings(plugin.settings, origin)
    _check_reserved(declared, selection.plugin)
    names = common.settings.middleware
    middlewares = make_middlewares(names, sources)
    known = [*declared, *common.origins, *(name for name in names if name not in COMMON_KEYS)]
    check_options_are_used({*sources.keywords, *sources.table} - set(known), sources)
    check_keys(known, sources)
    resolved: Resolved[Any] = resolve(plugin.settings, sources, origin)
    check_variables(selection.name, _variables_of(selection, plugin), sources.config.brokers, _variables_of_broker)
    parts: dict[str, Resolved[Any]] = {"": common, **{f"{name}.": made for name, made in middlewares.items()}}
    origins = {prefix + key: value for prefix, part in parts.items() for key, value in part.origins.items()}
    secrets = frozenset().union(resolved.secrets, *(part.secrets for part in parts.values()))
    return Plan(
        selection=selection,
        plugin=plugin,
        settings=resolved.settings,
        middlewares={name: made.settings for name, made in middlewares.items()},
        origins=resolved.origins | origins,
        secrets=secrets,
    )


def _check_reserved(declared: Mapping[str, Any], found: Installed) -> None:
    taken = sorted(COMMON_KEYS & set(declared))
    if taken:
        raise InvalidPlugin(
            f"The settings of plugin {found.name!r} declare {', '.join(taken)}, which every broker has.",
            place=str(found),
            remedy="Give the field another name.",
        )


def _variables_of(selection: Selection, plugin: BrokerPlugin) -> list[str]:
    """Return the environment variables that can hold a broker's settings, and the options of its middlewares."""
    sources, common = selection.sources, selection.common
    variables = [sources.variable(key) for key in (*declared_settings(plugin.settings), *common.origins)]
    for name, found in middlewares_named(common.settings.middleware, sources).items():
        options = options_of(name, sources)
        variables += [options.variable(key) for key in declared_settings(load_middleware(found))]
    return variables


def _variables_of_broker(name: str) -> list[str]:
    """Return the variables of another configured broker; none while its own section is wrong: it cannot be opened."""
    try:
        selection = select(name, {})
        return _variables_of(selection, load_plugin(selection.plugin, selection.used_by))
    except (ConfigError, PluginError):
        return []
