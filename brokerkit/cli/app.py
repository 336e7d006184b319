"""The `brokerkit` command: its sections, and the table of commands that are imported only when run."""

from __future__ import annotations

import click

from brokerkit.cli.exit_codes import EXIT_CODE_HELP
from brokerkit.cli.lazy_group import LazyGroup

# One line a command: its name, and what the help says of it. The module is brokerkit/cli/commands/NAME.py
# (a hyphen becomes an underscore), and its click command is called `command`.
SECTIONS = {
    "Start here": {
        "demo": "Run the main job in one go and tell its story.",
        "init": "Write a commented starter configuration.",
        "brokers": "List the brokers that can be opened by name.",
        "doctor": "Check a broker step by step, and say what to do about each failure.",
    },
    "Look": {
        "fx": "Show exchange rates, and the cash held in each currency.",
        "instruments": "Show what can be traded, under our code and the broker's.",
        "contracts": "Show an instrument's contracts, or the facts of one.",
        "prices": "Show bars, quotes or ticks of a contract.",
        "download": "Save the bars of many contracts to Parquet or CSV; resumes after an interruption.",
    },
    "Account": {
        "capital": "Show what the accounts are worth.",
        "positions": "Show what is held.",
        "orders": "Show, place, change and cancel orders.",
    },
    "Write a plugin": {
        "new": "Write a package for a plugin NAME: installable, typed, tested, green at once.",
        "check": "Prove broker NAME against the contract, and print a verdict.",
        "diff": "Run SCENARIO on brokers FIRST and SECOND, and print where what they tell parts.",
    },
    "Simulate": {
        "gateway": "Serve the simulated exchange as an IB Gateway; any IB client connects to it.",
        "scenario": "Run scenario FILES on the simulated exchange, and show what is not as they expect.",
    },
    "Upkeep": {
        "client-ids": "Show who holds which client id, release or clear them.",
        "import-pysystemtrade": "Write a pysystemtrade set-up as a broker's section, and say what could not be mapped.",
        "completion": "Print the script that completes commands in your shell.",
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

    Every command that asks a broker takes --broker NAME, --data FOLDER, --set KEY=VALUE and --json.
    Without --broker it asks the simulated broker, so nothing here can touch real money by accident.
    """
