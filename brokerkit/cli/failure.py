"""How an error leaves the command line: one clear message on stderr, or JSON there, and an exit code."""

from __future__ import annotations

import errno
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import click

from brokerkit.cli.exit_codes import FAILED, INTERRUPTED, exit_code_of
from brokerkit.errors import BrokerkitError, ConfigWarning, closest_match

JSON_WANTED = "brokerkit.json"
"""The key of the click context's meta that says whether `--json` was given."""


@contextmanager
def failures_reported(ctx: click.Context) -> Iterator[None]:
    """Print whatever is raised inside as one message, and end with the exit code of its kind."""
    try:
        with _warnings_told():
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


@contextmanager
def _warnings_told() -> Iterator[None]:
    """Print warnings about the configuration as messages; others as Python does."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", ConfigWarning)
        print_as_python_does = warnings.showwarning

        def tell(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            file: TextIO | None = None,
            line: str | None = None,
        ) -> None:
            if issubclass(category, ConfigWarning):
                click.echo(f"{click.style('Warning', fg='yellow', bold=True)} {message}", err=True)
            else:
                print_as_python_does(message, category, filename, lineno, file, line)

        warnings.showwarning = tell
        yield


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
    known = list(map(str, error.candidates))
    meant = closest_match(error.given, known) if error.given else None
    listed = known and not meant and not all(name in error.remedy for name in known)
    lines = [
        f"{click.style('Error', fg='red', bold=True)} [{error.code}] {error.fact}",
        f"  where   {error.place}" if error.place else "",
        f"  meant   {meant}?" if meant else "",
        f"  known   {_some(known)}" if listed else "",
        f"  broker  {error.broker_code or ''} {error.broker_message}".rstrip() if error.broker_message else "",
        f"  do      {error.remedy}" if error.remedy else "",
    ]
    return "\n".join(line for line in lines if line)


def _some(names: list[str]) -> str:
    """Return the first dozen of some names, and how many more there are."""
    more = f", and {len(names) - 12} more" if len(names) > 12 else ""
    return f"{', '.join(names[:12])}{more}"
