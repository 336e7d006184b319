"""ib_async and the official client, unmodified: they connect, look and trade, and log no message they cannot read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from brokerkit.plugins.sim.gateway import SimulatedGateway

Run = Callable[[Path, str, SimulatedGateway], str]


def test_ib_async(gateway: SimulatedGateway, ib_async_python: Path, run_client: Run) -> None:
    assert run_client(ib_async_python, "session_of_ib_async.py", gateway) == "done\n"


def test_the_official_client(gateway: SimulatedGateway, ibapi_python: Path, run_client: Run) -> None:
    assert run_client(ibapi_python, "session_of_ibapi.py", gateway) == "done\n"


def test_a_client_killed_in_mid_frame_hurts_nobody(gateway: SimulatedGateway, connect: Callable[..., Any]) -> None:
    import signal
    import subprocess
    import sys

    program = (
        "import socket, struct, sys, time\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "s.sendall(b'API\\0' + struct.pack('>I', 9) + b'v157..176')\n"
        "s.recv(100)\n"
        "s.sendall(struct.pack('>I', 8) + b'71\\x002\\x007\\0\\0')\n"
        "s.recv(100)\n"
        "s.sendall(struct.pack('>I', 500) + b'3\\x001\\0half')\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, gateway.host, str(gateway.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        victim.send_signal(signal.SIGKILL)
    survivor = connect(gateway, 7)
    assert survivor.reqCurrentTime()
    assert gateway.call(lambda g: len(g.sessions())) == 1
