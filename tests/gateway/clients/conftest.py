"""Interpreters with other IB clients, each in an environment of its own: ib_async and ib_insync collide."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brokerkit.plugins.sim.gateway import SimulatedGateway

SCRIPTS = Path(__file__).parent / "scripts"
MINUTES = 4


def _make(folder: Path, package: str) -> Path:
    """Return the interpreter of a new environment with one package; skip the test if it cannot be had."""
    python = folder / "bin" / "python"
    uv = shutil.which("uv")
    if uv:
        steps = [[uv, "venv", "-q", "--python", sys.executable, str(folder)]]
        steps.append([uv, "pip", "install", "-q", "--python", str(python), package])
    else:
        steps = [[sys.executable, "-m", "venv", str(folder)]]
        steps.append([str(python), "-m", "pip", "install", "-q", package])
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, timeout=60 * MINUTES, check=False)
        if done.returncode:
            pytest.skip(f"{package} cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return python


@pytest.fixture(scope="session")
def ib_async_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter that has ib_async."""
    return _make(tmp_path_factory.mktemp("ib_async") / "venv", "ib_async>=2,<3")


@pytest.fixture(scope="session")
def ibapi_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter that has the official client."""
    return _make(tmp_path_factory.mktemp("ibapi") / "venv", "ibapi==9.81.1.post1")


@pytest.fixture
def run_client() -> Callable[[Path, str, SimulatedGateway], str]:
    """Return a function that runs a client's script against a gateway and returns what it printed."""

    def run(python: Path, script: str, gateway: SimulatedGateway) -> str:
        command = [str(python), str(SCRIPTS / script), gateway.host, str(gateway.port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
