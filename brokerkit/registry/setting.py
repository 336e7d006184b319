"""One value of a broker's configuration, with where it came from."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs


class Origin(enum.Enum):
    """Where a setting's value came from, the strongest first.

    Attributes:
        KEYWORD: An argument of `open_broker`, or `--set` on the command line.
        ENVIRONMENT: An environment variable.
        FILE: The configuration file.
        DEFAULT: The plugin's default.
    """

    KEYWORD = "keyword"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@attrs.frozen(repr=False)
class Setting:
    """One value that a broker was opened with.

    Attributes:
        name: The key in the broker's section.
        value: The value; `***` for a secret.
        origin: Where it came from.
        place: The file with line, or the environment variable; empty for a keyword or a default.
    """

    name: str
    value: Any
    origin: Origin
    place: str = ""

    def __repr__(self) -> str:
        """Return name, value and origin in one line."""
        value = dict(self.value) if isinstance(self.value, Mapping) else self.value
        return f"{self.name} = {value!r} ({self.origin.value}{f', {self.place}' if self.place else ''})"
