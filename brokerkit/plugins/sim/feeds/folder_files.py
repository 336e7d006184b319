"""The files of bars in a folder: one per contract, named by its instrument, its date, and optionally its frequency."""

from __future__ import annotations

import re
from pathlib import Path

import attrs

from brokerkit.errors import DataFileError, InvalidArgument
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

_FREQUENCIES = "|".join(one.value for one in Frequency)
_NAME = re.compile(rf"(?P<code>.+)_(?P<date>\d{{6}}|\d{{8}})(?:\.(?P<frequency>{_FREQUENCIES}))?\.(?:csv|parquet)")


@attrs.frozen
class BarFile:
    """A file of bars.

    Attributes:
        path: The file's path.
        contract: The contract of its bars.
        frequency: The frequency in its name; None if the times in it determine it.
    """

    path: Path
    contract: FuturesContract
    frequency: Frequency | None

    @property
    def is_parquet(self) -> bool:
        """Whether it is a Parquet file; otherwise it is a CSV file."""
        return self.path.suffix == ".parquet"


def bar_files(folder: Path) -> dict[str, dict[FuturesContract, tuple[BarFile, ...]]]:
    """Return the files of bars by instrument and contract, both in order; other files are ignored.

    Example:
        A folder with `CORN_202312.csv`, `CORN_202312.1h.csv` and `CORN_202403.parquet` has two
        contracts of one instrument, and two files of the first of them.

    Raises:
        DataFileError: A name has an invalid date, or two files have the same bars.
    """
    found: dict[FuturesContract, list[BarFile]] = {}
    for path in sorted(folder.iterdir()):
        match = _NAME.fullmatch(path.name)
        if match and path.is_file():
            one = _bar_file(path, match)
            found.setdefault(one.contract, []).append(one)
    chains: dict[str, dict[FuturesContract, tuple[BarFile, ...]]] = {}
    for contract in sorted(found, key=lambda one: (one.instrument_code, one.date)):
        _check_distinct(found[contract])
        chains.setdefault(contract.instrument_code, {})[contract] = tuple(found[contract])
    return chains


def _bar_file(path: Path, match: re.Match[str]) -> BarFile:
    try:
        contract = FuturesContract(match["code"], match["date"])
    except InvalidArgument as error:
        raise DataFileError(
            f"{match['date']} is not a contract's date.", place=str(path), remedy="Name it like CORN_202312.csv."
        ) from error
    return BarFile(path, contract, Frequency(match["frequency"]) if match["frequency"] else None)


def _check_distinct(files: list[BarFile]) -> None:
    first: dict[Frequency | None, BarFile] = {}
    for one in files:
        other = first.setdefault(one.frequency, one)
        if other is not one:
            raise DataFileError(
                f"{other.path.name} and {one.path.name} have the same bars.",
                place=str(one.path.parent),
                remedy="Remove one of them.",
            )
