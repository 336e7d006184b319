"""The command line, as `python -m brokerkit`."""

from brokerkit.cli import main

main()
