"""The fuzzer that the documentation names runs, and finds nothing in its first moments."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_mutated_frames_break_nothing() -> None:
    command = [sys.executable, "-m", "bench.gateway_fuzz", "--seconds", "2", "--seed", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "nothing found" in done.stdout
