"""The settings of the simulated broker: the keys of its section in the configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import attrs

from brokerkit.errors import InvalidSetting

SYNTHETIC: Literal["synthetic"] = "synthetic"


def _is_positive(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not value > 0:
        raise InvalidSetting(f"{attribute.name} is {value}, but must be above 0.", remedy="Give a positive number.")


def _is_not_negative(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not 0 <= value < math.inf:
        raise InvalidSetting(f"{attribute.name} is {value}, but must be 0 or positive.", remedy="Give 0 or more.")


def _is_share(instance: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    if not 0 < value <= 1:
        raise InvalidSetting(
            f"{attribute.name} is {value}, but must be above 0 and at most 1.", remedy="Give a share, such as 0.5."
        )


def _is_aware(instance: object, attribute: attrs.Attribute[Any], value: datetime | None) -> None:
    if value is not None and value.tzinfo is None:
        raise InvalidSetting(
            f"{attribute.name} {value} has no time zone.", remedy="Add one, such as 2023-03-08T15:00:00Z."
        )


def _is_currency(instance: object, attribute: attrs.Attribute[Any], value: str) -> None:
    if not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
        raise InvalidSetting(
            f"{attribute.name} {value!r} is not a currency.", remedy="Give three capital letters, such as USD."
        )


def _are_names(instance: object, attribute: attrs.Attribute[Any], value: tuple[str, ...]) -> None:
    if not value or "" in value or len(set(value)) != len(value):
        raise InvalidSetting(
            f"{attribute.name} is {list(value)}.", remedy="Give at least one name, without duplicates."
        )


def _are_currencies(instance: object, attribute: attrs.Attribute[Any], value: Mapping[str, Decimal]) -> None:
    for currency in value:
        _is_currency(instance, attribute, currency)


@attrs.frozen(kw_only=True)
class SimSettings:
    """The settings of the simulated broker.

    Example:
        >>> SimSettings(seed=7).data
        'synthetic'
    """

    data: Literal["synthetic"] | Path = attrs.field(
        default=SYNTHETIC,
        metadata={"help": "where prices come from: 'synthetic', a folder of bars, or one in pysystemtrade's layout"},
    )
    seed: int = attrs.field(
        default=0,
        metadata={"help": "seed of everything random: the synthetic prices, and the exchange's own draws"},
        validator=_is_not_negative,
    )
    start: datetime | None = attrs.field(
        default=None,
        metadata={"help": "initial time of the clock, with a time zone; by default a time that suits the data"},
        validator=_is_aware,
    )
    state: Path | None = attrs.field(
        default=None,
        metadata={"help": "a file that keeps clock, orders, positions and cash, from which the simulation resumes"},
    )
    accounts: tuple[str, ...] = attrs.field(
        default=("SIM1",), metadata={"help": "names of the accounts, the default one first"}, validator=_are_names
    )
    cash: Mapping[str, Decimal] = attrs.field(
        default=MappingProxyType({"USD": Decimal(1_000_000)}),
        metadata={"help": "initial cash of each account, by currency"},
        validator=_are_currencies,
    )
    base_currency: str = attrs.field(
        default="USD", metadata={"help": "the currency in which margin is calculated"}, validator=_is_currency
    )
    speed: float = attrs.field(
        default=0.0,
        metadata={"help": "simulated seconds per real second; 0 leaves the clock to the caller"},
        validator=_is_not_negative,
    )
    volume_share: Decimal = attrs.field(
        default=Decimal("0.5"),
        metadata={"help": "the share of a bar's volume that orders may fill, above 0 and at most 1"},
        validator=_is_share,
    )
    assumed_volume: int = attrs.field(
        default=200, metadata={"help": "lots traded per minute, if the data has no volume"}, validator=_is_positive
    )
    slippage_ticks: int = attrs.field(
        default=0,
        metadata={"help": "ticks by which market orders and stops fill worse"},
        validator=_is_not_negative,
    )
    limit_fills_on_touch: bool = attrs.field(
        default=True,
        metadata={"help": "whether a limit fills if the price only touches it; otherwise it must pass it by a tick"},
    )
    latency_ms: float = attrs.field(
        default=0.0,
        metadata={"help": "milliseconds until orders, changes and cancels arrive"},
        validator=_is_not_negative,
    )
    outside_hours: Literal["hold", "refuse"] = attrs.field(
        default="hold", metadata={"help": "whether orders sent while a market is closed are held or refused"}
    )
    margin_percent: Decimal = attrs.field(
        default=Decimal(5),
        metadata={"help": "initial margin, in percent of a contract's value"},
        validator=_is_not_negative,
    )
    maintenance_percent: Decimal = attrs.field(
        default=Decimal(80),
        metadata={"help": "maintenance margin, in percent of the initial margin"},
        validator=_is_positive,
    )
