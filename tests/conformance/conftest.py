"""A fresh environment into which plugins are installed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]

_COMMANDS = {
    "brokerkit": "from brokerkit.cli import main; main()",
    "pytest": "import pytest; raise SystemExit(pytest.main())",
}
_PIP = 'exec {running} -m pip --python {python} "$@" --no-deps --no-build-isolation --no-index --quiet\n'


@pytest.fixture
def run_in_environment(tmp_path: Path) -> Run:
    """Return a function that runs a shell script in an empty folder, with a fresh environment first on its path.

    What brokerkit needs comes from the environment that runs the tests, so nothing is downloaded; what
    the script installs is new, and goes into the fresh one.
    """
    pytest.importorskip("hatchling", reason="hatchling builds the plugin's package; the extra 'dev' has it")
    pytest.importorskip("editables", reason="editables installs a package where it stands; the extra 'dev' has it")
    folder = tmp_path / "environment"
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (site / "beside.pth").write_text(f"{sysconfig.get_path('purelib')}\n{REPOSITORY}\n")
    scripts = {name: f"exec {python} -c '{code}' \"$@\"\n" for name, code in _COMMANDS.items()}
    scripts["pip"] = _PIP.format(running=sys.executable, python=python)
    for name, script in scripts.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}")
        (folder / "bin" / name).chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()

    def run(script: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        places = {name: str(tmp_path / name) for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME")}
        environment = {**os.environ, **places, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=work, env=environment, capture_output=True, text=True
        )
        assert not check or done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done

    return run
