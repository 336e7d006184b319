"""The tutorial, followed word for word in an empty folder and a fresh environment, ends green."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_PAGE = Path(__file__).parents[2] / "docs" / "tutorial-plugin.md"
_FENCE = re.compile(
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<code>.*?)^```$', re.MULTILINE | re.DOTALL
)

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_every_step_of_the_tutorial_works_as_written(run_in_environment: Run, tmp_path: Path) -> None:
    said = []
    for block in _FENCE.finditer(_PAGE.read_text("utf-8")):
        if block["title"]:
            (tmp_path / "work" / block["title"]).write_text(block["code"], "utf-8")
        elif block["language"] == "bash":
            said.append(run_in_environment(block["code"]).stdout)
    assert "acme" in said[1]
    assert "acme: CONFORMS at level read" in said[1]
    assert re.search(r"get_fx_prices +pass", said[2])
    assert "planned:" in said[2]
    assert "planned:" not in said[3]
    assert said[3].count("acme: CONFORMS at level read") == 2
    package = tmp_path / "work" / "brokerkit-acme"
    assert (package / "report.html").read_text("utf-8").startswith("<!doctype html>")
    for step in _steps_of_its_ci(package):
        done = subprocess.run([sys.executable, "-m", *step], cwd=package, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def _steps_of_its_ci(package: Path) -> list[list[str]]:
    """Return the commands of the package's own CI that the steps above have not run."""
    runs = re.findall(r"- run: (.*)", (package / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    assert [run.split()[0] for run in runs] == ["pip", "pip", "ruff", "mypy", "pytest"]
    return [run.split() for run in runs[2:4]]
