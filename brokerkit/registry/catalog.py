"""What is installed and configured, for lists and for `doctor`: one broken plugin never hides the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from brokerkit.errors import BrokerkitError
from brokerkit.registry.config_file import Config
from brokerkit.registry.declared import DeclaredSetting, declared_settings
from brokerkit.registry.entry_points import BROKERS, MIDDLEWARE, Installed, installed, rivals
from brokerkit.registry.middlewares import load_middleware
from brokerkit.registry.selection import load_plugin


@attrs.frozen
class CatalogEntry:
    """One installed plugin or middleware, and whether it can be used.

    Attributes:
        name: The name it is asked for by.
        installed: Where it comes from.
        summary: One line about it; empty when it failed to load.
        settings: The keys it declares; empty when it failed to load.
        is_simulation: Whether it never touches a real account.
        problem: Why it cannot be used; None when it can.
        rivals: Other distributions that offer the same name; theirs is not used.
    """

    name: str
    installed: Installed
    summary: str = ""
    settings: tuple[DeclaredSetting, ...] = ()
    is_simulation: bool = False
    problem: BrokerkitError | None = None
    rivals: tuple[Installed, ...] = ()

    @property
    def first_cause(self) -> str:
        """What went wrong first, such as `ModuleNotFoundError: No module named 'acme_sdk'`; empty when nothing did."""
        cause: BaseException | None = self.problem
        while cause is not None and cause.__cause__ is not None:
            cause = cause.__cause__
        if cause is None:
            return ""
        return f"{type(cause).__name__}: {cause.fact if isinstance(cause, BrokerkitError) else cause}"


@attrs.frozen
class NamedBroker:
    """One name that `open_broker` takes.

    Attributes:
        name: The name.
        plugin: The plugin that it stands for.
        place: File and line of its section; empty when it is only a plugin's name.
    """

    name: str
    plugin: str
    place: str = ""


def brokers(config: Config) -> tuple[NamedBroker, ...]:
    """Return every name that `open_broker` takes: the sections in the file's order, then the other plugins."""
    configured = [
        NamedBroker(name, str(section.get("plugin", name)), config.place("brokers", name))
        for name, section in config.brokers.items()
    ]
    return (*configured, *(NamedBroker(name, name) for name in installed(BROKERS) if name not in config.brokers))


def plugins() -> tuple[CatalogEntry, ...]:
    """Return every installed broker plugin, by name, each loaded to see whether it can be."""
    return _entries(BROKERS, _describe_plugin)


def middlewares() -> tuple[CatalogEntry, ...]:
    """Return every installed middleware, by name, each loaded to see whether it can be."""
    return _entries(MIDDLEWARE, _describe_middleware)


def _entries(group: str, describe: Callable[[Installed], CatalogEntry]) -> tuple[CatalogEntry, ...]:
    contested = rivals(group)
    entries = []
    for name, found in installed(group).items():
        try:
            entry = describe(found)
        except BrokerkitError as error:
            entry = CatalogEntry(name, found, problem=error)
        others = tuple(offer for offer in contested.get(name, ()) if offer != found)
        entries.append(attrs.evolve(entry, rivals=others))
    return tuple(entries)


def _describe_plugin(found: Installed) -> CatalogEntry:
    plugin = load_plugin(found)
    return CatalogEntry(
        name=found.name,
        installed=found,
        summary=plugin.summary,
        settings=tuple(declared_settings(plugin.settings, str(found)).values()),
        is_simulation=plugin.is_simulation,
    )


def _describe_middleware(found: Installed) -> CatalogEntry:
    kind: type[Any] = load_middleware(found)
    summary = (kind.__doc__ or "").strip().partition("\n")[0]
    return CatalogEntry(found.name, found, summary, tuple(declared_settings(kind, str(found)).values()))
