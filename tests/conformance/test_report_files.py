"""A report is written in every case; where that cannot be done, it is said before the run, or no verdict is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def _check(folder: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Any]]:
    """Run the command where an old report stands that praises the broker; return what it writes in its place."""
    report = folder / "report.json"
    report.write_text('{"conforms": true}')
    command = [sys.executable, "-m", "brokerkit", "check", *words, "--json", str(report)]
    environment = {**os.environ, "XDG_STATE_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stdout + done.stderr
    found: dict[str, Any] = json.loads(report.read_text())
    return done, found


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_broker_that_cannot_be_opened_gets_a_report_that_says_why(tmp_path: Path, processes: str) -> None:
    done, report = _check(tmp_path, "sim", "--set", f"data={tmp_path / 'nowhere'}", "-n", processes)
    assert done.returncode not in {0, 1}
    assert (report["broker"], report["conforms"], report["complete"]) == ("sim", False, False)
    assert "Broker 'sim' cannot be opened, so nothing can be tested." in str(report)
    assert "not tested" not in done.stdout or processes == "2", "a table without a result"


def test_a_wrong_configuration_gets_a_report_that_says_why(tmp_path: Path) -> None:
    done, report = _check(tmp_path, "sim", "--set", "sede=3", "--seed", "5")
    assert (done.returncode, report["seed"], report["conforms"], report["results"]) == (3, 5, False, [])
    assert "[BK106] Broker 'sim' has no setting 'sede'." in report["notes"][0]


def test_a_setting_of_the_check_means_what_it_means_to_every_command(tmp_path: Path) -> None:
    """It is read as its plugin declares it: a file may be called 7, and a middleware's option belongs to that."""
    limits = ["--set", 'middleware=["risk"]', "--set", "risk.max_order=5"]
    done, report = _check(tmp_path, "sim", "--set", "store_path=7", *limits, "--level", "trade", "--case", "110")
    assert [each["outcome"] for each in report["results"]] == ["blocked"], done.stdout + done.stderr
    assert "max_order = 5" in report["results"][0]["reason"]
