"""A click group that runs one of its commands when none is named."""

from __future__ import annotations

from typing import Any

import click


class DefaultGroup(click.Group):
    """A group in which `orders --json` means `orders list --json`.

    Args:
        default: The command that is meant when the first word is none of them.
    """

    def __init__(self, *args: Any, default: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command first where the words begin with an option or end."""
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = [self._default, *args]
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the group's own options, and after the commands those of the one that need not be named."""
        super().format_options(ctx, formatter)
        default = self.commands[self._default]
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        records = [
            record
            for parameter in default.get_params(ctx)
            if not own.intersection(parameter.opts) and (record := parameter.get_help_record(ctx)) is not None
        ]
        with formatter.section(f"Options of '{self._default}', which need not be named"):
            formatter.write_dl(records)
