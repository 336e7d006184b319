"""Testbeds: what a broker needs around it to be proven, such as a server of its own, started and stopped with the run.

A distribution offers one under a name in the entry-point group `brokerkit.testbeds`: a function without arguments
that returns a context manager, which yields the `Facts` of the broker, its harness among them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from brokerkit.conformance.facts import Facts
from brokerkit.registry.entry_points import installed, load

TESTBEDS = "brokerkit.testbeds"
"""The entry-point group of testbeds."""

Testbed = Callable[[], AbstractContextManager[Facts]]


def testbed_named(name: str) -> Testbed | None:
    """Return an installed testbed by its name; None when no testbed has it.

    Raises:
        PluginImportError: Its code failed to import.
        MissingDependency: It needs a package that is not installed.
    """
    found = installed(TESTBEDS).get(name)
    if found is None:
        return None
    testbed: Testbed = load(found, used_by=f"Testbed {name!r}")
    return testbed
