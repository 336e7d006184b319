"""On which line of a TOML text each key stands, for error messages: the parser itself does not say."""

from __future__ import annotations

import re

import tomli

_HEADER = re.compile(r"\s*\[\[?(?P<key>[^\[\]=]+)\]\]?\s*(#.*)?$")
_ASSIGNMENT = re.compile(
    r"\s*(?P<key>(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*'))*)\s*="
)


def key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Return the line, counted from 1, of every key and table header that stands at the start of a line.

    Keys inside inline tables are not listed; those that contain them are. Lines of a multi-line
    string that look like keys may be listed too, so use it for messages only.

    Example:
        >>> key_lines('[brokers.paper]\\nport = 4002')
        {('brokers',): 1, ('brokers', 'paper'): 1, ('brokers', 'paper', 'port'): 2}
    """
    lines: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        assignment = None if header else _ASSIGNMENT.match(line)
        if header:
            table = _path(header["key"])
        keys = (*table, *_path(assignment["key"])) if assignment else table if header else ()
        for length in range(1, len(keys) + 1):
            lines.setdefault(keys[:length], number)
    return lines


def _path(key: str) -> tuple[str, ...]:
    """Return the parts of a dotted key, as TOML reads them; empty when it is no key."""
    try:
        value: object = tomli.loads(f"{key} = 0")
    except tomli.TOMLDecodeError:
        return ()
    parts: list[str] = []
    while isinstance(value, dict):
        part, value = next(iter(value.items()))
        parts.append(part)
    return tuple(parts)
