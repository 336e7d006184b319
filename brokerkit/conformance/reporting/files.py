"""The files that a report is written to: whether it can be, and what is said when it could not."""

from __future__ import annotations

import os
from pathlib import Path

from brokerkit.errors import InvalidArgument


def unwritable(file: Path) -> str:
    """Return why nothing can be written to a file, as far as can be told without trying; empty when it can.

    Example:
        >>> unwritable(Path.cwd()), unwritable(Path.cwd() / "reports" / "sim.json")
        ('it is a folder', '')
    """
    if file.is_dir():
        return "it is a folder"
    nearest = next(each for each in (file, *file.parents) if each.exists())
    if nearest != file and not nearest.is_dir():
        return f"{nearest} is no folder"
    return "" if os.access(nearest, os.W_OK) else f"{nearest} may not be written to"


def write_report(file: Path, text: str) -> None:
    """Write a report's file, and the folders that it is in.

    Raises:
        InvalidArgument: It cannot be written there.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise InvalidArgument(
            f"The report could not be written: {error.strerror or error}.",
            place=str(file),
            remedy="Name a file that can be written, and run again.",
        ) from error
