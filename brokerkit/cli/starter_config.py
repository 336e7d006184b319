"""The commented starter configuration, written from what the installed plugins declare."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from brokerkit.registry.catalog import CatalogEntry, plugins
from brokerkit.registry.declared import CommonSettings, DeclaredSetting, declared_settings

_SECTION_OF = {"sim": "practice", "ib": "paper"}
_SET = {"ib": {"port": 4002}}
"""What a section sets, because its name promises it: the default port is that of a live Gateway."""

_HEAD = """\
# brokerkit's configuration: one section a broker, opened by its name: open_broker("practice").
#
# A line that begins with `#` shows a setting's default; take the `#` away to change it.
# Stronger than this file: a variable such as BROKERKIT_PRACTICE_SEED, and keywords of open_broker.
# A secret is never written here but referred to:
#     account = { env = "IB_ACCOUNT" }      also { file = "~/.ib-account" }, { command = "pass ib" }
# 'brokerkit doctor --broker practice' checks a section step by step.
"""


def starter_config() -> str:
    """Return the text of a configuration that names every installed plugin, all settings at their defaults."""
    return "\n".join([_HEAD, *map(_section, plugins())])


def _section(entry: CatalogEntry) -> str:
    if entry.problem is not None:
        return f"# Plugin {entry.name!r} cannot be used: {entry.problem.fact} {entry.problem.remedy}\n"
    common = [each for each in declared_settings(CommonSettings).values() if each.key != "plugin"]
    lines = [f"[brokers.{_SECTION_OF.get(entry.name, entry.name)}]", f'plugin = "{entry.name}"']
    return "\n".join([*lines, *_lines(entry.settings, _SET.get(entry.name, {})), *_lines(common, {})]) + "\n"


def _lines(settings: Iterable[DeclaredSetting], given: Mapping[str, object]) -> Iterator[str]:
    for setting in settings:
        if setting.key in given:
            line = f"{setting.key} = {_as_toml(given[setting.key])}"
            yield f"{line:<34} # {setting.help}; default {_as_toml(setting.default)}"
            continue
        shown = f"{setting.key} = {_as_toml(setting.default)}".rstrip()
        yield f"# {shown:<32} # {setting.help or setting.takes}"


def _as_toml(value: object) -> str:
    """Return a default as TOML, or nothing when there is none to show."""
    if value is None or value == "":
        return '""' if value == "" else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {_as_toml(item)}' for key, item in value.items())} }}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(_as_toml(item) for item in value)}]"
    return json.dumps(str(value) if not isinstance(value, Path) else value.as_posix())
