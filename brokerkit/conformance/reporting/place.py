"""Says at which statement of the suite a test failed, and with which values: so an author sees which call it was."""

from __future__ import annotations

import ast
import enum
import inspect
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from brokerkit import FuturesContract, FxPair

_SUITE = Path(__file__).parents[1] / "suite"
_SHOWN = (str, int, float, Decimal, date, enum.Enum, FuturesContract, FxPair)
_LONGEST = 200

ON_THE_WAY = re.compile(r"[/\\](brokerkit[/\\](conformance|spec|registry|middleware)|_?pytest|pluggy|threading)\b")
"""Files that a call only passes through on its way to a plugin."""


def place_of(error: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the statement of the suite at which an error came up, on one line; empty when it came from elsewhere."""
    own = [entry for entry in error.traceback if Path(entry.path).parent == _SUITE]
    if not own:
        return ""
    entry = own[-1]
    line = entry.lineno + 1
    code, names = _statement(Path(entry.path), line)
    values = "; ".join(_values({**entry.frame.f_globals, **entry.frame.f_locals}, names))
    text = code if len(code) <= _LONGEST else f"{code[:_LONGEST]}..."
    return (
        f"at {Path(entry.path).name}, line {line}{f': {text}' if text else ''}{f'   where {values}' if values else ''}"
    )


def raised_in(error: pytest.ExceptionInfo[BaseException]) -> str:
    """Return the line of the plugin, or of what it calls, that raised an error; empty when the suite raised it."""
    entry = error.traceback[-1]
    if ON_THE_WAY.search(str(entry.path)):
        return ""
    return f"raised in {entry.path}, line {entry.lineno + 1}, in {entry.name}"


def _statement(file: Path, line: int) -> tuple[str, list[str]]:
    """Return the innermost statement at a line, in one line of code, and the names that it uses.

    Inside a `with`, it begins with that: it says which error is expected.
    """
    around = [
        node
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)
    ]
    found = max(around, key=lambda node: node.lineno)
    if isinstance(found, ast.Raise):
        return "", []  # the error says it all
    if isinstance(found, ast.Assert):
        found.msg = None
    code = " ".join(ast.unparse(found).split())
    expects = [", ".join(map(ast.unparse, node.items)) for node in around if isinstance(node, ast.With)]
    if expects and not isinstance(found, ast.With):
        code = f"with {expects[-1]}: {code}"
    return code, list(dict.fromkeys(node.id for node in ast.walk(found) if isinstance(node, ast.Name)))


def _values(known: Mapping[str, Any], names: list[str]) -> Iterator[str]:
    """Return the values of names, those that one can read at a glance."""
    for name in (each for each in names if each in known):
        value = known[name]
        if isinstance(value, _SHOWN):
            yield f"{name} is {str(value)!r}" if isinstance(value, str) else f"{name} is {value}"
        elif inspect.ismethod(value):
            yield f"{name} is {value.__name__}"
