"""Installed plugins, by name. Nothing is imported until it is asked for by its name."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import Any

import attrs

from brokerkit.errors import ConfigError, MissingDependency, PluginImportError

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
        entry_point: The entry point itself.
    """

    name: str
    target: str
    entry_point: EntryPoint = attrs.field(repr=False)

    @property
    def distribution(self) -> str:
        """The distribution's name; empty when it does not say."""
        return _name_and_version(self.entry_point.dist)[0] if self.entry_point.dist else ""

    @property
    def version(self) -> str:
        """The distribution's version; empty when it does not say."""
        return _name_and_version(self.entry_point.dist)[1] if self.entry_point.dist else ""

    def __str__(self) -> str:
        """Return where it comes from, as errors name it."""
        package = f"{self.distribution} {self.version}".strip()
        return f"{package}, {self.target}" if package else self.target

    @property
    def requirements(self) -> tuple[str, ...]:
        """What its distribution needs, optional things included, as its metadata says it."""
        return tuple((self.entry_point.dist and self.entry_point.dist.requires) or ())


def installed(group: str) -> dict[str, Installed]:
    """Return what the installed distributions offer in an entry-point group, by name, in alphabetical order.

    The brokerkit distribution's own names cannot be taken over by another one.
    """
    return dict(_installed_at(group, _places()))


@functools.lru_cache(maxsize=8)
def _installed_at(group: str, places: tuple[tuple[str, int], ...]) -> dict[str, Installed]:
    """Read what every distribution offers, which costs as much as all else that opening a broker takes."""
    found: dict[str, Installed] = {}
    for entry_point in sorted(entry_points(group=group), key=lambda each: each.name):
        if entry_point.name not in found or _is_ours(entry_point):
            found[entry_point.name] = _installed(entry_point)
    return found


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
    for entry_point in entry_points(group=group):
        offers.setdefault(entry_point.name, []).append(_installed(entry_point))
    return {
        name: tuple(offered)
        for name, offered in sorted(offers.items())
        if len({(offer.distribution, offer.target) for offer in offered}) > 1
    }


def load(plugin: Installed, *, used_by: str = "") -> Any:
    """Import a plugin and return what its entry point names.

    Args:
        plugin: What to import.
        used_by: Who asks for it, in words that begin the error's message.

    Raises:
        MissingDependency: It needs a package that one of its distribution's extras would install.
        PluginImportError: Its code failed to import, in whatever way.
    """
    try:
        return plugin.entry_point.load()
    except ConfigError:
        raise
    except ImportError as error:
        extra = extra_that_brings(error.name or "", plugin.requirements)
        if extra:
            raise missing_dependency(plugin, error.name or "", extra, used_by) from error
        raise _import_failed(plugin, error) from error
    except Exception as error:
        raise _import_failed(plugin, error) from error


def missing_dependency(plugin: Installed, module: str, extra: str, used_by: str = "") -> MissingDependency:
    """Return the error for a package that an extra of the plugin's distribution would install."""
    return MissingDependency(
        f"{used_by or f'Plugin {plugin.name!r}'} needs {module.partition('.')[0]}, which is not installed.",
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


def _import_failed(plugin: Installed, error: Exception) -> PluginImportError:
    reason = str(error) or type(error).__name__
    named = reason if isinstance(error, ImportError) else f"{type(error).__name__}: {reason}"
    return PluginImportError(
        f"Plugin {plugin.name!r} ({plugin}) failed to import: {named.rstrip('.')}.",
        place=_last_line_of(error),
        remedy="Others are unaffected; see 'brokerkit doctor'.",
    )


def _last_line_of(error: Exception) -> str:
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
    return entry_point.dist is not None and entry_point.dist.name == "brokerkit"


def _installed(entry_point: EntryPoint) -> Installed:
    return Installed(entry_point.name, entry_point.value, entry_point)
