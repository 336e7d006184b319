"""Where a report cannot be written: said before the run; and where only the run finds out, the verdict is not lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from brokerkit.conformance.command import CheckRequest, check
from brokerkit.conformance.reporting.files import unwritable
from brokerkit.errors import InvalidArgument


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a run that is started fail the test: what is refused is refused before it."""
    monkeypatch.setattr("brokerkit.conformance.command.subprocess", None)


@pytest.mark.parametrize("option", ["json", "junit", "html", "badge"])
def test_a_folder_is_refused_as_a_report_before_the_run(tmp_path: Path, option: str) -> None:
    with pytest.raises(InvalidArgument, match="it is a folder") as refused:
        check(CheckRequest("sim", **{option: str(tmp_path)}))
    assert refused.value.place == f"--{option} {tmp_path}"
    assert "./report." in refused.value.remedy


def test_a_file_where_a_folder_should_be_is_refused_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(InvalidArgument, match="taken is no folder"):
        check(CheckRequest("sim", json=str(tmp_path / "taken" / "sim.json")))


def test_a_place_without_permission_is_refused_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(InvalidArgument, match=f"{tmp_path} may not be written to"):
        check(CheckRequest("sim", json=str(tmp_path / "new" / "sim.json")))


def test_a_report_in_a_folder_that_is_yet_to_be_made_is_fine(tmp_path: Path) -> None:
    assert unwritable(tmp_path / "a" / "b" / "sim.json") == ""


def test_a_report_that_cannot_be_written_after_the_run_loses_neither_the_verdict_nor_the_other_reports(tmp_path: Path):
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(tmp_path), "-p", "brokerkit.conformance"]
    command += ["--broker", "sim", "--level", "static", "--pyargs", "brokerkit.conformance.suite", "-c", os.devnull]
    command += ["-o", "python_files=*.py", f"--compliance-html={tmp_path}", f"--compliance-json={tmp_path / 'it.json'}"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert "sim: CONFORMS at level static" in done.stdout, done.stdout + done.stderr
    assert "Error [BK305] The report could not be written: Is a directory." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 1
    assert json.loads((tmp_path / "it.json").read_text())["conforms"] is True
