"""The command line: thin, it parses, calls the public API, and prints. Nothing imports it."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line of this process and exit with its code."""
    from brokerkit.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that lacks a character shows a question mark, no error
            stream.reconfigure(errors="replace")
    app(prog_name="brokerkit")
