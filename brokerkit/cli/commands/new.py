"""`brokerkit new`: a package for a new broker plugin."""

from __future__ import annotations

from pathlib import Path

import click

from brokerkit.conformance.scaffold import write_plugin


@click.command("new")
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to write it; by default brokerkit-NAME.")
def command(name: str, folder: Path | None) -> None:
    """Write a package for a plugin NAME: installable, typed, and passing its tests.

    Every hook is declined as planned at first; implement them one by one.
    """
    place = folder or Path(f"brokerkit-{name}")
    for file in write_plugin(name, place):
        click.echo(f"wrote {file}")
    click.echo(f"\nNext:\n  cd {place}\n  pip install -e '.[dev]'\n  brokerkit check {name}")
