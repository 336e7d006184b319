"""What a settings class declares: its keys, their types, defaults and meaning."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import attrs

from brokerkit.errors import InvalidPlugin
from brokerkit.registry.conversion import wanted
from brokerkit.spec.secret import Secret

_FACTORY: type = type(attrs.Factory(list))


@attrs.frozen
class DeclaredSetting:
    """One key that a settings class declares.

    Attributes:
        key: How it is written in a configuration.
        attribute: What the settings object calls it.
        kind: Its type.
        is_required: Whether it has no default.
        default: Its default; None when it is required, or when a factory makes it.
        help: What it means, in words.
    """

    key: str
    attribute: str
    kind: Any
    is_required: bool
    default: Any = None
    help: str = ""

    @property
    def is_secret(self) -> bool:
        """Whether its value must not be shown."""
        return self.kind is Secret or Secret in get_args(self.kind)

    @property
    def takes(self) -> str:
        """What it takes, in words, such as `a whole number`."""
        return wanted(self.kind)


@attrs.frozen
class CommonSettings:
    """The keys that every broker's section may have, besides its plugin's own.

    Attributes:
        plugin: The plugin's name; the section's own name when it is not given.
        read_only: Whether hooks that write are refused; without it, they are unless the broker is a simulation.
        middleware: What runs around every call, the outermost first.
        store_path: The SQLite file of this broker; `[store] path`, or the user's state folder without it.
    """

    plugin: str = attrs.field(default="", metadata={"help": "the installed plugin that this broker uses"})
    read_only: bool | None = attrs.field(
        default=None, metadata={"help": "refuse every order, change and cancel; unless set, all but simulations do"}
    )
    middleware: tuple[str, ...] = attrs.field(default=(), metadata={"help": "middlewares, outermost first"})
    store_path: Path | None = attrs.field(default=None, metadata={"help": "the SQLite file of this broker"})


COMMON_KEYS: frozenset[str] = frozenset(field.name for field in attrs.fields(CommonSettings))
"""The keys that no plugin may declare, because every broker has them."""


def declared_settings(settings: type[Any], origin: str = "") -> dict[str, DeclaredSetting]:
    """Return what an attrs class declares, by key, in the order it is written.

    Raises:
        InvalidPlugin: A field's type cannot be found out.
    """
    known = _known.get(settings)
    if known is None:
        if len(_known) >= _MOST:  # classes made at run time must not fill the memory
            _known.clear()
        known = _known[settings] = _read(settings, origin)
    return dict(known)


_MOST = 256
_known: dict[type[Any], dict[str, DeclaredSetting]] = {}


def _read(settings: type[Any], origin: str) -> dict[str, DeclaredSetting]:
    fields = [field for field in attrs.fields(settings) if field.init]
    try:
        kinds = _types_of(settings, {field.name for field in fields})
    except Exception as error:
        raise InvalidPlugin(
            f"The types of {settings.__qualname__} cannot be read: {error}.",
            place=origin,
            remedy="Import what its annotations name at run time, not under TYPE_CHECKING.",
        ) from error
    return {field.alias or field.name: _declared(field, kinds.get(field.name, Any)) for field in fields}


def _types_of(settings: type[Any], names: set[str]) -> dict[str, Any]:
    """Return the types of some fields of a class; what its other annotations say does not matter."""
    kinds: dict[str, Any] = {}
    for owner in reversed(settings.__mro__):
        annotations = {name: kind for name, kind in _own_annotations(owner).items() if name in names}
        only = type(owner.__name__, (), {"__annotations__": annotations, "__module__": owner.__module__})
        kinds.update(get_type_hints(only))
    return kinds


def _own_annotations(owner: type[Any]) -> dict[str, Any]:
    """Return the annotations in a class's own body; what cannot be resolved stays a reference or a text."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.get_annotations(owner, format=Format.FORWARDREF)
    return inspect.get_annotations(owner)


def _declared(field: attrs.Attribute[Any], kind: Any) -> DeclaredSetting:
    has_factory = isinstance(field.default, _FACTORY)
    return DeclaredSetting(
        key=field.alias or field.name,
        attribute=field.name,
        kind=kind,
        is_required=field.default is attrs.NOTHING,
        default=None if field.default is attrs.NOTHING or has_factory else field.default,
        help=str(field.metadata.get("help", "")),
    )
