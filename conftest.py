"""For every test and doctest: nobody's configuration, variables or stored orders are read or touched."""

from __future__ import annotations

import os
import tempfile

import pytest

pytest_plugins = ["pytester"]  # for the tests that run pytest; only this file may name plugins

_home = tempfile.TemporaryDirectory(prefix="brokerkit-tests-")


def pytest_configure(config: pytest.Config) -> None:
    """Move configuration and state into a folder that goes away with the process."""
    for name in [name for name in os.environ if name.startswith("BROKERKIT_")]:
        del os.environ[name]
    os.environ["XDG_CONFIG_HOME"] = f"{_home.name}/config"
    os.environ["XDG_STATE_HOME"] = f"{_home.name}/state"
