"""Which section and which plugin a broker's name stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from brokerkit.errors import InvalidPlugin, InvalidSetting, UnknownBroker, UnknownPlugin
from brokerkit.registry.config_file import FILE_NAME, Config, places, read_config
from brokerkit.registry.declared import CommonSettings
from brokerkit.registry.entry_points import BROKERS, Installed, find, installed, load
from brokerkit.registry.resolution import Resolved, Sources, check_keys, resolve
from brokerkit.registry.variables import prefix_of
from brokerkit.spec.lifecycle import BrokerPlugin


@attrs.frozen
class StoreSettings:
    """The table `[store]`.

    Attributes:
        path: The SQLite file; None for the one in the user's state folder.
    """

    path: Path | None = None


@attrs.frozen
class Selection:
    """A broker's name, looked up: its section, its plugin, and the keys that every broker has.

    Attributes:
        name: The broker's name.
        plugin: The plugin it uses, not imported yet.
        common: The keys that every broker has.
        sources: Where its settings are looked for.
        store_path: The SQLite file to use; None for the user's.
    """

    name: str
    plugin: Installed
    common: Resolved[CommonSettings]
    sources: Sources
    store_path: Path | None

    @property
    def label(self) -> str:
        """The broker as errors name it, such as `'paper' (ib)`."""
        return f"{self.name!r} ({self.plugin.name})"

    @property
    def used_by(self) -> str:
        """How an error about its plugin begins."""
        return f"Broker {self.name!r} uses plugin {self.plugin.name!r}, which"


def select(name: str, overrides: Mapping[str, Any]) -> Selection:
    """Return what a broker's name stands for.

    Raises:
        UnknownBroker: Neither a section nor an installed plugin has the name.
        UnknownPlugin: Its section names a plugin that is not installed.
        ConfigError: The file, or a key that every broker has, is wrong.
    """
    config = read_config()
    section = config.brokers.get(name)
    if section is None and "plugin" not in overrides and find(BROKERS, name) is None:
        raise _unknown(name, config, installed(BROKERS))
    sources = Sources(f"Broker {name!r}", overrides, prefix_of(name), section or {}, ("brokers", name), config)
    _check_name(name, sources)
    common = resolve(CommonSettings, sources)
    wanted = common.settings.plugin or name
    found = find(BROKERS, wanted)
    if found is None:
        plugins = installed(BROKERS)
        raise UnknownPlugin(
            f"Broker {name!r} uses plugin {wanted!r}, which is not installed.",
            place=sources.place("plugin"),
            given=wanted,
            candidates=plugins,
            remedy=f"Installed: {', '.join(plugins)}. Name one with `plugin = ...`, or install what offers {wanted!r}.",
        )
    store = common.settings.store_path or _shared_store(config)
    # The store is opened when it is first needed, and by then the program may be in another folder.
    return Selection(name, found, common, sources, store and store.absolute())


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
            f"The entry point {found.name!r} names something of type {type(plugin).__name__}, not a BrokerPlugin.",
            place=str(found),
            remedy="Point it to `plugin = BrokerPlugin(open=..., settings=...)`.",
        )
    if not re.fullmatch(r"\d+(\.\d+)*", plugin.contract):
        raise InvalidPlugin(
            f"Plugin {found.name!r} says that it was written for contract {plugin.contract!r}.",
            place=str(found),
            remedy="Give a version of brokerkit, such as contract='0.1'.",
        )
    if not attrs.has(plugin.settings):
        raise InvalidPlugin(
            f"The settings of plugin {found.name!r} are not an attrs class: {plugin.settings!r}.",
            place=str(found),
            remedy="Write @attrs.frozen above the class; its fields are the keys of the broker's section.",
        )
    return plugin


def _shared_store(config: Config) -> Path | None:
    sources = Sources("The store", {}, "BROKERKIT_STORE_", config.store, ("store",), config)
    check_keys([field.name for field in attrs.fields(StoreSettings)], sources)
    return resolve(StoreSettings, sources).settings.path


def _check_name(name: str, sources: Sources) -> None:
    if not name or not all(letter.isalnum() or letter in "-_." for letter in name) or name.startswith("."):
        raise InvalidSetting(
            f"{name!r} cannot be a broker's name.",
            place=sources.config.place(*sources.keys),
            remedy="Use letters, digits, hyphens, underscores and dots.",
        )


def _unknown(name: str, config: Config, plugins: Mapping[str, Installed]) -> UnknownBroker:
    if config.path:
        looked, start = f" in {config.path}", ""
    else:
        looked = f", and no {FILE_NAME} in this folder or in {places()[-1].parent}"
        start = " 'brokerkit init' writes a file to start from."
    known = ", ".join(plugins) or "none, brokerkit itself neither: run 'pip install -e .' in its folder"
    return UnknownBroker(
        f"No broker named {name!r}{looked}.",
        given=name,
        candidates=[*config.brokers, *plugins],
        remedy=f"Configured: {', '.join(sorted(config.brokers)) or 'none'}. Installed: {known}.{start}",
    )
