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
