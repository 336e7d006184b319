"""The tutorial, followed word for word in an empty folder and a fresh environment, ends green."""

from __future__ import annotations

import re
import subprocess
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
    assert (tmp_path / "work" / "brokerkit-acme" / "report.html").read_text("utf-8").startswith("<!doctype html>")
