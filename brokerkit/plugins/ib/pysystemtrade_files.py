"""Converts a pysystemtrade configuration to a broker's section in TOML."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import attrs

from brokerkit.errors import BrokerkitError, ConfigFileError
from brokerkit.plugins.ib.hours_files import load_weekly_hours, read_mapping
from brokerkit.plugins.ib.instrument_table import InstrumentRow, InstrumentTable
from brokerkit.plugins.ib.table_files import read_fx, read_instruments

_FUTURES = ("ib_config_futures.csv", "ibConfigFutures.csv")
_FX = ("ib_config_spot_FX.csv", "ibConfigSpotFX.csv")
_HOURS = ("private_config_trading_hours.yaml", "ib_config_trading_hours.yaml")
_CONFIG = ("private_config.yaml", "defaults.yaml")
_BARE_KEY = re.compile("[A-Za-z0-9_-]+")
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@attrs.frozen
class Import:
    """The result of importing a pysystemtrade folder.

    Attributes:
        toml: A section for the configuration file.
        unmapped: The settings and rows that could not be mapped, each with the reason.
        files: The files that were read.
    """

    toml: str
    unmapped: tuple[str, ...]
    files: tuple[Path, ...]


def import_pysystemtrade(folder: Path, name: str = "ib") -> Import:
    """Convert a pysystemtrade configuration to a broker's section, and list what could not be mapped.

    Args:
        folder: The folder with its files, which may be in `private` or another subfolder.
        name: The name of the broker's section.

    Raises:
        ConfigFileError: The folder contains none of the files.
        DataFileError: A row of a table is damaged; file and line are named.
    """
    found = {kind: _find(folder, names) for kind, names in _KINDS.items()}
    files = tuple(path for path in found.values() if path is not None)
    if not files:
        raise ConfigFileError(
            f"{folder} contains no pysystemtrade configuration.",
            place=str(folder),
            remedy=f"Pass the folder that contains {_FUTURES[0]} or {_CONFIG[0]}.",
        )
    keys: dict[str, Any] = {"plugin": "ib"}
    unmapped: list[str] = []
    if found["config"]:
        _take_config(found["config"], keys, unmapped)
    if found["futures"]:
        keys["instruments_replaced_by"] = str(found["futures"].resolve())
        unmapped += _odd_instruments(read_instruments(found["futures"]))
    if found["fx"]:
        keys["fx_codes_replaced_by"] = str(found["fx"].resolve())
        unmapped += _odd_pairs(found["fx"])
    if found["hours"]:
        load_weekly_hours(str(found["hours"]))
        keys["trading_hours"] = str(found["hours"].resolve())
    return Import(_section(name, keys), tuple(unmapped), files)


_KINDS = {"config": _CONFIG, "futures": _FUTURES, "fx": _FX, "hours": _HOURS}


def _find(folder: Path, names: Iterable[str]) -> Path | None:
    """Return the first of several files that exists, preferring the one nearest to the top of the folder."""
    if not folder.is_dir():
        raise ConfigFileError(f"{folder} is not a folder.", place=str(folder))
    for name in names:
        found = sorted(folder.rglob(name), key=lambda path: (len(path.parts), path))
        if found:
            return found[0]
    return None


def _take_config(path: Path, keys: dict[str, Any], unmapped: list[str]) -> None:
    for name, value in read_mapping(path).items():
        if name in _MAPPED:
            key, convert = _MAPPED[name]
            try:
                keys[key] = convert(value)
            except ValueError as error:
                unmapped.append(f"{name}: {'it has no value' if value is None else error}")
        elif name == "GMT_offset_hours":
            unmapped.append(f"{name}: not needed; all times are UTC by the time zone database")
        else:
            unmapped.append(f"{name}: not a setting of the IB plugin ({path.name})")


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not a text")
    return value


def _whole_number(value: Any) -> int:
    text = str(value).strip()  # pysystemtrade accepts text
    if not text.isdecimal():
        raise ValueError(f"{value!r} is not a whole number")
    return int(text)


def _truth(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUTHS:
        raise ValueError(f"{value!r} is neither true nor false")
    return _TRUTHS[text]


_MAPPED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "ib_ipaddress": ("host", _text),
    "ib_port": ("port", _whole_number),
    "ib_readonly": ("read_only", _truth),
    "broker_account": ("account", _text),
    "ib_idoffset": ("client_id_first", _whole_number),
}


def _odd_instruments(rows: list[InstrumentRow]) -> list[str]:
    table = InstrumentTable(rows)
    problems = []
    for row in rows:
        try:
            table.row(row.code)
        except BrokerkitError as error:
            problems.append(f"{row.code}: {error.fact}")
        if row.multiplier is None:
            problems.append(f"{row.code}: no multiplier; IB's own is used for each contract")
    return list(dict.fromkeys(problems))


def _odd_pairs(path: Path) -> list[str]:
    return [
        f"{row.code}: read as {row.base}.{row.quote}, {'' if row.inverted else 'not '}inverted, unlike its code"
        for row in read_fx(path)
        if row.inverted != (row.code[:3] != row.base)
    ]


def _section(name: str, keys: dict[str, Any]) -> str:
    header = name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    values = {key: json.dumps(value, ensure_ascii=False) for key, value in keys.items()}  # here JSON is also TOML
    return "\n".join([f"[brokers.{header}]", *(f"{key} = {value}" for key, value in values.items()), ""])
