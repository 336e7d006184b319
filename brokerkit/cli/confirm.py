"""Asking before something is done that cannot be undone, or that may cost money."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from brokerkit.cli.notes import json_is_wanted
from brokerkit.errors import InvalidArgument
from brokerkit.spec.capital import AccountKind

if TYPE_CHECKING:
    from brokerkit import Broker


def yes_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--yes`; it receives `yes`: do not ask."""
    return click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")(function)


def somebody_can_be_asked() -> bool:
    """Return whether a person is there to answer: at a terminal, and reading more than JSON."""
    return not json_is_wanted() and sys.stdin.isatty()


def confirm(question: str, *, yes: bool) -> None:
    """Ask on stderr and go on; end the process with exit code 1 when the answer is no.

    Raises:
        InvalidArgument: Nobody can be asked.
    """
    if yes:
        return
    if not somebody_can_be_asked():
        raise InvalidArgument(
            f"This has to be confirmed, and there is nobody to ask: {question}",
            remedy="Give --yes, or run the command in a terminal and without --json.",
        )
    click.confirm(question, abort=True, err=True)


def confirm_trade(broker: Broker, action: str, *, yes: bool) -> None:
    """Ask before an action on anything but a simulation, and say which kind of account it is.

    Raises:
        InvalidArgument: Nobody can be asked.
    """
    kind = broker.account_kind
    if kind is not AccountKind.SIMULATED:
        confirm(f"{action} on broker '{broker.name}', a {kind.value} account?", yes=yes)
