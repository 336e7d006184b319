"""How an error leaves the command line: one clear message on stderr, or JSON there, and an exit code."""

from __future__ import annotations

import errno
import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

import click

from brokerkit.cli.exit_codes import FAILED, INTERRUPTED, exit_code_of
from brokerkit.cli.notes import JSON_WANTED, note
from brokerkit.errors import BrokerkitError, ConfigWarning, InvalidArgument, closest_match

_KEYWORD = "keyword argument"
"""Where a setting stands that a program gave; on the command line that was `--set`."""

_REMEDIES = {
    errno.EACCES: "Choose a place that you may use, or change its permissions.",
    errno.EPERM: "Choose a place that you may use, or change its permissions.",
    errno.EROFS: "Choose a place that can be written to.",
    errno.EISDIR: "Name a file, not a folder.",
    errno.ENOTDIR: "A file is where a folder should be: choose another place.",
    errno.EEXIST: "A file is where a folder should be: choose another place.",
    errno.ENOENT: "Check how it is spelt; each folder above it must exist.",
    errno.ENOSPC: "Make room on the disk, or choose a place on another.",
}


@contextmanager
def failures_reported(ctx: click.Context) -> Iterator[None]:
    """Print whatever is raised inside as one message, and end with the exit code of its kind."""
    words = tuple(ctx.args)
    if os.environ.get("NO_COLOR"):
        ctx.color = False
    try:
        with _warnings_told():
            yield
    except (click.exceptions.Exit, click.Abort):
        raise
    except click.ClickException as error:
        if not _wants_json(error, ctx, words):
            raise
        _report_as_json(type(error).__name__, error.format_message(), _help_on(error))
        raise click.exceptions.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        if ctx.meta.get(JSON_WANTED):
            _report_as_json("Interrupted", "Interrupted.")
        else:
            click.echo("Interrupted.", err=True)
        raise click.exceptions.Exit(INTERRUPTED) from error
    except BrokerkitError as error:
        _end_with(error, ctx, error)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        if error.filename is not None:
            _end_with(_about_a_file(error), ctx, error)
        _raise_if_traced(error)
        if ctx.meta.get(JSON_WANTED):
            _report_as_json(type(error).__name__, str(error.strerror or error))
            raise click.exceptions.Exit(FAILED) from error
        raise click.ClickException(str(error.strerror or error)) from error
    except Exception as error:  # the last place before a user would see a traceback
        _raise_if_traced(error)
        _report_bug(error, as_json=bool(ctx.meta.get(JSON_WANTED)))
        raise click.exceptions.Exit(FAILED) from error


def _wants_json(error: click.ClickException, ctx: click.Context, words: tuple[str, ...]) -> bool:
    """Return whether the command was given `--json`, also where its words were wrong before that was read."""
    if ctx.meta.get(JSON_WANTED):
        return True
    command = error.ctx.command if isinstance(error, click.UsageError) and error.ctx else None
    takes_json = isinstance(command, click.Group) or any(
        parameter.name == "as_json" for parameter in (command.params if command is not None else ())
    )
    return takes_json and "--json" in words


def _help_on(error: click.ClickException) -> str:
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    return f"See '{ctx.command_path} --help'." if ctx is not None else ""


def _about_a_file(error: OSError) -> BrokerkitError:
    """Return what the system says of a file as an error with a place and a remedy."""
    return InvalidArgument(
        f"{error.strerror or error}.",
        place=str(error.filename),
        remedy=_REMEDIES.get(error.errno or 0, ""),
    )


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
                note(str(message), kind="warning", style="yellow")
            else:
                print_as_python_does(message, category, filename, lineno, file, line)

        warnings.showwarning = tell
        yield


def _raise_if_traced(error: Exception) -> None:
    if os.environ.get("BROKERKIT_TRACEBACK"):
        raise error


def _end_with(error: BrokerkitError, ctx: click.Context, cause: Exception) -> NoReturn:
    _raise_if_traced(cause)
    if error.place == _KEYWORD:
        error.place = f"--set {error.given}".rstrip()
    click.echo(json.dumps(error.as_dict(), default=str) if ctx.meta.get(JSON_WANTED) else _as_text(error), err=True)
    raise click.exceptions.Exit(exit_code_of(error)) from cause


def _report_as_json(error: str, message: str, remedy: str = "") -> None:
    """Print what is no error of brokerkit's with the words that all its errors have."""
    click.echo(
        json.dumps({"error": error, "code": None, "message": message, "fact": message, "remedy": remedy}), err=True
    )


def _report_bug(error: Exception, *, as_json: bool) -> None:
    advice = "This is a bug. BROKERKIT_TRACEBACK=1 shows where; please report it."
    if as_json:
        _report_as_json(type(error).__name__, str(error), advice)
        return
    heading = click.style("Something unexpected happened:", fg="red", bold=True)
    click.echo(f"{heading} {type(error).__name__}: {error}", err=True)
    click.echo(f"  {advice}", err=True)


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
