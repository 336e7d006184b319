"""The command line: thin, it parses, calls the public API, and prints. Nothing imports it."""

from __future__ import annotations


def main() -> None:
    """Run the command line of this process and exit with its code."""
    from brokerkit.cli.app import app

    app(prog_name="brokerkit")
