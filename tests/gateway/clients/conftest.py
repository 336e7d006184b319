"""Interpreters with other IB clients, each in an environment of its own: ib_async and ib_insync collide."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from brokerkit.plugins.sim.gateway import EagerClock, GatewaySettings, Limits, sample_market, simulated_gateway
from brokerkit.plugins.sim.gateway.codec import REQUESTS, RESPONSES
from brokerkit.plugins.sim.gateway.recorder import Recorder, read_record
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.order import Order, OrderType, TimeInForce

SCRIPTS = Path(__file__).parent / "scripts"
MINUTES = 4
BY_HAND = Order(
    FuturesContract("SP500", "202312"), (1,), OrderType.LIMIT, limit_price=4000, time_in_force=TimeInForce.GTC
)


def _make(folder: Path, *packages: str) -> Path:
    """Return the interpreter of a new environment with some packages; skip the test if they cannot be had."""
    python = folder / "bin" / "python"
    uv = shutil.which("uv")
    if uv:
        steps = [[uv, "venv", "-q", "--python", sys.executable, str(folder)]]
        steps.append([uv, "pip", "install", "-q", "--python", str(python), *packages])
    else:
        steps = [[sys.executable, "-m", "venv", str(folder)]]
        steps.append([str(python), "-m", "pip", "install", "-q", *packages])
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, timeout=60 * MINUTES, check=False)
        if done.returncode:
            pytest.skip(f"{packages[0]} cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return python


@pytest.fixture(scope="session")
def ib_async_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter that has ib_async."""
    return _make(tmp_path_factory.mktemp("ib_async") / "venv", "ib_async>=2,<3")


@pytest.fixture(scope="session")
def ibapi_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter that has the official client as IB last put it on PyPI."""
    return _make(tmp_path_factory.mktemp("ibapi") / "venv", "ibapi==9.81.1.post1")


@pytest.fixture(scope="session")
def ibapi_10_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter that has the official client's version 10, which Nautilus puts on PyPI."""
    return _make(tmp_path_factory.mktemp("ibapi_10") / "venv", "nautilus-ibapi==10.46.1", "protobuf")


@attrs.frozen
class Conversation:
    """What a client and a gateway said to each other: the names of the messages of each."""

    asked: set[str]
    told: set[str]


@pytest.fixture
def talk() -> Callable[..., Conversation]:
    """Return a function that runs a client's script against a gateway of its own, and returns what was said.

    An order placed by hand rests at the exchange. The script must end well, and say that it is done.
    """

    def run(python: Path, script: str, *arguments: str) -> Conversation:
        record = io.StringIO()
        settings = GatewaySettings(port=0, limits=Limits.none())
        market = sample_market(days=1)
        with simulated_gateway(market, settings, clock=EagerClock(), recorder=Recorder(record)) as gateway:
            gateway.call(lambda served: served.exchange.submit(BY_HAND, client_id=0))
            command = [str(python), str(SCRIPTS / script), *arguments, gateway.host, str(gateway.port)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
            assert (done.returncode, done.stdout) == (0, "done\n"), done.stdout + done.stderr
        frames = list(read_record(record.getvalue().splitlines()))
        asked = {REQUESTS[int(frame.fields[0])].name for frame in frames if frame.from_client}
        told = {RESPONSES[int(frame.fields[0])].name for frame in frames if not frame.from_client}
        return Conversation(asked, told)

    return run
