"""Reads instrument tables: the shipped CSV files, the user's, and pysystemtrade's unchanged."""

from __future__ import annotations

import csv
import functools
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

from brokerkit.errors import ConfigFileError, DataFileError
from brokerkit.plugins.ib.contract_rules import RULES, rule_for_pysystemtrade
from brokerkit.plugins.ib.instrument_table import FxRow, FxTable, InstrumentRow, InstrumentTable

R = TypeVar("R", InstrumentRow, FxRow)
Cells = dict[str, str]
_INSTRUMENT_HEADERS = (
    ({"code", "symbol", "exchange"}, {"Instrument", "IBSymbol", "IBExchange"}),
    "code,symbol,exchange,currency,multiplier,price_magnifier,contract_rule",
)
_FX_HEADERS = (
    ({"code", "base", "quote", "inverted"}, {"CODE", "CCY1", "CCY2", "INVERT"}),
    "code,base,quote,inverted",
)
_NOT_GIVEN = {"", "NA", "NaN", "nan"}


def load_instruments(added: str = "", replacing: str = "") -> InstrumentTable:
    """Return the instrument table: the shipped rows, with the user's added or replacing them.

    Args:
        added: A CSV file whose rows are added, and replace shipped ones with the same code.
        replacing: A CSV file that replaces the shipped table.

    Raises:
        ConfigFileError: A file cannot be read.
        DataFileError: A row is damaged; file and line are named.
    """
    rows = read_instruments(Path(replacing)) if replacing else _shipped("futures.csv", _instrument)
    own = read_instruments(Path(added)) if added else []
    codes = {row.code for row in own}
    return InstrumentTable([row for row in rows if row.code not in codes] + own)


def load_fx(added: str = "", replacing: str = "") -> FxTable:
    """Return the table of currency pairs, built like the instrument table."""
    rows = read_fx(Path(replacing)) if replacing else _shipped("fx.csv", _fx)
    return FxTable([*rows, *(read_fx(Path(added)) if added else [])])


def read_instruments(path: Path) -> list[InstrumentRow]:
    """Return the rows of a CSV file in our format or that of pysystemtrade's `ib_config_futures.csv`."""
    return _read(path, _instrument)


def read_fx(path: Path) -> list[FxRow]:
    """Return the rows of a CSV file in our format or that of pysystemtrade's `ib_config_spot_FX.csv`."""
    return _read(path, _fx)


@functools.cache  # the shipped tables do not change
def _shipped(name: str, make: Callable[[Cells, str], R]) -> Sequence[R]:
    text = pkgutil.get_data("brokerkit.plugins.ib.data", name)
    if text is None:
        raise DataFileError(f"The table {name} that ships with the plugin cannot be read.", place=name)
    return tuple(_rows(text.decode("utf-8").splitlines(), name, make))


def _read(path: Path, make: Callable[[Cells, str], R]) -> list[R]:
    try:
        with path.expanduser().open(encoding="utf-8-sig", newline="") as lines:
            return list(_rows(lines, str(path), make))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigFileError(f"Cannot read the instrument table: {error}.", place=str(path)) from error


def _rows(lines: Iterable[str], name: str, make: Callable[[Cells, str], R]) -> Iterator[R]:
    reader = csv.DictReader(lines, restval="")
    needed, usual = _INSTRUMENT_HEADERS if make is _instrument else _FX_HEADERS
    if not any(form <= set(reader.fieldnames or ()) for form in needed):
        raise DataFileError(
            "The table has unknown columns.", place=f"{name}, line 1", remedy=f"Make its header `{usual}`."
        )
    try:
        for cells in reader:
            yield make(cells, f"{name}, line {reader.line_num}")
    except (csv.Error, ValueError) as error:
        place = f"{name}, line {reader.line_num}"
        raise DataFileError(f"A row of the table is damaged: {error}.", place=place) from error


def _instrument(cells: Cells, place: str) -> InstrumentRow:
    return _from_pysystemtrade(cells, place) if "IBSymbol" in cells else _from_our_form(cells, place)


def _from_our_form(cells: Cells, place: str) -> InstrumentRow:
    rule = (cells.get("contract_rule") or "").strip()
    if rule and rule not in RULES:
        raise ValueError(f"contract_rule {rule!r} is not one of {', '.join(RULES)}")
    return InstrumentRow(
        code=_text(cells["code"]),
        symbol=_text(cells["symbol"]),
        exchange=_text(cells["exchange"]),
        currency=_optional(cells.get("currency")),
        multiplier=_number(cells.get("multiplier")),
        price_magnifier=_number(cells.get("price_magnifier")) or Decimal(1),
        contract_rule=rule,
        description=(cells.get("description") or "").strip(),
        asset_class=(cells.get("asset_class") or "").strip(),
        place=place,
    )


def _from_pysystemtrade(cells: Cells, place: str) -> InstrumentRow:
    code = _text(cells["Instrument"])
    return InstrumentRow(
        code=code,
        symbol=_text(cells["IBSymbol"]),
        exchange=_text(cells["IBExchange"]),
        currency=_optional(cells.get("IBCurrency")),
        multiplier=_number(cells.get("IBMultiplier")),
        price_magnifier=_number(cells.get("priceMagnifier")) or Decimal(1),
        contract_rule=rule_for_pysystemtrade(
            code, ignore_weekly=(cells.get("IgnoreWeekly") or "").strip().upper() == "TRUE"
        ),
        place=place,
    )


def _fx(cells: Cells, place: str) -> FxRow:
    old = "CCY1" in cells
    code = _text(cells["CODE" if old else "code"])
    if len(code) != 6:
        raise ValueError(f"{code!r} is not a six-letter code ({place})")
    base = _text(cells["CCY1" if old else "base"])
    inverted = _text(cells["INVERT" if old else "inverted"]).upper()
    if inverted not in {"YES", "NO", "TRUE", "FALSE"}:
        raise ValueError(f"{inverted!r} is neither YES nor NO")
    return FxRow(code, base, _text(cells["CCY2" if old else "quote"]), inverted in {"YES", "TRUE"})


def _text(cell: str) -> str:
    text = cell.strip()
    if not text:
        raise ValueError("a cell is empty")
    return text


def _optional(cell: str | None) -> str:
    text = (cell or "").strip()
    return "" if text in _NOT_GIVEN else text


def _number(cell: str | None) -> Decimal | None:
    text = _optional(cell)
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number <= 0:
        raise ValueError(f"{text!r} is not a positive number")
    return number
