"""The tests themselves, a module for each group of cases."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from functools import cache
from importlib import import_module

from brokerkit.conformance.levels import case_of

Test = Callable[..., None]


@cache
def all_tests() -> dict[str, Test]:
    """Return every test of the suite by name, in the order of the cases."""
    found: dict[str, Test] = {}
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        members = vars(import_module(module.name))
        found.update({name: each for name, each in members.items() if case_of(each) is not None})
    return dict(sorted(found.items()))
