"""What a download notes of its instruments, so that a simulation on the folder trades the same contracts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from brokerkit.cli.price_folder import write_whole
from brokerkit.errors import BrokerkitError, DataFileError
from brokerkit.spec.contract import FuturesContract

if TYPE_CHECKING:
    from brokerkit import Broker

INSTRUMENTS_FILE = "instruments.csv"
_FROM_INSTRUMENT = (
    "broker_code", "exchange", "currency", "multiplier", "price_magnifier", "description", "asset_class",
)  # fmt: skip
_COLUMNS = ("instrument", *_FROM_INSTRUMENT, "tick_size", "commission")


def note_facts(broker: Broker, folder: Path, contracts: Iterable[FuturesContract]) -> dict[str, BrokerkitError]:
    """Add to a folder's `instruments.csv` the instruments that it does not have, and leave those that it has.

    Args:
        broker: Where the contracts' bars come from.
        folder: Where they are.
        contracts: The contracts; an instrument's facts are those of its last one.

    Returns:
        What went wrong, by instrument.

    Raises:
        DataFileError: The file that is there is not a table of instruments.
    """
    if not broker.supports("get_contract_object_with_broker_data"):
        return {}
    target = folder / INSTRUMENTS_FILE
    columns, rows = _read(target)
    known = {row["instrument"] for row in rows}
    last = {contract.instrument_code: contract for contract in sorted(contracts, key=str)}
    found, errors = [], {}
    for code, contract in last.items():
        if code in known:
            continue
        try:
            found.append(_facts(broker, contract))
        except BrokerkitError as error:
            errors[code] = error
    if found:
        _write(target, columns, [*rows, *found])
    return errors


def _facts(broker: Broker, contract: FuturesContract) -> dict[str, str]:
    data = broker.contracts.get_contract_object_with_broker_data(contract, allow_expired=True)
    facts = {name: _text(getattr(data.instrument, name)) for name in _FROM_INSTRUMENT}
    return {
        **facts,
        "instrument": contract.instrument_code,
        "tick_size": _text(data.tick_size),
        "commission": _commission(broker, contract, facts["currency"]),
    }


def _commission(broker: Broker, contract: FuturesContract, currency: str) -> str:
    """Return the commission of a lot; empty if the broker does not say, or charges it in another currency."""
    try:
        cost = broker.contracts.get_commission_for_contract(contract)
    except BrokerkitError:
        return ""
    return _text(cost.amount) if cost.currency == currency else ""


def _text(value: Decimal | str) -> str:
    return value if isinstance(value, str) else f"{value:f}"


def _read(target: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        text = target.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return list(_COLUMNS), []
    reader = csv.DictReader(io.StringIO(text), restval="")
    columns = list(reader.fieldnames or ())
    if "instrument" not in columns:
        raise DataFileError(
            "There is no column 'instrument'.", place=str(target), remedy="Mend the file, or delete it."
        )
    return [*columns, *(name for name in _COLUMNS if name not in columns)], list(reader)


def _write(target: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_whole(target, text.getvalue())
