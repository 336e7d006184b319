"""The middlewares of one broker, made from its configuration."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeGuard

import attrs

from brokerkit.errors import InvalidPlugin, InvalidSetting, UnknownMiddleware, UnknownSetting
from brokerkit.registry.declared import COMMON_KEYS, declared_settings
from brokerkit.registry.entry_points import MIDDLEWARE, Installed, find, installed, load
from brokerkit.registry.resolution import Resolved, Sources, check_keys, environment_name, resolve
from brokerkit.spec.middleware import Middleware


def load_middleware(found: Installed, used_by: str = "") -> type[Middleware]:
    """Return an installed middleware's class, imported and checked for being one.

    Raises:
        MissingDependency: It needs a package that is not installed.
        PluginImportError: Its code failed to import.
        InvalidPlugin: Its entry point names something else.
    """
    kind = load(found, used_by=used_by, kind="Middleware")
    if not _is_middleware(kind):
        raise InvalidPlugin(
            f"The entry point {found.name!r} names {_called(kind)}, not an attrs class that extends Middleware.",
            place=str(found),
            remedy="Write @attrs.define(eq=False) above `class Name(Middleware)`.",
        )
    return kind


def _called(named: Any) -> str:
    return f"{named.__module__}.{named.__qualname__}" if hasattr(named, "__qualname__") else repr(named)


def _is_middleware(kind: Any) -> TypeGuard[type[Middleware]]:
    return inspect.isclass(kind) and issubclass(kind, Middleware) and attrs.has(kind)


def middlewares_named(names: Sequence[str], sources: Sources) -> dict[str, Installed]:
    """Return the installed middlewares that a broker names, in that order, not imported yet.

    Raises:
        UnknownMiddleware: None of that name is installed.
        InvalidSetting: One is named twice.
    """
    found: dict[str, Installed] = {}
    for name in names:
        offered = find(MIDDLEWARE, name)
        if offered is None:
            others = installed(MIDDLEWARE)
            raise UnknownMiddleware(
                f"{sources.of} uses middleware {name!r}, which is not installed.",
                place=sources.place("middleware"),
                given=name,
                candidates=others,
                remedy=f"Installed: {', '.join(others)}.",
            )
        if name in found:
            raise InvalidSetting(
                f"{sources.of} names middleware {name!r} twice.",
                place=sources.place("middleware"),
                remedy="Name each once, the outermost first.",
            )
        found[name] = offered
    return found


def make_middlewares(names: Sequence[str], sources: Sources) -> dict[str, Resolved[Middleware]]:
    """Return a broker's middlewares in the order they are named, each with its options.

    Args:
        names: What the key `middleware` holds.
        sources: Where the broker's own settings are looked for; options stand in tables of it.

    Raises:
        UnknownMiddleware: None of that name is installed.
        ConfigError: An option is unknown or wrong, or one is named twice.
        PluginError: Something else than a middleware is installed under the name.
    """
    found = middlewares_named(names, sources)
    return {name: _make(each, options_of(name, sources), sources) for name, each in found.items()}


def options_of(name: str, sources: Sources) -> Sources:
    """Return where a middleware's options are looked for.

    Raises:
        InvalidSetting: The options are no table.
    """
    keywords, table = sources.keywords.get(name, {}), sources.table.get(name, {})
    if name in COMMON_KEYS:  # `read_only` is a key of its own, and the middleware of that name has no options
        keywords, table = {}, {}
    for given, place in ((keywords, "keyword argument"), (table, sources.place(name))):
        if not isinstance(given, Mapping):
            raise InvalidSetting(
                f"{sources.of}: {name} is {given!r}; it should be a table of that middleware's options.",
                place=place,
                remedy=f"Write [{'.'.join((*sources.keys, name))}] on a line of its own.",
            )
    return Sources(
        of=f"Middleware {name!r} of {sources.of[0].lower()}{sources.of[1:]}",
        keywords=keywords,
        prefix=f"{sources.prefix}{environment_name(name)}_",
        table=table,
        keys=(*sources.keys, name),
        config=sources.config,
    )


def check_options_are_used(unknown: Collection[str], sources: Sources) -> None:
    """Refuse the options of a middleware that is not in use: limits that do not hold must not look as if they did.

    Args:
        unknown: Keys that neither the plugin nor a middleware in use declares.
        sources: Where they were given.

    Raises:
        UnknownSetting: One of them is the name of an installed middleware.
    """
    for key in sorted(set(unknown) & set(installed(MIDDLEWARE)) if unknown else ()):
        raise UnknownSetting(
            f"{sources.of} has options for middleware {key!r}, which it does not use.",
            place=sources.place(key) if key in sources.table else "keyword argument",
            remedy=f"Add {key!r} to `middleware`, or remove its options.",
        )


def _make(found: Installed, options: Sources, sources: Sources) -> Resolved[Middleware]:
    kind = load_middleware(found, f"{sources.of} uses middleware {found.name!r}, which")
    check_keys(declared_settings(kind, str(found)), options)
    return resolve(kind, options, str(found))
