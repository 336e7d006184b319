"""brokerkit from this tree with its exchange compiled to C, to be run beside the plain one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.exchange_market import ROOT


def install_compiled(folder: Path) -> None:
    """Build brokerkit with a compiled exchange, and install it into a folder, without its dependencies.

    Raises:
        CalledProcessError: There is no C compiler, or pip fails otherwise; it has written why to stderr.
    """
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), str(ROOT)]
    environment = {**os.environ, "HATCH_BUILD_HOOK_ENABLE_CUSTOM": "true"}
    subprocess.run(command, env=environment, check=True)
