"""`brokerkit init`: a commented starter configuration."""

from __future__ import annotations

from pathlib import Path

import click

from brokerkit.cli.confirm import confirm, yes_option
from brokerkit.cli.options import json_option
from brokerkit.cli.output import print_json
from brokerkit.cli.starter_config import starter_config
from brokerkit.registry.config_file import FILE_NAME, places


@click.command("init")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--user", is_flag=True, help="Write to your configuration folder instead.")
@yes_option
@json_option
def command(file: Path | None, user: bool, yes: bool, as_json: bool) -> None:
    """Write a commented starter configuration.

    It is written to FILE, or to brokerkit.toml in this folder, where brokerkit looks for it. It lists every
    setting of every installed plugin, with its default and its meaning.
    """
    if file is not None and user:
        raise click.UsageError("Give FILE or --user, not both.")
    target = file or (places()[-1] if user else Path(FILE_NAME))
    if target.exists():
        confirm(f"{target} exists. Overwrite it?", yes=yes)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(starter_config(), encoding="utf-8")
    if as_json:
        print_json({"file": target.absolute()})
    else:
        click.echo(f"Written to {target}. Change what you need, then run 'brokerkit doctor --broker practice'.")
