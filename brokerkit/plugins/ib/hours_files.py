"""Reads the user's weekly trading hours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from brokerkit.errors import ConfigFileError, ConfigSyntaxError
from brokerkit.plugins.ib.weekly_hours import WeeklyHours, weekly_hours_from


def load_weekly_hours(path: str) -> dict[str, WeeklyHours]:
    """Return the weekly hours of a YAML or TOML file, by instrument code or zone; empty without a file.

    Raises:
        ConfigFileError: The file cannot be read.
        ConfigSyntaxError: It is neither YAML nor TOML.
        InvalidSetting: An entry is in none of the three formats.
    """
    if not path:
        return {}
    given = read_mapping(Path(path))
    return {str(name): weekly_hours_from(hours, f"{path}, {name}") for name, hours in given.items()}


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML or TOML file.

    Raises:
        ConfigFileError: The file cannot be read.
        ConfigSyntaxError: It is neither YAML nor TOML, or not a mapping.
    """
    try:
        text = path.expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFileError(f"Cannot read {path.name}: {error}.", place=str(path)) from error
    found = _toml(text, path) if path.suffix == ".toml" else _yaml(text, path)
    if not isinstance(found, dict):
        raise ConfigSyntaxError(f"{path.name} is not a mapping of names to values.", place=str(path))
    return found


def _toml(text: str, path: Path) -> Any:
    import tomli  # here, because only users of such files need it

    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise ConfigSyntaxError(f"{path.name} is not TOML: {error}.", place=str(path)) from error


def _yaml(text: str, path: Path) -> Any:
    import yaml  # here, because only users of pysystemtrade's files need it

    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ConfigSyntaxError(f"{path.name} is not YAML: {error}.", place=str(path)) from error
