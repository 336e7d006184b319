"""Start-up: what importing brokerkit, opening a broker and the command line cost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.figure import Figure, best_seconds
from brokerkit import open_broker

HEAVY = ("pandas", "numpy", "ib_insync", "sqlite_utils", "click", "rich")
ROUNDS = 15
EVERYTHING_LIGHT = "from brokerkit import open_broker, Order, FuturesContract, Frequency, hookimpl, errors"


def figures() -> Iterator[Figure]:
    """Measure them."""
    bare, plain, public = _best_runs([_python("pass"), _python("import brokerkit"), _python(EVERYTHING_LIGHT)])
    yield Figure("Python alone", _milliseconds(bare))
    yield Figure("`import brokerkit`, above that", _milliseconds(plain - bare), "≤ 60 ms", plain - bare <= 0.060)
    yield Figure("with `open_broker`, orders and contracts", _milliseconds(public - bare))
    loaded = _loaded(EVERYTHING_LIGHT)
    yield Figure(f"of {', '.join(HEAVY)} it imports", ", ".join(loaded) or "none", "none", not loaded)
    script = Path(sys.executable).with_name("brokerkit")
    (help_text,) = _best_runs([[str(script), "--help"]])
    yield Figure("`brokerkit --help`", _milliseconds(help_text), "≤ 0.3 s", help_text <= 0.3)
    (opening,) = best_seconds([_open_and_close], number=1, rounds=10)
    yield Figure("opening and closing the simulated broker", _milliseconds(opening))


def _open_and_close() -> None:
    open_broker("sim").close()


def _python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def _best_runs(commands: Sequence[Sequence[str]]) -> list[float]:
    """Return the shortest run of each command in seconds, the rounds of all interleaved."""
    best = [float("inf")] * len(commands)
    for _ in range(ROUNDS):
        for index, command in enumerate(commands):
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            best[index] = min(best[index], time.perf_counter() - started)
    return best


def _loaded(program: str) -> list[str]:
    """Return which heavy packages a program imports."""
    tell = f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(_python(tell), check=True, capture_output=True, text=True)
    return sorted(set(HEAVY) & set(json.loads(done.stdout)))


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:,.0f} ms"
