"""`brokerkit import-pysystemtrade`: a pysystemtrade set-up, as a broker's section."""

from __future__ import annotations

from pathlib import Path

import click

from brokerkit.cli.confirm import confirm, yes_option
from brokerkit.cli.options import json_option
from brokerkit.cli.output import print_json
from brokerkit.plugins.ib.pysystemtrade_files import import_pysystemtrade
from brokerkit.registry.config_file import FILE_NAME


@click.command("import-pysystemtrade")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", default="ib", show_default=True, help="The name to give the broker.")
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path(FILE_NAME),
    show_default=True,
    help="The file to write; - prints the section.",
)
@yes_option
@json_option
def command(folder: Path, name: str, file: Path, yes: bool, as_json: bool) -> None:
    """Convert a pysystemtrade set-up to a section, and say what could not be mapped.

    FOLDER contains ib_config_futures.csv, private_config.yaml and so on. The tables are not copied: the
    section refers to them where they are.
    """
    found = import_pysystemtrade(folder, name)
    if as_json:
        print_json(found)
        return
    if str(file) == "-":
        click.echo(found.toml, nl=False)
    else:
        if file.exists():
            confirm(f"{file} exists. Overwrite it?", yes=yes)
        file.write_text(found.toml, encoding="utf-8")
        click.echo(f"Written to {file}, from {', '.join(path.name for path in found.files)}.")
    if found.unmapped:
        click.echo(f"\nNot mapped, {len(found.unmapped)}:", err=True)
        for each in found.unmapped:
            click.echo(f"  {each}", err=True)
