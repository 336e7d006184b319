"""For every test and doctest: Ctrl-C works, and nobody's configuration, variables or stored orders are touched."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

pytest_plugins = ["pytester"]  # for the tests that run pytest; only this file may name plugins

settings.register_profile("brokerkit", deadline=None)  # how long an example takes, the machine's other work says
settings.load_profile("brokerkit")


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C interrupt, and no variable configure a broker."""
    # A shell starts what runs in its background deaf to Ctrl-C, and so are its children: tests interrupt some of them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("BROKERKIT_")]:
        del os.environ[name]


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Move configuration and state into a folder that pytest removes, however the run ends."""
    folder = tmp_path_factory.mktemp("home")
    os.environ["XDG_CONFIG_HOME"] = str(folder / "config")
    os.environ["XDG_STATE_HOME"] = str(folder / "state")
