"""The conformance suite: any broker plugin proven against the contract, by one command or two lines.

Without a file of your own: `brokerkit check NAME`. In a plugin's own tests, two lines::

    pytest_plugins = ["brokerkit.conformance"]
    from brokerkit.conformance import *

Name the package, as above, and no module in it: pytest then explains failed assertions in all of them.
See `docs/conformance.md` for levels, facts, harness, and what a verdict means.

PYTEST_DONT_REWRITE: a conftest.py that imports `Facts` has loaded this file before pytest could rewrite it, and there
is nothing to rewrite in it; the modules of the package are rewritten all the same.
"""

from __future__ import annotations

from typing import Any

pytest_plugins: tuple[str, ...] = ("brokerkit.conformance.plugin",)

_OFFERED = {
    "Facts": "brokerkit.conformance.facts",
    "Harness": "brokerkit.conformance.harness",
}


def __getattr__(name: str) -> Any:
    """Return a test or a class by name; the suite is imported when the first is asked for."""
    from importlib import import_module

    if name in _OFFERED:
        return getattr(import_module(_OFFERED[name]), name)
    if name == "__all__" or name.startswith("test_"):
        tests = import_module("brokerkit.conformance.suite").all_tests()
        if name == "__all__":
            return list(tests)
        if name in tests:
            return tests[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
