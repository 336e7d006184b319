"""A run that is interrupted leaves the account as it was; what a killed one left, the next one takes back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from brokerkit import Broker, FuturesContract, Order, open_broker
from brokerkit.cli.exit_codes import INTERRUPTED
from brokerkit.conformance.command import CheckRequest, check
from brokerkit.conformance.ledger import Ledger
from brokerkit.errors import NotFound

_IN_THE_MIDDLE = """
import threading

def test_is_left_in_the_middle(trader):
    trader.buys(2)
    trader.rests(trader.resting_order(1))
    print("in the middle", flush=True)
    threading.Event().wait()
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where a simulation keeps its account, which lives on when a process dies."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    return tmp_path / "account.db"


def _interrupt_in_the_middle(folder: Path, state: Path, number: signal.Signals) -> int:
    """Run a test that has a position and a resting order, send its process a signal, and return its exit code."""
    (folder / "test_it.py").write_text(_IN_THE_MIDDLE)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-s", "-p", "brokerkit.conformance", "--broker", "sim"]
    command += ["--level", "trade", "--set", f"state={state}"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "in the middle" in line:
                process.send_signal(number)
        assert any("in the middle" in line for line in said), "".join(said)
        return process.wait(60)


_SLOW_TO_PUT_BACK = """
import os
import pathlib
import threading

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    if "trader" in pyfuncitem.funcargs:
        pyfuncitem.funcargs["trader"].buys(2)
        pathlib.Path(os.environ["TOLD"]).write_text("in the middle")
        threading.Event().wait()


def pytest_keyboard_interrupt():
    threading.Event().wait(1)
"""


def _left(broker: Broker) -> tuple[list[int], int]:
    """Return the lots held, and how many orders are open."""
    held = broker.positions.get_all_current_positions_as_list_with_contract_objects()
    views = broker.orders.get_list_of_broker_orders()
    return [position.quantity for position in held], sum(not view.state.is_final for view in views)


def _ledgers(folder: Path) -> list[Path]:
    return list((folder / "home" / "brokerkit" / "conformance").glob("*.jsonl"))


def _notes_of_a_check(state: Path, report: Path) -> list[str]:
    assert check(CheckRequest("sim", "trade", settings={"state": str(state)}, cases=[104], json=str(report))) == 0
    found: dict[str, Any] = json.loads(report.read_text("utf-8"))
    notes: list[str] = found["notes"]
    return notes


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_298_an_interrupted_run_puts_the_account_back(tmp_path: Path, state: Path, number: signal.Signals) -> None:
    """Case 298: stopped by Ctrl-C or told to end, a run cancels its orders and trades its positions back."""
    assert _interrupt_in_the_middle(tmp_path, state, number) == pytest.ExitCode.INTERRUPTED
    with open_broker("sim", state=state) as broker:
        assert _left(broker) == ([], 0)
    assert not _ledgers(tmp_path)


def test_298_the_command_waits_until_its_run_has_put_the_account_back(tmp_path: Path, state: Path) -> None:
    """Case 298: Ctrl-C reaches command and run at once; a request to end reaches the command, and it passes it on."""
    (tmp_path / "slow_to_put_back.py").write_text(_SLOW_TO_PUT_BACK)
    told = tmp_path / "told"
    os.mkfifo(told)
    environment = {
        **os.environ,
        "PYTEST_PLUGINS": "slow_to_put_back",
        "PYTHONPATH": str(tmp_path),
        "TOLD": str(told),
    }
    command = [sys.executable, "-m", "brokerkit", "check", "sim", "--level", "trade", "--case", "104"]
    for number, tell, code in ((signal.SIGINT, os.killpg, INTERRUPTED), (signal.SIGTERM, os.kill, 2)):
        with subprocess.Popen(
            [*command, "--set", f"state={state}"], env=environment, start_new_session=True
        ) as process:
            assert told.read_text() == "in the middle"
            tell(process.pid, number)
            assert process.wait(60) == code
        with open_broker("sim", state=state) as broker:
            assert _left(broker) == ([], 0)
    assert not _ledgers(tmp_path)


def test_298_the_next_run_puts_back_what_a_killed_one_left(tmp_path: Path, state: Path) -> None:
    """Case 298: what a killed process left is taken back by the next run, which says so; the one after has nothing."""
    assert _interrupt_in_the_middle(tmp_path, state, signal.SIGKILL) == -signal.SIGKILL
    with open_broker("sim", state=state) as broker:
        assert _left(broker) == ([2], 1)
    assert len(_ledgers(tmp_path)) == 1

    (note,) = _notes_of_a_check(state, tmp_path / "report.json")
    assert "An interrupted run had left orders: cancelled (1,)" in note
    assert "traded -2 " in note
    with open_broker("sim", state=state) as broker:
        assert _left(broker) == ([], 0)
    assert not _ledgers(tmp_path)
    assert _notes_of_a_check(state, tmp_path / "report.json") == []


def test_a_simulation_that_keeps_its_state_is_opened_beside_itself_and_restarted_twice(state: Path) -> None:
    request = CheckRequest("sim", "fault", settings={"state": str(state)}, cases=[15, 268, 281, 297])
    assert check(request) == 0


def test_a_reference_is_on_the_disk_before_its_order_is_sent(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    with open_broker("sim") as broker:
        ledger.listen_to(broker)
        refused = Order.market(FuturesContract("CORN", "190001"), 1)
        with pytest.raises(NotFound):
            broker.orders.put_order_on_stack(refused)
    assert Ledger(ledger.file).left() == [refused.order_ref]
    ledger.settle(is_put_back=False)
    assert ledger.left() == [refused.order_ref]
    with ledger.file.open("a") as file:
        file.write('{"order_ref": "torn')
    assert ledger.left() == [refused.order_ref]
    ledger.clear()
    assert not ledger.file.exists()
