"""Fixtures of the command line's tests: run it in this process, or as a user does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from click.testing import CliRunner


@attrs.frozen
class Outcome:
    """What a command printed and how it ended."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What stdout says, as the one JSON document it must be."""
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's own configuration and state out of every test, and stand in an empty folder."""
    for name in list(os.environ):
        if name.startswith(("BROKERKIT_", "IB_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "120")
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run a command line in this process: `run("prices", "CORN", "--json")`; with an answer, as at a terminal."""
    from brokerkit.cli.app import app

    def invoke(*arguments: object, answer: str | None = None) -> Outcome:
        asked = answer is not None and "--json" not in arguments
        monkeypatch.setattr("brokerkit.cli.confirm.somebody_can_be_asked", lambda: asked)
        monkeypatch.setattr("brokerkit.cli.commands.demo.somebody_can_be_asked", lambda: asked)
        result = CliRunner().invoke(app, [str(argument) for argument in arguments], input=answer, prog_name="brokerkit")
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def run_process() -> Callable[..., Outcome]:
    """Run a command line in a process of its own, as a user does, with plain stdout and stderr."""

    def invoke(*arguments: object, **environment: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-c", "from brokerkit.cli import main; main()", *map(str, arguments)],
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            timeout=120,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return invoke


@pytest.fixture
def distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Install a distribution with one plugin, as pip lays it down: `distribution("acme", code)`."""
    site = tmp_path / "site-packages"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    modules: list[str] = []

    def install(name: str, code: str, group: str = "brokerkit.brokers") -> None:
        (site / f"brokerkit_{name}.py").write_text(code, encoding="utf-8")
        info = site / f"brokerkit_{name}-0.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: brokerkit-{name}\nVersion: 0.3\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = brokerkit_{name}:plugin\n")
        modules.append(f"brokerkit_{name}")

    yield install
    for module in modules:
        sys.modules.pop(module, None)
