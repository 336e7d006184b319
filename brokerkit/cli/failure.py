"""How an error leaves the command line: one clear message on stderr, or JSON there, and an exit code."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from brokerkit.cli.exit_codes import FAILED, INTERRUPTED, exit_code_of
from brokerkit.errors import BrokerkitError, closest_match

JSON_WANTED = "brokerkit.json"
"""The key of the click context's meta that says whether `--json` was given."""


@contextmanager
def failures_reported(ctx: click.Context) -> Iterator[None]:
    """Print whatever is raised inside as one message, and end with the exit code of its kind."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except KeyboardInterrupt as error:
        click.echo("Interrupted.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from error
    except BrokerkitError as error:
        _raise_if_traced(error)
        _report(error, as_json=bool(ctx.meta.get(JSON_WANTED)))
        raise click.exceptions.Exit(exit_code_of(error)) from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        _raise_if_traced(error)
        raise click.ClickException(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")) from error
    except Exception as error:  # the last place before a user would see a traceback
        _raise_if_traced(error)
        _report_bug(error)
        raise click.exceptions.Exit(FAILED) from error


def _raise_if_traced(error: Exception) -> None:
    if os.environ.get("BROKERKIT_TRACEBACK"):
        raise error


def _report(error: BrokerkitError, *, as_json: bool) -> None:
    click.echo(json.dumps(error.as_dict(), default=str) if as_json else _as_text(error), err=True)


def _report_bug(error: Exception) -> None:
    heading = click.style("Something unexpected happened:", fg="red", bold=True)
    click.echo(f"{heading} {type(error).__name__}: {error}", err=True)
    click.echo("  This is a bug. BROKERKIT_TRACEBACK=1 shows where; please report it.", err=True)


def _as_text(error: BrokerkitError) -> str:
    """Return fact and code on the first line, and place, closest match and remedy each below."""
    meant = closest_match(error.given, map(str, error.candidates)) if error.given else None
    lines = [
        f"{click.style('Error', fg='red', bold=True)} [{error.code}] {error.fact}",
        f"  where   {error.place}" if error.place else "",
        f"  meant   {meant}?" if meant else "",
        f"  known   {', '.join(map(str, error.candidates[:12]))}" if error.candidates and not meant else "",
        f"  broker  {error.broker_code or ''} {error.broker_message}".rstrip() if error.broker_message else "",
        f"  do      {error.remedy}" if error.remedy else "",
    ]
    return "\n".join(line for line in lines if line)
