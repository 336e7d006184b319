"""The same calls and seed give the same bytes: in another process, on any Python, whatever PYTHONHASHSEED."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs" / "trading_hour.py"
ROOT = PROGRAM.parents[3]
HASH = "587 3112e81512672a27ff2244e53325fd059b6f8e33c1e4930694357f47ba4a6567"
"""Lines and hash of the hour's event log. When the rules change, look at what differs, and write the new one here."""


def hour(python: str, hash_seed: str, **more: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, **more}
    done = subprocess.run([python, PROGRAM], env=environment, capture_output=True, text=True, check=True, timeout=120)
    return done.stdout.strip()


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_an_hour_of_trading_is_the_same_in_every_process(hash_seed: str) -> None:
    assert hour(sys.executable, hash_seed) == HASH


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14"])
def test_an_hour_of_trading_is_the_same_on_every_python(version: str) -> None:
    named = os.environ.get("PYTHONS_TO_COMPARE", "").split(os.pathsep)
    found = [path for path in (*named, shutil.which(f"python{version}") or "") if path and _is(path, version)]
    if not found:
        pytest.skip(f"no Python {version} here has numpy and attrs; name one in PYTHONS_TO_COMPARE")
    assert hour(found[0], "7", PYTHONPATH=str(ROOT)) == HASH


def _is(python: str, version: str) -> bool:
    asked = "import sys, attrs, numpy, pluggy, tomli; print('%d.%d' % sys.version_info[:2])"
    answer = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False, timeout=60)
    return answer.stdout.strip() == version
