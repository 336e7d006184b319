"""Values of the contract as plain ones, ready for JSON, with secrets masked."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import attrs

from brokerkit.errors import BrokerkitError
from brokerkit.spec.secret import Secret


def plain(value: Any, mask: Callable[[str], str] = str) -> Any:
    """Return a value as dicts, lists, texts, numbers, booleans and None.

    Exact numbers become texts, so that nothing is rounded. A table of prices becomes its size. What
    names an order becomes its `order_ref`. Anything else becomes its repr.

    Args:
        value: Any argument or result of a hook.
        mask: Makes the secrets in a text unreadable.

    Example:
        >>> from brokerkit import Money
        >>> plain([Money("USD", "10.50"), float("nan")])
        [{'currency': 'USD', 'amount': '10.50'}, 'nan']
    """
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, str):
        return mask(str(value))
    if isinstance(value, Mapping):
        return {mask(str(key)): plain(item, mask) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, mask) for item in value]
    return _plain_object(value, mask)


def _plain_object(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, enum.Enum):
        return plain(value.value, mask)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (Decimal, Secret)):
        return mask(str(value))
    if isinstance(value, BrokerkitError):
        return plain(value.as_dict(), mask)
    if attrs.has(type(value)):
        fields = [field.name for field in attrs.fields(type(value)) if not field.name.startswith("_")]
        return {name: plain(getattr(value, name), mask) for name in fields}
    if hasattr(value, "shape"):
        return {"type": type(value).__name__, "shape": list(value.shape)}
    if isinstance(getattr(value, "order_ref", None), str):
        return {"type": type(value).__name__, "order_ref": value.order_ref}
    return mask(repr(value))
