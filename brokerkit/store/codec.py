"""The contract's values as JSON text, and back as equal values.

Every field is written, also one at its default: a default that changes later does not change an order
that was stored before. What JSON has no word for is written as an object with the key `$`.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import attrs

from brokerkit.errors import BrokerkitError, InvalidArgument, StoreCorrupt
from brokerkit.spec.contract import FuturesContract, FxPair
from brokerkit.spec.money import Money
from brokerkit.spec.order import Order, OrderType, SpreadFill, TimeInForce
from brokerkit.spec.parameters import NoParameters

_TAG = "$"
_PLAIN = frozenset({str, int, float, bool, type(None)})
_RECORDS: dict[type[Any], tuple[str, ...]] = {
    kind: tuple(field.name for field in attrs.fields(kind)) for kind in (Order, FuturesContract, FxPair, Money)
}
_ENUMS: tuple[type[enum.Enum], ...] = (OrderType, TimeInForce, SpreadFill)


def dumps(value: object) -> str:
    """Return `value` as JSON text that `loads` turns back into an equal value.

    Raises:
        InvalidArgument: A value in it is of a type that the store does not keep; its place is named.

    Example:
        >>> dumps(Money("USD", "1.50"))
        '{"$":"Money","currency":"USD","amount":{"$":"Decimal","v":"1.50"}}'
        >>> loads(_)
        Money('USD', '1.50')
    """
    text = json.dumps(_encode(value, "value"), separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="backslashreplace").decode()  # JSON's own escape for half a character, which is no UTF-8


def loads(text: str) -> Any:
    """Return the value that `dumps` wrote.

    Raises:
        StoreCorrupt: It is no such text, or no valid value any more.
    """
    try:
        return json.loads(text, object_hook=_decode)
    except (ValueError, KeyError, TypeError, ArithmeticError, BrokerkitError) as error:
        raise StoreCorrupt(
            f"A stored value cannot be read: {error}",
            place=text if len(text) < 200 else f"{text[:200]} …",
            remedy="Was it written by another version of brokerkit, or changed by hand?",
        ) from error


def _encode(value: Any, where: str) -> Any:
    kind = type(value)
    if kind in _PLAIN:
        return value
    encode = _ENCODERS.get(kind)
    if encode is None:
        raise InvalidArgument(
            f"{where} is a {kind.__module__}.{kind.__qualname__}, which the store cannot keep.",
            remedy="Give plain values: str, int, float, bool, None, Decimal, date, datetime; in list, tuple or dict.",
        )
    return encode(value, where)


def _encode_record(value: Any, where: str) -> dict[str, Any]:
    kind = type(value)
    name = kind.__name__
    fields = {field: _encode(getattr(value, field), f"{name}.{field}") for field in _RECORDS[kind]}
    return {_TAG: name, **fields}


def _encode_dict(value: dict[Any, Any], where: str) -> dict[str, Any]:
    if all(type(key) is str for key in value) and _TAG not in value:
        return {key: _encode(item, f"{where}[{key!r}]") for key, item in value.items()}
    items = [[_encode(key, f"a key of {where}"), _encode(item, f"{where}[{key!r}]")] for key, item in value.items()]
    return {_TAG: "dict", "v": items}


def _encode_items(value: list[Any] | tuple[Any, ...], where: str) -> list[Any]:
    return [_encode(item, f"{where}[{index}]") for index, item in enumerate(value)]


_ENCODERS: dict[type[Any], Callable[[Any, str], Any]] = {
    list: _encode_items,
    tuple: lambda value, where: {_TAG: "tuple", "v": _encode_items(value, where)},
    dict: _encode_dict,
    NoParameters: lambda value, where: {},
    Decimal: lambda value, where: {_TAG: "Decimal", "v": str(value)},
    datetime: lambda value, where: {_TAG: "datetime", "v": value.isoformat()},
    date: lambda value, where: {_TAG: "date", "v": value.isoformat()},
    **dict.fromkeys(_RECORDS, _encode_record),
    **dict.fromkeys(_ENUMS, lambda value, where: {_TAG: type(value).__name__, "v": value.value}),
}

_DECODERS: dict[str, Callable[[Any], Any]] = {
    "tuple": tuple,
    "dict": dict,
    "Decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    **{kind.__name__: kind for kind in _ENUMS},
}
_RECORDS_BY_NAME = {kind.__name__: kind for kind in _RECORDS}


def _decode(node: dict[str, Any]) -> Any:
    name = node.pop(_TAG, None)
    if name is None:
        return node
    if name in _RECORDS_BY_NAME:
        return _RECORDS_BY_NAME[name](**node)
    return _DECODERS[name](node["v"])


def instant_text(instant: datetime) -> str:
    """Return an aware time as UTC text of one width, so that the order of texts is the order of times.

    Raises:
        InvalidArgument: The time has no time zone.
    """
    if instant.tzinfo is None:
        raise InvalidArgument(f"{instant} has no time zone.", remedy="Give an aware datetime, best in UTC.")
    return instant.astimezone(timezone.utc).isoformat(timespec="microseconds")


def instant(text: str) -> datetime:
    """Return the time, aware UTC, that `instant_text` wrote."""
    return datetime.fromisoformat(text)
