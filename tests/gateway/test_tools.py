"""Recording, replaying, commands from outside, the fixture for others, and the program itself."""

from __future__ import annotations

import io
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ib_insync as ibi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brokerkit.errors import BrokerClosed, CannotConnect, DataFileError, InvalidArgument
from brokerkit.plugins.sim.gateway import (
    EagerClock,
    GatewaySettings,
    Limits,
    RealTimeClock,
    RecordedFrame,
    Recorder,
    SimulatedGateway,
    read_record,
    sample_market,
    simulated_gateway,
)
from brokerkit.plugins.sim.gateway.codec import DECLINED
from brokerkit.plugins.sim.gateway.codec.message import REQUESTS, RESPONSES
from brokerkit.plugins.sim.gateway.codec.table import messages_table
from brokerkit.plugins.sim.gateway.control import tell
from brokerkit.plugins.sim.gateway.replay import replay
from brokerkit.plugins.sim.gateway.serve import ServeOptions

FREE = GatewaySettings(port=0, limits=Limits.none())

# Records


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=10)), st.booleans())
def test_any_fields_survive_the_record(fields: list[str], ended: bool) -> None:
    frame = RecordedFrame(1.5, 3, True, tuple(fields), ended or not fields or not fields[-1])
    if any(char in field for field in fields for char in "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"):
        return  # not what the protocol carries, and what iterating over lines would split
    assert list(read_record([frame.line() + "\n"])) == [frame]


def test_a_damaged_record_names_its_line() -> None:
    with pytest.raises(DataFileError, match="line 3"):
        list(read_record(["# a comment\n", "1.0 1 > 71|2|7||\n", "nonsense\n"], "day.txt"))


def session(stream: io.StringIO) -> None:
    with simulated_gateway(sample_market(days=1), FREE, clock=EagerClock(), recorder=Recorder(stream)) as gateway:
        ib = ibi.IB()
        ib.connect(gateway.host, gateway.port, clientId=1, timeout=30)
        (es,) = ib.qualifyContracts(ibi.Future("ES", "202312", "CME"))
        trade = ib.placeOrder(es, ibi.MarketOrder("BUY", 1))
        while not trade.isDone():
            ib.waitOnUpdate(timeout=0.1)
        ib.disconnect()


def test_a_recorded_day_is_played_again_with_the_same_answers() -> None:
    stream = io.StringIO()
    session(stream)
    record = list(read_record(stream.getvalue().splitlines()))
    assert {frame.from_client for frame in record} == {True, False}
    with simulated_gateway(sample_market(days=1), FREE, clock=EagerClock()) as gateway:
        answers = replay(record, gateway.host, gateway.port)
    recorded = [frame.fields for frame in record if not frame.from_client]
    assert sorted(answers) == sorted(recorded)


def test_every_frame_is_in_the_record_also_those_that_are_refused_cut_or_dripped(raw: Callable[..., Any]) -> None:
    stream = io.StringIO()
    settings = GatewaySettings(port=0, limits=Limits(messages_per_second=5))
    with simulated_gateway(sample_market(days=1), settings, recorder=Recorder(stream)) as gateway:
        client = raw(gateway, None)
        bad = ("71\0002\0007\0\0", "49\0001", "8\x001\0Zürich\0", *["49\0001\0"] * 9)
        client.socket.sendall(b"".join(struct.pack(">I", len(text.encode())) + text.encode() for text in bad))
        client.until(lambda frame: frame[3:4] == ["100"])
        with gateway.fault("drip", bytes_at_a_time=100):
            gateway.call(lambda inner: inner.sessions()[0].notice(2104, "dripped"))
        with gateway.fault("cut"):
            gateway.call(lambda inner: inner.sessions()[0].notice(2104, "cut"))
    lines = stream.getvalue().splitlines()
    assert [line.split(" ", 1)[1] for line in lines if " > " in line][:3] == [
        *("1 > 71|2|7||", "1 > 49|1", "1 > 8|1|Zürich|"),
    ]
    frames = list(read_record(lines))
    sent = [frame.payload.decode() for frame in frames if frame.from_client]
    assert tuple(sent) == bad
    assert ("4", "2", "-1", "2104", "dripped", "") in [frame.fields for frame in frames]
    remarks = [line.split(" ", 3)[3] for line in lines if line.startswith("#")]
    assert remarks[0].endswith("v157..176 offered, 176 spoken")
    assert remarks[1:] == ["cut: 10 of 21 bytes sent of error", "closed"]


def test_a_record_in_any_alphabet_is_played_again() -> None:
    record = list(read_record(["0.1 1 > 71|2|1||", "0.2 1 > 81|7|Zürich|", "0.3 1 > 81|8|gold"]))
    with simulated_gateway(sample_market(days=1), FREE) as gateway:
        answers = replay(record, gateway.host, gateway.port)
    assert [answer[:2] for answer in answers[-2:]] == [("79", "7"), ("4", "2")]


def test_replaying_to_nobody_says_so() -> None:
    with pytest.raises(CannotConnect, match="No gateway answers"):
        replay([], "127.0.0.1", 1)


# Commands


@pytest.fixture
def control(gateway: SimulatedGateway) -> int:
    """Return the control port of a running gateway."""
    return gateway.listen_for_commands()


def test_faults_and_clock_by_command(control: int, ib: ibi.IB, gateway: SimulatedGateway) -> None:
    assert "competing-session" in tell(control, "faults")
    assert tell(control, "begin maintenance") == "ok 1"
    assert ib.reqContractDetails(ibi.Future("ES", "202312")) == []
    assert tell(control, "end 1") == "ok"
    assert len(ib.reqContractDetails(ibi.Future("ES", "202312"))) == 1
    assert tell(control, "advance 3600") == "ok 2023-11-29T01:00:00+00:00"
    assert tell(control, "begin lose message=execDetails count=3") == "ok 2"
    assert tell(control, "end all") == "ok"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("begin lsoe", "Did you mean 'lose'?"),
        ("begn lose", "Did you mean 'begin'?"),
        ("end 99", "No fault number 99"),
        ("end x", "error"),
        ("advance -5", "cannot advance by"),
        ("advance nan", "cannot advance by"),
        ("", "error"),
        ("begin 'unclosed", "error"),
    ],
)
def test_a_bad_command_is_explained(control: int, command: str, said: str) -> None:
    answer = tell(control, command)
    assert answer.startswith("error: ")
    assert said in answer


def test_a_command_too_long_ends_its_connection_only(control: int) -> None:
    assert tell(control, "x" * 5000).startswith("error")
    assert tell(control, "faults").startswith("ok")


def test_nobody_behind_the_control_port() -> None:
    with pytest.raises(CannotConnect, match="--control-port"):
        tell(1, "faults")


def test_the_port_for_clients_takes_no_commands(gateway: SimulatedGateway) -> None:
    with pytest.raises(CannotConnect, match=f"port {gateway.port} takes no commands"):
        tell(gateway.port, "faults")


def test_a_start_that_the_data_does_not_reach_is_refused() -> None:
    with run_program("--start", "2300-01-01") as program:
        assert program.stdout is not None
        assert "where the data has nothing to trade on" in program.stdout.read()
    assert program.returncode != 0


def test_a_clock_that_somebody_moved_on_runs_on_from_there() -> None:
    with simulated_gateway(sample_market(days=1), FREE, clock=RealTimeClock(speed=10)) as gateway:
        control = gateway.listen_for_commands()
        told = datetime.fromisoformat(tell(control, "advance 36000").removeprefix("ok "))
        deadline = time.monotonic() + 30
        while (now := gateway.call(lambda served: served.now)) <= told:
            assert time.monotonic() < deadline, "the clock stands still"
    assert now - told < timedelta(hours=1)


def test_a_port_that_is_taken_is_named_and_nothing_is_left_behind(gateway: SimulatedGateway) -> None:
    control, threads = gateway.listen_for_commands(), set(threading.enumerate())
    with (
        pytest.raises(CannotConnect, match=rf"127\.0\.0\.1:{gateway.port}: Address already in use"),
        simulated_gateway(sample_market(days=1), GatewaySettings(port=gateway.port)),
    ):
        pass
    assert set(threading.enumerate()) <= threads
    with pytest.raises(CannotConnect, match=rf"port {control}: Address already in use"):
        gateway.listen_for_commands(control)


@pytest.mark.parametrize("speed", [0.0, -1.0, 1e9, float("nan")])
def test_a_speed_that_is_none_is_refused_before_anything_is_loaded(speed: float) -> None:
    with pytest.raises(InvalidArgument, match="is not a speed"):
        ServeOptions(speed=speed)


# For others


USER_TEST = """
import ib_insync

def test_bars(ib_gateway):
    ib = ib_insync.IB()
    ib.connect(ib_gateway.host, ib_gateway.port, clientId=1, timeout=30)
    assert ib.reqHistoricalData(ib_insync.Forex("EURUSD"), "", "1 D", "1 hour", "MIDPOINT", True)
    ib.disconnect()
"""


def test_the_fixture_for_others(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["brokerkit.plugins.sim.gateway.testing"]\n')
    (tmp_path / "test_mine.py").write_text(USER_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_table_has_every_message() -> None:
    table = messages_table()
    for shape in (*REQUESTS.values(), *RESPONSES.values()):
        assert f"| {shape.id} | {shape.name} |" in table
    for number, refused in DECLINED.items():
        assert f"| {number} | {refused.name} |" in table
        assert refused.subject in table


def test_the_documentation_has_the_table_as_it_is_now() -> None:
    page = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")
    assert messages_table() in page, "run: python -m brokerkit.plugins.sim.gateway.codec.table docs/gateway.md"


# The program


def run_program(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from brokerkit.cli import main; main()", "gateway", "--port", "0", *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def test_one_command_starts_a_gateway_that_a_script_can_use(tmp_path: Path, connect: Callable[..., Any]) -> None:
    record = tmp_path / "day.txt"
    with run_program("--speed", "600", "--record", str(record), "--control-port", "0") as program:
        assert program.stdout is not None
        first, second = program.stdout.readline(), program.stdout.readline()
        try:
            port = int(re.search(r":(\d+);", first)[1])
            control_port = int(re.search(r"port (\d+):", second)[1])
            ib = ibi.IB()
            ib.connect("127.0.0.1", port, clientId=1, timeout=30)
            bars = ib.reqHistoricalData(ibi.Forex("EURUSD"), "", "5 D", "1 hour", "MIDPOINT", True)
            assert len(bars) > 24
            assert tell(control_port, "faults").startswith("ok")
            ib.disconnect()
        finally:
            program.send_signal(signal.SIGINT)
        assert program.wait(60) == 0
    assert any(frame.fields[0] == "17" for frame in read_record(record.read_text().splitlines()))


def test_the_program_says_who_comes_and_goes_and_names_zones_as_windows_does(raw: Callable[..., Any]) -> None:
    options = ("-v", "--time-zone", "America/Chicago", "--windows-zone-names", "--start", "2023-03-08T15:00")
    with run_program(*options) as program:
        assert program.stdout is not None
        assert "listening on 127.0.0.1:" in program.stdout.readline()
        port = int(re.search(r":(\d+);", program.stdout.readline())[1])
        client = raw(SimpleNamespace(host="127.0.0.1", port=port), 7)
        program.send_signal(signal.SIGINT)
        said = program.stdout.read()
    assert re.fullmatch(r"20230308 09:\d\d:\d\d Central Standard Time", client.greeting[1])
    assert "client 7 connected: connection 1, server version 176" in said
    assert "client 7 disconnected" in said


def test_a_gateway_that_was_stopped_says_so() -> None:
    with simulated_gateway(sample_market(), GatewaySettings(port=0)) as gateway:
        pass
    with pytest.raises(BrokerClosed, match="was stopped"):
        gateway.advance(timedelta(hours=1))


def test_real_prices_are_served(real_data: Path) -> None:
    with run_program("--data", str(real_data), "--no-limits") as program:
        assert program.stdout is not None
        first = program.stdout.readline()
        try:
            port = int(re.search(r":(\d+);", first)[1])
            ib = ibi.IB()
            ib.connect("127.0.0.1", port, clientId=1, timeout=30)
            details = ib.reqContractDetails(ibi.Future("ZC", exchange="CBOT"))
            assert len(details) > 2
            bars = ib.reqHistoricalData(details[0].contract, "", "1 Y", "1 day", "TRADES", True)
            assert len(bars) > 50
            ib.disconnect()
        finally:
            program.send_signal(signal.SIGINT)
        assert program.wait(60) == 0
