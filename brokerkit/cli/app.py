"""The `brokerkit` command: its sections, and the table of commands that are imported only when run."""

from __future__ import annotations

import click

from brokerkit.cli.exit_codes import EXIT_CODE_HELP
from brokerkit.cli.lazy_group import LazyGroup

# One line a command: its name, and what the help says of it. The module is brokerkit/cli/commands/NAME.py
# (a hyphen becomes an underscore), and its click command is called `command`.
SECTIONS = {
    "Start here": {
        "demo": "Run a complete example and explain each step.",
        "init": "Write a commented starter configuration.",
        "brokers": "List the brokers that can be opened by name.",
        "doctor": "Check a broker's set-up step by step, and say how to fix each failure.",
    },
    "Look": {
        "fx": "Show exchange rates, and the cash held in each currency.",
        "instruments": "Show what can be traded, with brokerkit's codes and the broker's symbols.",
        "contracts": "Show an instrument's contracts, or the details of one.",
        "prices": "Show bars, quotes or ticks of a contract.",
        "download": "Save the bars of many contracts to Parquet or CSV; resumes after an interruption.",
    },
    "Account": {
        "capital": "Show the value of the accounts.",
        "positions": "Show open positions.",
        "orders": "Show, place, change and cancel orders.",
    },
    "Write a plugin": {
        "new": "Write a package for a plugin NAME: installable, typed, and passing its tests.",
        "check": "Test broker NAME against the contract, and print a verdict.",
        "diff": "Run SCENARIO on brokers FIRST and SECOND, and print where the results differ.",
    },
    "Simulate": {
        "gateway": "Serve the simulated exchange as an IB Gateway, for any IB client to connect to.",
        "scenario": "Run scenario FILES on the simulated exchange, and show where the results are not as expected.",
    },
    "Upkeep": {
        "client-ids": "Show which process holds each client id; release or clear them.",
        "import-pysystemtrade": "Convert a pysystemtrade set-up to a section, and say what could not be mapped.",
        "completion": "Print a shell completion script.",
    },
}

_EPILOG = "\b\nExit codes:\n" + EXIT_CODE_HELP


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    package="brokerkit.cli.commands",
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="brokerkit", message="brokerkit %(version)s")
def app() -> None:
    """One typed contract between trading strategies and any broker.

    Commands that ask a broker take --broker NAME, --data FOLDER, --set KEY=VALUE and --json. Without
    --broker they ask the simulated broker, so nothing here touches real money by accident.
    """
