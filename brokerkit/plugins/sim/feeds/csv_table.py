"""Small tables in CSV files, such as instruments and their facts: one row per name, cells by column."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import attrs

from brokerkit.errors import DataFileError
from brokerkit.plugins.sim.feeds.csv_columns import not_csv

_NOT_GIVEN = ("", "NA", "nan", "NaN")
_CURRENCY = re.compile("[A-Z]{3}")
_DAYS = re.compile("[+-]?[0-9]{1,4}")


@attrs.frozen
class Row:
    """A row of a table, and its place.

    Attributes:
        cells: Its cells, by column.
        place: The file and the row's number; the header is row 1.
    """

    cells: Mapping[str, str]
    place: str

    def text(self, column: str, default: str = "") -> str:
        """Return a cell, or the default if it is empty or `NA`, or the column is missing."""
        cell = self.cells.get(column, "").strip()
        return default if cell in _NOT_GIVEN else cell

    def number(self, column: str, default: Decimal, *, may_be_zero: bool = False) -> Decimal:
        """Return a cell as a finite number above 0 (or at least 0), or the default, as for `text`.

        Raises:
            DataFileError: The cell is not such a number.
        """
        cell = self.text(column)
        if not cell:
            return default
        try:
            found = Decimal(cell)
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite() or found < 0 or (found == 0 and not may_be_zero):
            least = "of at least 0" if may_be_zero else "above 0"
            raise DataFileError(f"{column} is {cell!r}, which is not a number {least}.", place=self.place)
        return found

    def currency(self, column: str, default: str) -> str:
        """Return a cell as a currency, or the default, as `text` does.

        Raises:
            DataFileError: It is not three capital letters.
        """
        cell = self.text(column, default)
        if cell and not _CURRENCY.fullmatch(cell):
            raise DataFileError(
                f"{column} is {cell!r}, which is not a currency.",
                place=self.place,
                remedy="Give three capital letters, such as USD.",
            )
        return cell

    def day_count(self, column: str) -> int | None:
        """Return a cell as a number of days, or None, where `text` returns the default.

        Raises:
            DataFileError: It is no whole number, or one of many years.
        """
        cell = self.text(column)
        if not cell:
            return None
        if not _DAYS.fullmatch(cell):
            raise DataFileError(f"{column} is {cell!r}, which is not a whole number of days.", place=self.place)
        return int(cell)


def read_table(path: Path, key: str) -> dict[str, Row]:
    """Return the rows of a CSV file by the name in one column; none if the file does not exist.

    Raises:
        DataFileError: The file is damaged, lacks the column, or has a name twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return _rows(path, csv.DictReader(lines), key)
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise DataFileError("The file is not UTF-8.", place=str(path), remedy="Save it as UTF-8.") from error
    except csv.Error as error:
        raise not_csv(path, error) from error
    except OSError as error:
        raise DataFileError(f"Cannot be read: {error.strerror}.", place=str(path)) from error


def _rows(path: Path, reader: csv.DictReader[str], key: str) -> dict[str, Row]:
    header = reader.fieldnames or []
    if key not in header:
        raise DataFileError(f"Column {key!r} is missing.", place=f"{path}, row 1")
    found: dict[str, Row] = {}
    for cells in reader:
        place = f"{path}, row {reader.line_num}"
        if None in cells or None in cells.values():
            raise DataFileError(f"The row does not have {len(header)} cells, as the header does.", place=place)
        name = cells[key].strip()
        if not name or name in found:
            fact = f"{name!r} occurs twice." if name else f"{key} is empty."
            raise DataFileError(fact, place=place, remedy="Give each name once.")
        found[name] = Row(cells, place)
    return found
