"""What the tests of several areas share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from brokerkit import open_broker
from brokerkit.broker import Broker

REAL_DATA = Path(__file__).parents[2] / "shared" / "data" / "pysystemtrade"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real prices in pysystemtrade's layout, beside the clone; the test is skipped without it."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"no real prices: {REAL_DATA} is not there")
    return REAL_DATA


@pytest.fixture
def open_sim() -> Iterator[Callable[..., Broker]]:
    """Open simulated brokers, on a folder of prices or on synthetic ones; they are closed after the test."""
    with ExitStack() as opened:

        def open_one(data: Path | str = "synthetic", **settings: Any) -> Broker:
            return opened.enter_context(open_broker("sim", data=data, **settings))

        yield open_one


@pytest.fixture
def start_python() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start Python as a process on a script: `start_python(SCRIPT, argument …)`. None outlives the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, *map(str, arguments)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def outcome_in_a_child() -> Callable[[Callable[[], object]], str]:
    """Return a function that returns the name of the error that an action raises in a forked child, and a full stop."""

    def outcome(action: Callable[[], object]) -> str:
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            signal.alarm(10)  # a child that hangs is killed, and has told nothing
            raised = ""
            try:
                action()
            except BaseException as error:  # noqa: BLE001 because the parent is told whatever it is
                raised = type(error).__name__
            os.write(write_end, f"{raised}.".encode())
            os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end) as pipe:
            told = pipe.read()
        os.waitpid(child, 0)
        return told

    return outcome
