"""What is said on stderr beside a result: lines for a person, with `--json` one JSON document a line."""

from __future__ import annotations

import json

import click

JSON_WANTED = "brokerkit.json"
"""The key of the click context's meta that says whether `--json` was given."""


def json_is_wanted() -> bool:
    """Return whether the command under way was given `--json`."""
    ctx = click.get_current_context(silent=True)
    return bool(ctx is not None and ctx.meta.get(JSON_WANTED))


def note(text: str, *, kind: str = "note", style: str = "") -> None:
    """Tell something that is neither a result nor an error.

    Args:
        text: What to tell.
        kind: What it is called in JSON, and ahead of the text where it has a style.
        style: The colour of that word; empty for the text alone.
    """
    if json_is_wanted():
        click.echo(json.dumps({kind: text}), err=True)
    elif style:
        click.echo(f"{click.style(kind.capitalize(), fg=style, bold=True)} {text}", err=True)
    else:
        click.echo(text, err=True)
