"""`brokerkit completion`: the script that completes commands in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from brokerkit.cli.app import app


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a shell completion script.

    \b
    bash:  echo 'eval "$(brokerkit completion bash)"' >> ~/.bashrc
    zsh:   echo 'eval "$(brokerkit completion zsh)"' >> ~/.zshrc
    fish:  brokerkit completion fish > ~/.config/fish/completions/brokerkit.fish
    """
    completer = get_completion_class(shell)
    if completer is None:
        raise click.ClickException(f"click has no completion for {shell}.")
    click.echo(completer(app, {}, "brokerkit", "_BROKERKIT_COMPLETE").source())
