"""What mypy and pyright say of calls: those that must type-check, and those that must not."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ACCEPTED = HERE / "calls_that_must_type_check.py"
REJECTED = [
    line
    for line in (HERE / "rejected.txt").read_text(encoding="utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
PREAMBLE = """\
from brokerkit import (
    Broker, BrokerPlugin, FuturesContract, Money, Order, OrderChange, OrderControl, Session, open_broker,
    unsupported,
)


def calls(broker: Broker, control: OrderControl, order: Order, contract: FuturesContract) -> None:
"""

CHECKERS = {
    "mypy": [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--show-error-codes"],
    "pyright": [sys.executable, "-m", "pyright", "--pythonpath", sys.executable],
}


def complaints(checker: str, path: Path) -> dict[int, str]:
    """Return what a type checker says of a file, by line."""
    pytest.importorskip(checker, reason=f"{checker} is not installed")
    done = subprocess.run([*CHECKERS[checker], str(path)], capture_output=True, text=True, cwd=ROOT, check=False)
    found = re.findall(rf"{re.escape(path.name)}:(\d+)(?::\d+)?\s*[:-]\s*error:?\s*(.*)", done.stdout)
    assert found or done.returncode == 0, done.stdout + done.stderr
    return {int(line): message for line, message in found}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_calls_that_are_right_pass(checker: str) -> None:
    assert complaints(checker, ACCEPTED) == {}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("checker", CHECKERS)
def test_calls_that_are_wrong_are_refused_each_on_its_line(checker: str, tmp_path: Path) -> None:
    script = tmp_path / "rejected_calls.py"
    script.write_text(PREAMBLE + "".join(f"    {call}\n" for call in REJECTED), encoding="utf-8")
    refused = complaints(checker, script)
    start = PREAMBLE.count("\n") + 1
    accepted = [call for number, call in enumerate(REJECTED, start) if number not in refused]
    assert accepted == []
    assert set(refused) == set(range(start, start + len(REJECTED)))


INNER = ("brokerkit.cli.", "brokerkit.ib_sim.", "brokerkit.plugins.")
"""What programs do not import: plugins are opened by name."""


@pytest.mark.timeout(300)
def test_every_type_that_a_program_can_meet_is_written_down() -> None:
    pytest.importorskip("pyright", reason="pyright is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--verifytypes", "brokerkit", "--ignoreexternal", "--outputjson"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
    )
    symbols = json.loads(done.stdout)["typeCompleteness"]["symbols"]
    left_open = [each["name"] for each in symbols if each["isTypeAmbiguous"] or not each["isTypeKnown"]]
    assert "brokerkit.spec.order.Order" in {each["name"] for each in symbols}
    assert [name for name in left_open if not name.startswith(INNER)] == []
