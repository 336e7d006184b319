"""A folder of downloaded bars: one file a contract, each whole or not there, so that a download can go on."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import DataFileError, InvalidArgument, MissingDependency
from brokerkit.spec.contract import FuturesContract
from brokerkit.spec.prices import Frequency

if TYPE_CHECKING:
    import pandas as pd

_REQUEST_FILE = "download.json"


@attrs.frozen
class Request:
    """What a folder's files were asked for; a second download into it must ask the same.

    Attributes:
        broker: The broker's name.
        data: Where its prices come from, in its own words.
        frequency: The length of a bar, such as `1d`.
        start: The first time asked for; empty for as far back as there is.
        end: The time asked up to; empty for up to then.
        file_format: `csv` or `parquet`.
    """

    broker: str
    data: str
    frequency: str
    start: str
    end: str
    file_format: str


@attrs.frozen
class PriceFolder:
    """A folder with one file of bars a contract, named `INSTRUMENT_DATE.csv`, `INSTRUMENT_DATE.1h.csv` or `.parquet`.

    Attributes:
        path: The folder.
        request: What its files are asked for.
        replaced: What the files were asked for that are to be replaced; None when there are none.
    """

    path: Path
    request: Request
    replaced: Request | None = None

    @classmethod
    def opened(cls, path: Path, request: Request, *, refresh: bool = False) -> PriceFolder:
        """Return the folder, made if need be.

        Raises:
            InvalidArgument: It holds a download of something else.
            DataFileError: The note of what was asked for is damaged.
            MissingDependency: Parquet was asked for and pyarrow is not installed.
        """
        _check_format(request.file_format)
        path.mkdir(parents=True, exist_ok=True)
        note = path / _REQUEST_FILE
        replaced = _request_before(note) if refresh else None
        if note.exists() and not refresh:
            _check_same(note, request)
        write_whole(note, json.dumps(attrs.asdict(request), indent=2) + "\n")
        return cls(path, request, replaced)

    def file_of(self, contract: FuturesContract) -> Path:
        """Return where a contract's bars are, or will be."""
        return self._file_of(contract, self.request)

    def _file_of(self, contract: FuturesContract, request: Request) -> Path:
        # Where bars are missing, the times alone do not say how long a bar inside a day is.
        length = "" if request.frequency == Frequency.DAY.value else f".{request.frequency}"
        return self.path / f"{contract.instrument_code}_{contract.date}{length}.{request.file_format}"

    def save(self, contract: FuturesContract, bars: pd.DataFrame) -> Path:
        """Write a contract's bars and return the file; a crash leaves the whole file or none."""
        target = self.file_of(contract)
        part = target.with_name(target.name + ".part")
        if self.request.file_format == "parquet":
            bars.to_parquet(part)
        else:
            bars.to_csv(part, date_format="%Y-%m-%dT%H:%M:%SZ")
        part.replace(target)
        if self.replaced is not None and (old := self._file_of(contract, self.replaced)) != target:
            old.unlink(missing_ok=True)
        return target


def _check_same(note: Path, request: Request) -> None:
    before = _asked_before(note)
    now = attrs.asdict(request)
    differing = [name for name in now if before.get(name) != now[name]]
    if differing:
        words = ", ".join(f"{name} {before.get(name)!r}, now {now[name]!r}" for name in differing)
        raise InvalidArgument(
            f"The folder holds a download of something else: {words}.",
            place=str(note),
            remedy="Choose another folder, or give --refresh to start over.",
        )


def _asked_before(note: Path) -> dict[str, object]:
    try:
        before = json.loads(note.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DataFileError(
            f"{note.name} is damaged: {error}.", place=str(note), remedy="Give --refresh to start over."
        ) from error
    return before if isinstance(before, dict) else {}


def _request_before(note: Path) -> Request | None:
    try:
        before = _asked_before(note)
    except (OSError, DataFileError):
        return None  # there is none, or nobody can read it
    return Request(**{name: str(before.get(name, "")) for name in attrs.fields_dict(Request)})


def write_whole(target: Path, text: str) -> None:
    """Write a text to a file; a crash leaves the whole file, or what was there before."""
    part = target.with_name(target.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(target)


def _check_format(file_format: str) -> None:
    if file_format != "parquet":
        return
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingDependency(
            "Parquet needs pyarrow, which is not installed.",
            remedy="pip install 'brokerkit[parquet]', or use --format csv.",
        )
