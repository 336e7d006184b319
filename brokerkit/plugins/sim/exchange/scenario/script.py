"""A scenario file: its script, and the differences between its run and its expectation."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import tomli

from brokerkit.errors import InvalidArgument
from brokerkit.plugins.sim.exchange.scenario.run import Run
from brokerkit.plugins.sim.exchange.scenario.words import check


@attrs.frozen
class Scenario:
    """A script and its expected outcome.

    Attributes:
        script: The TOML document.
        name: The name of its file, or of its place in a text.
    """

    script: Mapping[str, Any]
    name: str = ""

    @classmethod
    def from_text(cls, text: str, name: str = "") -> Scenario:
        """Return the scenario in a TOML text.

        Raises:
            InvalidArgument: It is not TOML.
        """
        try:
            return cls(tomli.loads(text), name)
        except tomli.TOMLDecodeError as problem:
            raise InvalidArgument(f"{problem}.", place=name) from problem

    @classmethod
    def from_file(cls, path: Path) -> Scenario:
        """Return the scenario in a TOML file.

        Raises:
            InvalidArgument: It cannot be read, or is not TOML.
        """
        try:
            text = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise InvalidArgument(f"{path} cannot be read: {problem}.", remedy="Give a TOML file.") from problem
        return cls.from_text(text, path.name)

    def run(self) -> Run:
        """Run the script to its end, and return the run.

        Raises:
            InvalidArgument: It contains something unknown; nothing was run.
        """
        check(self.script, self.name)
        return Run(self.script, self.name)

    def problems(self) -> list[str]:
        """Run it, and return the differences from the expectation, as lines of a diff; none if there are none."""
        return self.problems_of(self.run())

    def problems_of(self, run: Run) -> list[str]:
        """Return a run's differences from the expectation, as lines of a diff."""
        found = list(run.surprises)
        for what, expected in self.script.get("expect", {}).items():
            is_text = isinstance(expected, str)
            wanted = _lines(expected) if is_text else _flat(expected)
            got = _lines("\n".join(run.outcome(what))) if is_text else _flat(run.table(what, expected))
            found += difflib.unified_diff(wanted, got, f"expected {what}", f"{what} of the run", lineterm="")
        return found


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def _flat(table: Mapping[str, Any], prefix: str = "") -> list[str]:
    lines = []
    for key, value in table.items():
        lines += _flat(value, f"{prefix}{key} ") if isinstance(value, Mapping) else [f"{prefix}{key} = {value}"]
    return lines
