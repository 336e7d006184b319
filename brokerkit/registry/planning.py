"""What opening a broker would use, found out before anything is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from brokerkit.errors import InvalidPlugin
from brokerkit.registry.declared import COMMON_KEYS, declared_settings
from brokerkit.registry.entry_points import Installed
from brokerkit.registry.middlewares import check_options_are_used, make_middlewares, options_of
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
    _check_environment(selection, [*declared, *common.origins], middlewares)
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


def _check_environment(
    selection: Selection, keys: Sequence[str], middlewares: Mapping[str, Resolved[Middleware]]
) -> None:
    sources = selection.sources
    known = [sources.variable(key) for key in keys]
    for name, made in middlewares.items():
        known.extend(options_of(name, sources).variable(key) for key in made.origins)
    check_variables(selection.name, known, sources.config.brokers)
