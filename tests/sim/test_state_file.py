"""A simulation's state file: one broker at a time has it, and only one that is made of the same."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from brokerkit import FuturesContract, Order, OrderState
from brokerkit.broker import Broker
from brokerkit.errors import BrokerClosed, InvalidSetting, NotFound, StoreLocked
from brokerkit.spec.broker_order import OrderControl
from brokerkit.spec.orders import OrderChange, Orders

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


_FULL_FOR_A_WHILE = """
import resource, sys
from pathlib import Path
from brokerkit import FuturesContract, Order, errors, open_broker

with open_broker("sim", state=sys.argv[1]) as broker:
    gold = FuturesContract("GOLD", "202304")
    broker.orders.put_order_on_stack(Order.market(gold, 1)).wait()
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (Path(sys.argv[1] + "-wal").stat().st_size, most))
    try:
        broker.orders.put_order_on_stack(Order.market(gold, 2))
    except errors.StoreUnwritable as error:
        print(error.place)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    broker.native.advance(minutes=5)
"""


def test_a_full_disk_is_told_and_nothing_is_missing_once_it_has_room(open_sim: OpenSim, tmp_path: Path) -> None:
    state = tmp_path / "sim.db"
    told = subprocess.run(
        [sys.executable, "-c", _FULL_FOR_A_WHILE, str(state)], stdout=subprocess.PIPE, text=True, check=True
    )
    assert told.stdout == f"{state}\n"
    assert held(open_sim(state=state)) == [3]


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


MADE: dict[str, Any] = {
    "seed": 7,
    "start": datetime(2023, 3, 8, 15, tzinfo=timezone.utc),
    "cash": {"USD": 200_000, "EUR": 5},
    "accounts": ("A", "B"),
}


def made(open_sim: OpenSim, state: Path, **settings: Any) -> Path:
    """Return the file of a simulation that has a position."""
    broker = open_sim(state=state, **{**MADE, **settings})
    broker.orders.put_order_on_stack(Order.market(GOLD, 1)).wait()
    broker.close()
    return state


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"seed": 8}, "seed is 8, but .* created with 7"),
        ({"start": datetime(2023, 3, 8, 16, tzinfo=timezone.utc)}, r"start is 2023-03-08T16:00:00\+00:00, .*T15:00"),
        ({"cash": {"USD": 200_000}}, "cash is USD 200000, but .* created with EUR 5, USD 200000"),
        ({"accounts": ("B", "A")}, "accounts is B, A, but .* created with A, B"),
        ({"base_currency": "EUR"}, "base_currency is EUR, but .* created with USD"),
    ],
)
def test_a_file_of_another_world_is_refused_and_stays_as_it_was(
    open_sim: OpenSim, tmp_path: Path, settings: dict[str, Any], said: str
) -> None:
    state = made(open_sim, tmp_path / "sim.db")
    before = state.read_bytes()
    with pytest.raises(InvalidSetting, match=said) as refused:
        open_sim(state=state, **{**MADE, **settings})
    assert str(state) in refused.value.place
    assert next(iter(settings)) in refused.value.remedy
    assert "another state file" in refused.value.remedy
    assert state.read_bytes() == before
    assert held(open_sim(state=state, **MADE)) == [1]


def test_data_is_another_world_however_it_is_written(
    open_sim: OpenSim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wool, silk = folder_of(tmp_path / "wool", "WOOL"), folder_of(tmp_path / "silk", "SILK")
    open_sim(state=tmp_path / "sim.db", data=wool).close()
    for other in (silk, "synthetic"):
        with pytest.raises(InvalidSetting, match=rf"data is .*{Path(other).name}, but .* created with {wool}"):
            open_sim(state=tmp_path / "sim.db", data=other)
    monkeypatch.chdir(tmp_path)
    open_sim(state=tmp_path / "sim.db", data="wool").close()


def test_how_orders_trade_may_change_and_the_same_may_be_said_otherwise(open_sim: OpenSim, tmp_path: Path) -> None:
    state = made(open_sim, tmp_path / "sim.db")
    free = {
        "slippage_ticks": 2,
        "volume_share": "0.1",
        "latency_ms": 5.0,
        "margin_percent": 9,
        "outside_hours": "refuse",
    }
    same = {"cash": {"EUR": "5.00", "USD": "2E5"}, "start": MADE["start"].astimezone(timezone(timedelta(hours=2)))}
    again = open_sim(state=state, **{**MADE, **free, **same})
    assert held(again) == [1]


def test_a_start_that_is_left_out_is_where_the_file_goes_on(open_sim: OpenSim, tmp_path: Path) -> None:
    state = made(open_sim, tmp_path / "sim.db")
    assert held(open_sim(state=state, **{**MADE, "start": None})) == [1]
    usual = made(open_sim, tmp_path / "usual.db", start=None)
    with pytest.raises(InvalidSetting, match="start"):
        open_sim(state=usual, **{**MADE, "start": datetime(2023, 1, 9, 15, tzinfo=timezone.utc)})


def test_a_file_from_before_it_was_kept_opens_as_it_did(open_sim: OpenSim, tmp_path: Path) -> None:
    state = made(open_sim, tmp_path / "sim.db")
    with sqlite3.connect(state) as base:
        assert base.execute("DELETE FROM facts WHERE name = 'made_of'").rowcount == 1
    base.close()
    for _ in range(2):
        again = open_sim(state=state, **{**MADE, "cash": {"USD": 1}})
        assert held(again) == [1]
        again.close()


class ClosedMeanwhile:
    """The lock of a broker's exchange, which another thread seems to take first, to close the broker.

    Args:
        broker: The broker.
        turn: Before which time that the lock is taken.
    """

    def __init__(self, broker: Broker, turn: int) -> None:
        self._lock, self._close, self._left = broker.native.exchange._lock, broker.close, turn
        broker.native.exchange._lock = self

    def __enter__(self) -> None:
        self._left -= 1
        if self._left == 0:
            self._close()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def test_an_order_that_is_in_when_the_broker_is_closed_is_saved(open_sim: OpenSim, tmp_path: Path) -> None:
    broker = open_sim(state=tmp_path / "sim.db")
    broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1))
    ClosedMeanwhile(broker, 2)
    order = Order.limit(GOLD, 2, 1)
    broker.orders.put_order_on_stack(order)
    again = open_sim(state=tmp_path / "sim.db")
    assert again.orders.match_db_broker_order_to_order_from_brokers(order).state is OrderState.WORKING


@pytest.mark.parametrize(
    "ask",
    [
        lambda orders, control: orders.put_order_on_stack(Order.limit(GOLD, 2, 1)),
        lambda orders, control: orders.cancel_order_given_control_object(control),
        lambda orders, control: orders.cancel_all_orders(),
        lambda orders, control: orders.modify_order_given_control_object(control, OrderChange(quantity=2)),
    ],
    ids=["place", "cancel", "cancel all", "change"],
)
def test_what_comes_once_the_broker_is_closed_is_refused_as_it_would_not_be_saved(
    open_sim: OpenSim, tmp_path: Path, ask: Callable[[Orders, OrderControl], object]
) -> None:
    broker = open_sim(state=tmp_path / "sim.db")
    control = broker.orders.put_order_on_stack(Order.limit(GOLD, 1, 1))
    ClosedMeanwhile(broker, 1)
    with pytest.raises(BrokerClosed):
        ask(broker.orders, control)
    again = open_sim(state=tmp_path / "sim.db")
    [order] = again.orders.get_list_of_broker_orders()
    assert (order.order_ref, order.state) == (control.order_ref, OrderState.WORKING)
