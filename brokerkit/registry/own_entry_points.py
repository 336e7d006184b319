"""What brokerkit's own distribution offers, read without looking at any other."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

from brokerkit import __version__

DISTRIBUTION = "brokerkit"
_FILE = f"{DISTRIBUTION}-{__version__}.dist-info/entry_points.txt"


@functools.cache  # a distribution is not exchanged under a running program
def own_entry_points() -> dict[str, dict[str, str]]:
    """Return the names of each entry-point group with what they stand for, as `module:attribute`.

    Empty where the metadata lie somewhere else than in a folder that modules are imported from.
    """
    for place in sys.path:
        try:
            text = (Path(place) / _FILE).read_text(encoding="utf-8")
        except OSError:
            continue
        return _groups(text)
    return {}


def _groups(text: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    group: dict[str, str] = {}
    for line in map(str.strip, text.splitlines()):
        name, equals, target = line.partition("=")
        if line.startswith("["):
            group = found.setdefault(line.strip("[]"), {})
        elif equals and not line.startswith("#"):
            group[name.strip()] = target.strip()
    return found
