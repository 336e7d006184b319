"""A click group that imports a command only when it is run, and turns errors into one message."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from brokerkit.cli.failure import failures_reported
from brokerkit.errors import closest_match

Sections = Mapping[str, Mapping[str, str]]


class LazyGroup(click.Group):
    """A group whose help, completion and misspelling advice need no command's code.

    Args:
        sections: Heading to commands, each a name and its line of help.
        package: Where the commands' modules are.
    """

    def __init__(self, *args: Any, sections: Sections, package: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sections = sections
        self._package = package
        self._summaries = {name: summary for commands in sections.values() for name, summary in commands.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order that the help shows them."""
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, imported now; None when there is none."""
        if cmd_name not in self._summaries:
            return None
        module = importlib.import_module(f"{self._package}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the first argument names, or say which was meant."""
        name = args[0]
        if name not in self._summaries and not name.startswith("-") and not ctx.resilient_parsing:
            meant = closest_match(name, self._summaries)
            hint = f" Did you mean '{meant}'?" if meant else " See 'brokerkit --help' for all commands."
            ctx.fail(f"No such command '{name}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section."""
        widest = max(map(len, self._summaries))
        for heading, commands in self._sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(widest), summary) for name, summary in commands.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands, and the options, that begin with what is typed."""
        commands = [CompletionItem(n, help=s) for n, s in self._summaries.items() if n.startswith(incomplete)]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; every error leaves as one message and an exit code."""
        with failures_reported(ctx):
            return super().invoke(ctx)
