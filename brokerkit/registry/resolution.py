"""Which value counts: keyword, then environment, then file, then default; and where each one came from."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, Generic, TypeVar

import attrs

from brokerkit.errors import BrokerkitError, InvalidSetting, UnknownSetting
from brokerkit.registry import references
from brokerkit.registry.config_file import Config
from brokerkit.registry.conversion import NotConvertible, convert, parse
from brokerkit.registry.declared import DeclaredSetting, declared_settings
from brokerkit.registry.setting import Origin, Setting
from brokerkit.spec.secret import MASK, MaskedText, Secret, masker

T = TypeVar("T")


@attrs.frozen
class Sources:
    """Where the values of one settings class are looked for.

    Attributes:
        of: What is being set, as errors name it, such as `Broker 'paper'`.
        keywords: What the caller gave.
        prefix: What its environment variables begin with, such as `BROKERKIT_PAPER_`.
        table: What the file gives.
        keys: Where that table is in the file.
        config: The file.
    """

    of: str
    keywords: Mapping[str, Any]
    prefix: str
    table: Mapping[str, Any]
    keys: tuple[str, ...]
    config: Config

    def variable(self, key: str) -> str:
        """Return the environment variable of a key."""
        return self.prefix + environment_name(key)

    def place(self, key: str) -> str:
        """Return where the file gives a key."""
        return self.config.place(*self.keys, key)


@attrs.frozen(repr=False)
class Resolved(Generic[T]):
    """A settings object, with the origin of each value.

    Attributes:
        settings: The settings object.
        origins: Each value with its origin, by key; secrets are masked.
        secrets: The texts that must not be shown.
    """

    settings: T
    origins: dict[str, Setting]
    secrets: frozenset[str]


@attrs.frozen(repr=False)
class _Found:
    value: Any
    setting: Setting
    secret: str = ""


@functools.lru_cache(maxsize=1024)
def environment_name(name: str) -> str:
    """Return a name as environment variables write it.

    Example:
        >>> environment_name("my-paper.2")
        'MY_PAPER_2'
    """
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def resolve(kind: type[T], sources: Sources, origin: str = "") -> Resolved[T]:
    """Return an object of a settings class, each value from the strongest source that gives it.

    Unknown keys are not looked at: see `check_keys`.

    Args:
        kind: An attrs class.
        sources: Where to look.
        origin: The distribution that the class comes from, as errors name it.

    Raises:
        InvalidSetting: A value is of another type, out of range, or missing.
        SecretUnavailable: A reference leads to nothing.
    """
    declared = declared_settings(kind, origin)
    found = {key: given for key, setting in declared.items() if (given := _find(setting, sources)) is not None}
    _check_complete(declared, found, sources)
    secrets = frozenset(given.secret for given in found.values() if given.secret)
    settings = _make(kind, found, sources, masker(secrets))
    origins = {
        key: found[key].setting if key in found else _default(setting, settings) for key, setting in declared.items()
    }
    return Resolved(settings, origins, secrets)


def check_keys(known: Collection[str], sources: Sources) -> None:
    """Refuse a keyword or a key in the file that nothing declares.

    Raises:
        UnknownSetting: The closest known key is named.
    """
    for given, place in [*((key, "keyword argument") for key in sources.keywords), *_in_table(sources)]:
        if given not in known:
            raise UnknownSetting(
                f"{sources.of} has no setting {given!r}.",
                place=place,
                given=given,
                candidates=known,
                remedy=f"It has: {', '.join(known)}." if known else "It has no settings.",
            )


def _in_table(sources: Sources) -> list[tuple[str, str]]:
    return [(key, sources.place(key)) for key in sources.table]


def _find(declared: DeclaredSetting, sources: Sources) -> _Found | None:
    key, variable = declared.key, sources.variable(declared.key)
    if key in sources.keywords:
        return _given(declared, sources.keywords[key], Origin.KEYWORD, "", sources)
    if variable in os.environ:
        return _given(declared, os.environ[variable], Origin.ENVIRONMENT, f"${variable}", sources)
    if key in sources.table:
        return _given(declared, sources.table[key], Origin.FILE, sources.place(key), sources)
    return None


def _given(declared: DeclaredSetting, raw: Any, origin: Origin, place: str, sources: Sources) -> _Found:
    folder = sources.config.folder if origin is Origin.FILE else None
    referred = references.is_reference(raw, declared.kind)
    is_text = referred or origin is Origin.ENVIRONMENT
    if referred:
        raw = references.resolve(raw, folder, place or f"{sources.of}, {declared.key}")
    try:
        value = (parse if is_text else convert)(raw, declared.kind, folder)
    except NotConvertible as error:
        shown = MASK if referred or declared.is_secret else str(raw) if isinstance(raw, Decimal) else repr(raw)
        raise InvalidSetting(
            f"{sources.of}: {declared.key} is {shown}; it should be {error}.",
            place=place or "keyword argument",
            remedy=_hint(declared, raw),
        ) from None
    if referred and type(value) is str:
        value = MaskedText(value)
    secret = raw if referred else value.reveal() if isinstance(value, Secret) else ""
    return _Found(value, Setting(declared.key, MASK if secret else value, origin, place), secret)


def _hint(declared: DeclaredSetting, raw: Any) -> str:
    """Return what to know about a setting whose value was refused."""
    if isinstance(raw, Mapping) and not references.takes_table(declared.kind):
        return "A reference to a secret is { env = ... }, { file = ... } or { command = ... }."
    if isinstance(raw, str) and any(character < " " for character in raw):
        return "In \"double quotes\" a backslash begins a tab or the like: write a path in 'single quotes'."
    return f"{declared.key}: {declared.help}." if declared.help else ""


def _check_complete(declared: Mapping[str, DeclaredSetting], found: Mapping[str, _Found], sources: Sources) -> None:
    missing = [setting for key, setting in declared.items() if setting.is_required and key not in found]
    if missing:
        raise InvalidSetting(
            f"{sources.of} lacks {', '.join(f'{each.key} ({each.takes})' for each in missing)}.",
            place=sources.config.place(*sources.keys),
            remedy=f"Set it in [{'.'.join(sources.keys)}], or set ${sources.variable(missing[0].key)}.",
        )


def _make(kind: type[T], found: Mapping[str, _Found], sources: Sources, mask: Callable[[str], str]) -> T:
    try:
        return kind(**{key: given.value for key, given in found.items()})
    except (ValueError, TypeError, BrokerkitError) as error:
        raise _refused(error, found, sources, mask) from None


def _refused(
    error: Exception, found: Mapping[str, _Found], sources: Sources, mask: Callable[[str], str]
) -> InvalidSetting:
    """Return the error for what a settings class itself refuses, placed at the first given value that it names."""
    typed = error if isinstance(error, BrokerkitError) else None
    reason = str(typed.fact if typed else error.args[0] if error.args else error)
    named = next((given.setting for key, given in found.items() if re.search(rf"\b{key}\b", reason)), None)
    return InvalidSetting(
        f"{sources.of}: {mask(reason)}",
        place=(named.place or "keyword argument") if named else sources.config.place(*sources.keys),
        given=mask(typed.given) if typed else "",
        candidates=typed.candidates if typed else (),
        remedy=(typed.remedy if typed else "") or "Correct the value.",
    )


def _default(declared: DeclaredSetting, settings: Any) -> Setting:
    value = getattr(settings, declared.attribute)
    return Setting(declared.key, MASK if isinstance(value, Secret) else value, Origin.DEFAULT)
