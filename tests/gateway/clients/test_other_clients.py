"""Every client, unmodified: it makes every request that it has, and logs neither an error nor a message it cannot read.

What each client asked, and what it was told, is read from the gateway's own record of the session.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brokerkit.plugins.sim.gateway import SimulatedGateway
from brokerkit.plugins.sim.gateway.codec import REQUESTS, RESPONSES

NEVER_TOLD = {"securityDefinitionOptionParameter"}
"""Answers that the gateway has no occasion for: it has no options."""

Talk = Callable[..., Any]

ALL_REQUESTS = {shape.name for shape in REQUESTS.values()}
ALL_ANSWERS = {shape.name for shape in RESPONSES.values()} - NEVER_TOLD


def test_ib_insync(talk: Talk) -> None:
    said = talk(Path(sys.executable), "session_of_ib.py", "ib_insync")
    assert (ALL_REQUESTS - said.asked, ALL_ANSWERS - said.told) == (set(), set())


def test_ib_async(ib_async_python: Path, talk: Talk) -> None:
    said = talk(ib_async_python, "session_of_ib.py", "ib_async")
    assert (ALL_REQUESTS - said.asked, ALL_ANSWERS - said.told) == (set(), set())


def test_the_official_client(ibapi_python: Path, talk: Talk) -> None:
    said = talk(ibapi_python, "session_of_ibapi.py", "157")
    assert ALL_REQUESTS - said.asked == {"reqUserInfo"}, "version 9.81.1 has no other gap"
    assert ALL_ANSWERS - said.told == {"userInfo", "historicalSchedule"}, "schedules came with version 165"


def test_version_10_of_the_official_client(ibapi_10_python: Path, talk: Talk) -> None:
    said = talk(ibapi_10_python, "session_of_ibapi.py", "178")
    assert (ALL_REQUESTS - said.asked, ALL_ANSWERS - said.told) == (set(), set())


def test_a_client_killed_in_mid_frame_hurts_nobody(gateway: SimulatedGateway, connect: Callable[..., Any]) -> None:
    program = (
        "import signal, socket, struct, sys\n"
        "s = socket.create_connection((sys.argv[1], int(sys.argv[2])))\n"
        "s.sendall(b'API\\0' + struct.pack('>I', 9) + b'v157..176')\n"
        "s.recv(100)\n"
        "s.sendall(struct.pack('>I', 8) + b'71\\x002\\x007\\0\\0')\n"
        "s.recv(100)\n"
        "s.sendall(struct.pack('>I', 500) + b'3\\x001\\0half')\n"
        "print('ready', flush=True)\n"
        "signal.pause()\n"
    )
    command = [sys.executable, "-c", program, gateway.host, str(gateway.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        victim.send_signal(signal.SIGKILL)
    survivor = connect(gateway, 7)
    assert survivor.reqCurrentTime()
    assert gateway.call(lambda g: len(g.sessions())) == 1
