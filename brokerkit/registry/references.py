"""Secrets by reference: `{env = ...}`, `{file = ...}`, `{command = ...}`, looked up when a broker is opened."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_origin

from brokerkit.errors import SecretUnavailable

COMMAND_TIMEOUT = 60.0
"""Seconds that a command may take to print a secret: a person may have to unlock a vault."""

_KINDS = ("env", "file", "command")


def is_reference(value: object, kind: Any) -> bool:
    """Return whether a configured value refers to a secret, rather than being a table of the declared type."""
    return isinstance(value, Mapping) and len(value) == 1 and next(iter(value)) in _KINDS and not takes_table(kind)


def takes_table(kind: Any) -> bool:
    """Return whether a setting of that declared type is itself a table."""
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def resolve(reference: Mapping[str, Any], folder: Path | None, place: str) -> str:
    """Return the secret that a reference leads to.

    Args:
        reference: One of the three forms.
        folder: Where a relative file starts.
        place: Where the reference stands, for errors.

    Raises:
        SecretUnavailable: It leads to nothing.
    """
    kind, target = next(iter(reference.items()))
    if kind == "env":
        return _from_environment(target, place)
    if kind == "file":
        return _from_file(target, folder, place)
    return _from_command(target, place)


def _from_environment(variable: Any, place: str) -> str:
    if not isinstance(variable, str) or not os.environ.get(variable):
        raise SecretUnavailable(
            f"The environment variable {variable!r} is not set.", place=place, remedy="Set it, then open the broker."
        )
    return os.environ[variable]


def _from_file(target: Any, folder: Path | None, place: str) -> str:
    path = Path(str(target))
    try:
        path = (folder or Path()) / path.expanduser()
        text = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, ValueError, RuntimeError) as error:
        raise SecretUnavailable(
            f"The secret's file {path} cannot be read: {_reason(error)}.",
            place=place,
            remedy="Correct the path, or the file's permissions.",
        ) from error
    if not text:
        raise SecretUnavailable(f"The secret's file {path} is empty.", place=place, remedy="Write the secret into it.")
    return text


def _from_command(target: Any, place: str) -> str:
    command = _words(target, place)
    if not command:
        raise SecretUnavailable("The secret's command is empty.", place=place, remedy="Write a program to run.")
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=COMMAND_TIMEOUT, check=True, text=True)
    except UnicodeDecodeError:
        raise _command_failed(command, "printed something that is not text", place) from None
    except (OSError, ValueError) as error:
        raise _command_failed(command, f"cannot be run: {_reason(error)}", place) from error
    except subprocess.TimeoutExpired:
        raise _command_failed(command, f"did not finish within {COMMAND_TIMEOUT:g} s", place) from None
    except subprocess.CalledProcessError as error:
        raise _command_failed(command, f"ended with exit code {error.returncode}", place) from None
    text = done.stdout.strip("\r\n")
    if not text:
        raise _command_failed(command, "printed nothing", place)
    return text


def _words(target: Any, place: str) -> list[str]:
    if isinstance(target, list):
        return [str(part) for part in target]
    try:
        return shlex.split(str(target))
    except ValueError as error:
        raise SecretUnavailable(
            f"The secret's command cannot be split into words: {_reason(error)}.",
            place=place,
            remedy="Close its quotes, or write it as a list of words.",
        ) from None


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "it is not text"
    return str((error.strerror if isinstance(error, OSError) else error) or error).rstrip(".")


def _command_failed(command: list[str], fact: str, place: str) -> SecretUnavailable:
    # Only the program is named: an argument may itself be worth hiding.
    return SecretUnavailable(
        f"The secret's command {command[0]!r} {fact}.", place=place, remedy="Run it in a terminal to see why."
    )
