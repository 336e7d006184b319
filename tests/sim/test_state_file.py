"""A simulation's state file: one broker at a time has it, and only one that is made of the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pytest

from brokerkit import FuturesContract, Order
from brokerkit.broker import Broker
from brokerkit.errors import NotFound, StoreLocked

OpenSim = Callable[..., Broker]
GOLD = FuturesContract("GOLD", "202304")


def held(broker: Broker) -> list[int]:
    return [
        position.quantity for position in broker.positions.get_all_current_positions_as_list_with_contract_objects()
    ]


def folder_of(folder: Path, instrument: str) -> Path:
    """Return a folder with an hour of minute bars of one contract."""
    folder.mkdir()
    rows = "".join(f"2023-03-08T15:{minute:02}:00Z,100,101,99,100,50\n" for minute in range(60))
    (folder / f"{instrument}_202306.csv").write_text("time,open,high,low,close,volume\n" + rows)
    return folder


def test_no_trade_is_lost_to_another_process_that_wants_the_same_file(open_sim: OpenSim, tmp_path: Path) -> None:
    state = tmp_path / "sim.db"
    mine = open_sim(state=state)
    mine.orders.put_order_on_stack(Order.market(GOLD, 5)).wait()
    trades = (
        "from brokerkit import FuturesContract, Order, open_broker\n"
        f"with open_broker('sim', state={str(state)!r}) as broker:\n"
        "    broker.orders.put_order_on_stack(Order.market(FuturesContract('GOLD', '202304'), 7)).wait()\n"
    )
    other = subprocess.run([sys.executable, "-c", trades], capture_output=True, text=True, check=False)
    assert "StoreLocked" in other.stderr
    assert str(state) in other.stderr
    mine.orders.put_order_on_stack(Order.market(GOLD, 1)).wait()
    mine.close()
    subprocess.run([sys.executable, "-c", trades], check=True)
    assert held(open_sim(state=state)) == [13]


def test_a_second_broker_of_the_same_process_is_refused(open_sim: OpenSim, tmp_path: Path) -> None:
    first = open_sim(state=tmp_path / "sim.db")
    with pytest.raises(StoreLocked, match=r"sim\.db.*Close that one first"):
        open_sim(state=tmp_path / "sim.db")
    first.close()
    open_sim(state=tmp_path / "sim.db").close()


def test_an_opening_that_fails_lets_go_of_the_file_and_leaves_it_as_it_was(open_sim: OpenSim, tmp_path: Path) -> None:
    state, contract = tmp_path / "sim.db", FuturesContract("WOOL", "202306")
    data, start = folder_of(tmp_path / "data", "WOOL"), datetime(2023, 3, 8, 15, 10, tzinfo=timezone.utc)
    first = open_sim(state=state, data=data, start=start)
    first.orders.put_order_on_stack(Order.market(contract, 2)).wait()
    first.close()
    before = state.read_bytes()
    (data / "WOOL_202306.csv").rename(tmp_path / "kept.csv")
    folder_of(tmp_path / "other", "SILK")
    (tmp_path / "other" / "SILK_202306.csv").rename(data / "SILK_202306.csv")
    with pytest.raises(NotFound) as refused:
        open_sim(state=state, data=data)
    assert state.read_bytes() == before
    (tmp_path / "kept.csv").rename(data / "WOOL_202306.csv")
    assert held(open_sim(state=state, data=data)) == [2], f"while {refused.value!r} is still looked at"
