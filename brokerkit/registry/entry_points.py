"""Installed plugins, by name. Nothing is imported until it is asked for by its name."""

from __future__ import annotations

import functools
import importlib
import operator
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from brokerkit import __version__
from brokerkit.errors import ConfigError, MissingDependency, PluginImportError
from brokerkit.registry.own_entry_points import DISTRIBUTION, own_entry_points

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

BROKERS = "brokerkit.brokers"
"""The entry-point group of broker plugins."""

MIDDLEWARE = "brokerkit.middleware"
"""The entry-point group of middlewares."""


@attrs.frozen
class Installed:
    """A plugin that a distribution offers under a name; it need not be importable.

    Attributes:
        name: The name it is asked for by.
        target: What its entry point names, as `module:attribute`.
        entry_point: The entry point itself; None for one of brokerkit's own.
    """

    name: str
    target: str
    entry_point: EntryPoint | None = attrs.field(default=None, repr=False)

    @property
    def distribution(self) -> str:
        """The distribution's name; empty when it does not say."""
        return self._name_and_version[0]

    @property
    def version(self) -> str:
        """The distribution's version; empty when it does not say."""
        return self._name_and_version[1]

    @property
    def _name_and_version(self) -> tuple[str, str]:
        if self.entry_point is None:
            return DISTRIBUTION, __version__
        return _name_and_version(self.entry_point.dist) if self.entry_point.dist else ("", "")

    def __str__(self) -> str:
        """Return where it comes from, as errors name it."""
        package = f"{self.distribution} {self.version}".strip()
        return f"{package}, {self.target}" if package else self.target

    @property
    def requirements(self) -> tuple[str, ...]:
        """What its distribution needs, optional things included, as its metadata says it."""
        if self.entry_point is None:
            return tuple(_metadata().requires(DISTRIBUTION) or ())
        return tuple((self.entry_point.dist and self.entry_point.dist.requires) or ())

    def load(self) -> Any:
        """Import its module and return what it names there."""
        if self.entry_point is not None:
            return self.entry_point.load()
        module, _, attribute = self.target.partition(":")
        return operator.attrgetter(attribute)(importlib.import_module(module))


def find(group: str, name: str) -> Installed | None:
    """Return what is installed under a name in an entry-point group; None when nothing is.

    For one of brokerkit's own names, which no other distribution can take over, no other is looked at.
    """
    target = own_entry_points().get(group, {}).get(name)
    return Installed(name, target) if target is not None else installed(group).get(name)


def installed(group: str) -> dict[str, Installed]:
    """Return what the installed distributions offer in an entry-point group, by name, in alphabetical order.

    The brokerkit distribution's own names cannot be taken over by another one.
    """
    return dict(_installed_at(group, _places()))


@functools.lru_cache(maxsize=8)
def _installed_at(group: str, places: tuple[tuple[str, int], ...]) -> dict[str, Installed]:
    """Read what every distribution offers, which costs as much as all else that opening a broker takes."""
    found: dict[str, Installed] = {}
    for entry_point in sorted(_metadata().entry_points(group=group), key=lambda each: each.name):
        if entry_point.name not in found or _is_ours(entry_point):
            found[entry_point.name] = _installed(entry_point)
    return found


def _metadata() -> Any:
    """Return the module that reads metadata, which takes long to import and is mostly not needed."""
    return importlib.import_module("importlib.metadata")


def _places() -> tuple[tuple[str, int], ...]:
    """Return the folders that distributions are found in, each with when something was put there or taken away."""
    return tuple((place, _changed(place)) for place in sys.path)


def _changed(place: str) -> int:
    try:
        return Path(place or ".").stat().st_mtime_ns
    except OSError:
        return 0


@functools.lru_cache(maxsize=256)
def _name_and_version(distribution: Distribution) -> tuple[str, str]:
    return distribution.name, distribution.version


def rivals(group: str) -> dict[str, tuple[Installed, ...]]:
    """Return the names that more than one distribution offers, each with all who offer it."""
    offers: dict[str, list[Installed]] = {}
    for entry_point in _metadata().entry_points(group=group):
        offers.setdefault(entry_point.name, []).append(_installed(entry_point))
    return {
        name: tuple(offered)
        for name, offered in sorted(offers.items())
        if len({(offer.distribution, offer.target) for offer in offered}) > 1
    }


def load(plugin: Installed, *, used_by: str = "", kind: str = "Plugin") -> Any:
    """Import a plugin and return what its entry point names.

    Args:
        plugin: What to import.
        used_by: Who asks for it, in words that begin the error's message.
        kind: What it is, as errors call it.

    Raises:
        MissingDependency: It needs a package that one of its distribution's extras would install.
        PluginImportError: Its code failed to import, in whatever way.
    """
    try:
        return plugin.load()
    except ConfigError:
        raise
    except ImportError as error:
        extra = extra_that_brings(error.name or "", plugin.requirements)
        if extra:
            raise missing_dependency(plugin, error.name or "", extra, used_by, kind) from error
        raise _import_failed(plugin, error, kind) from error
    except Exception as error:
        raise _import_failed(plugin, error, kind) from error


def missing_dependency(
    plugin: Installed, module: str, extra: str, used_by: str = "", kind: str = "Plugin"
) -> MissingDependency:
    """Return the error for a package that an extra of the plugin's distribution would install."""
    return MissingDependency(
        f"{used_by or f'{kind} {plugin.name!r}'} needs {module.partition('.')[0]}, which is not installed.",
        place=str(plugin),
        remedy=f"pip install '{plugin.distribution}[{extra}]'",
    )


def extra_that_brings(module: str, requirements: Iterable[str]) -> str:
    """Return the extra among `requirements` that installs the module, or an empty text.

    Example:
        >>> extra_that_brings("ib_insync.wrapper", ["attrs>=23", "ib-insync>=0.9.86; extra == 'ib'"])
        'ib'
    """
    wanted = _normalised(module.partition(".")[0])
    for requirement in requirements:
        name, _, marker = requirement.partition(";")
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", marker)
        package = re.match(r"[A-Za-z0-9._-]+", name.strip())
        if wanted and extra and package and _normalised(package.group()) == wanted:
            return extra.group(1)
    return ""


def _import_failed(plugin: Installed, error: Exception, kind: str) -> PluginImportError:
    reason = str(error) or type(error).__name__
    named = reason if isinstance(error, ImportError) else f"{type(error).__name__}: {reason}"
    return PluginImportError(
        f"{kind} {plugin.name!r} ({plugin}) failed to import: {named.rstrip('.')}.",
        place=last_line_of(error),
        remedy="Others are unaffected; see 'brokerkit doctor'.",
    )


def last_line_of(error: Exception) -> str:
    """Return the file and line that raised, when it is not import machinery."""
    place = ""
    traceback = error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if "importlib" not in file and not file.startswith("<") and file != __file__:
            place = f"{file}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place


def _normalised(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def _is_ours(entry_point: EntryPoint) -> bool:
    return entry_point.dist is not None and entry_point.dist.name == DISTRIBUTION


def _installed(entry_point: EntryPoint) -> Installed:
    return Installed(entry_point.name, entry_point.value, None if _is_ours(entry_point) else entry_point)
