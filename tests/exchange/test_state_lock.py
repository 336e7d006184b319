"""A state file belongs to one exchange at a time: a second one would write over what the first one knows."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brokerkit.errors import StoreLocked
from brokerkit.plugins.sim.exchange import Exchange
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order

Market = Callable[..., Exchange]

_HOLDS_IT = """
import sys
from datetime import datetime, timezone
from brokerkit.plugins.sim.exchange import Exchange

exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc), state=sys.argv[1])
exchange.open_account("DU1", {"USD": 7})
print("open", flush=True)
sys.stdin.read()
exchange.close()
"""
_TAKES_ITS_TURN = """
import sys
from datetime import datetime, timezone
from brokerkit.errors import StoreLocked
from brokerkit.plugins.sim.exchange import Exchange

start = datetime(2023, 1, 2, 9, tzinfo=timezone.utc)
for turn in range(5):
    while True:
        try:
            exchange = Exchange(start, state=sys.argv[1])
            break
        except StoreLocked:
            pass  # it has waited for a second
    name = f"{sys.argv[2]}-{turn}"
    exchange.open_account(name, {"USD": 1})
    exchange.advance_to(exchange.now_ns + 1)
    exchange.close()
"""


def holder(state: Path) -> subprocess.Popen[str]:
    """Return a process that has the file open until its input ends."""
    command = [sys.executable, "-c", _HOLDS_IT, str(state)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    return child


def test_a_second_exchange_of_the_same_process_is_refused_until_the_first_is_closed(
    market: Market, gold: FuturesContract, quiet_rows: list[Any], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    first = market(quiet_rows, state=state)
    first.submit(Order.market(gold, 5))
    for path in (state, str(state), tmp_path / "." / "state"):
        with pytest.raises(StoreLocked, match=r"another simulation.*state.*[Cc]lose"):
            market(quiet_rows, state=path)
    first.advance()
    first.submit(Order.market(gold, 1))
    first.advance()
    first.close()
    assert [position.quantity for position in market(quiet_rows, state=state).positions()] == [6]


def test_a_file_that_is_new_is_held_before_anything_is_in_it(market: Market, tmp_path: Path) -> None:
    market([], state=tmp_path / "state")
    with pytest.raises(StoreLocked):
        market([], state=tmp_path / "state")


def test_an_exchange_of_another_process_holds_it_until_it_ends_also_by_sigkill(market: Market, tmp_path: Path) -> None:
    state = tmp_path / "state"
    for ends_by_itself in (True, False):
        with holder(state) as child:
            with pytest.raises(StoreLocked):
                market([], state=state)
            if not ends_by_itself:
                child.send_signal(signal.SIGKILL)
            child.communicate()
        market([], state=state).close()


def test_of_many_that_open_it_at_once_each_has_its_turn(market: Market, tmp_path: Path) -> None:
    state = tmp_path / "state"
    commands = [[sys.executable, "-c", _TAKES_ITS_TURN, str(state), str(number)] for number in range(4)]
    children = [subprocess.Popen(command) for command in commands]
    assert [child.wait(60) for child in children] == [0] * 4
    market([], state=state).close()
    with sqlite3.connect(state) as base:
        names = {name for (name,) in base.execute("SELECT name FROM accounts")}
    base.close()
    assert names == {"DU1", *(f"{number}-{turn}" for number in range(4) for turn in range(5))}


_FORKS = """
import os, sys
from datetime import datetime, timezone
from brokerkit.errors import StoreLocked
from brokerkit.plugins.sim.exchange import Exchange

exchange = Exchange(datetime(2023, 1, 2, 9, tzinfo=timezone.utc), state=sys.argv[1])
exchange.open_account("DU1", {"USD": 7})
exchange.advance_to(exchange.now_ns + 1)
reader, writer = os.pipe()
if os.fork() == 0:
    os.close(writer)
    os.read(reader, 1)
    try:
        exchange.advance_to(exchange.now_ns + 1)
    except StoreLocked:
        sys.exit(0)  # as a program ends, with all that Python does then
    os._exit(1)
for turn in range(200):
    exchange.open_account(f"DU-{turn}", {"USD": turn})
    exchange.advance_to(exchange.now_ns + 1)
os.close(reader), os.close(writer)
_, status = os.wait()
exchange.open_account("DU2", {"USD": 8})
exchange.advance_to(exchange.now_ns + 1)
print(os.waitstatus_to_exitcode(status), flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_forked_child_neither_writes_the_file_nor_spoils_it_when_it_ends(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    done = subprocess.run([sys.executable, "-c", _FORKS, str(state)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("0\n", -signal.SIGKILL), done.stderr
    again = Exchange(0, state=state)
    assert [name for name, _ in again.accounts()] == ["DU1", *(f"DU-{turn}" for turn in range(200)), "DU2"]
    again.close()
