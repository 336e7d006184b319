"""Wire types: how a value is written as a text field of the TWS protocol, and read back.

A wire type is a name and two functions. Messages name theirs in their annotations: `price: Number`.
The protocol's unset value, which it writes in four ways, is `None` here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Generic, TypeVar

import attrs

from brokerkit.plugins.sim.gateway.codec.errors import MessageError

T = TypeVar("T")

MAX_INT = 2147483647
MAX_LONG = 9223372036854775807
MAX_DOUBLE = "1.7976931348623157E308"
INFINITE = "Infinite"
_UNSET_INTS = frozenset({"", str(MAX_INT), str(MAX_LONG), str(-MAX_LONG - 1)})
_DIGITS = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 330  # the largest double written out has 309 digits
_UNSET_DOUBLE = float(MAX_DOUBLE)


@attrs.frozen(eq=False)
class WireType(Generic[T]):
    """The encoding of one kind of value: `read` parses a field's text, `write` formats it."""

    name: str
    read: Callable[[str], T]
    write: Callable[[T], str]


def _bad(kind: str, text: str) -> MessageError:
    return MessageError(f"{text[:60]!r} is not {kind}")


def _read_int(text: str) -> int:
    """Read a whole number as a gateway does, in 32 bits."""
    if not text:
        return 0
    value = _whole(text)
    if not -MAX_INT - 1 <= value <= MAX_INT:
        raise _bad("a whole number of 32 bits", text)
    return value


def _whole(text: str) -> int:
    if _DIGITS.fullmatch(text):
        return int(text)
    value = _read_number(text)
    if not value.is_integer():
        raise _bad("a whole number", text)
    return int(value)


def _read_number(text: str) -> float:
    if not text:
        return 0.0
    if text == INFINITE:
        return math.inf
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST_NUMBER:
        raise _bad("a number", text)
    return float(text)


def _read_flag(text: str) -> bool:
    if text in ("1", "true", "True"):
        return True
    if text in ("", "0", "false", "False"):
        return False
    return bool(_read_int(text))


def _unset_int(text: str) -> int | None:
    return None if text in _UNSET_INTS else _read_int(text)


def _unset_long(text: str) -> int | None:
    return None if text in _UNSET_INTS else _whole(text)


def _unset_number(text: str) -> float | None:
    if not text:
        return None
    value = _read_number(text)
    return None if value == _UNSET_DOUBLE else value


def write_number(value: float) -> str:
    """Format a number with every digit it needs and no exponent; infinity as `Infinite`, every zero as `0.0`."""
    text = repr(value + 0.0)
    if "e" in text:
        return format(Decimal(text), "f")
    if "n" in text:  # inf, -inf, nan
        if value == math.inf:
            return INFINITE
        raise _bad("a number that can be sent", text)
    return text


def write_size(value: float) -> str:
    """Format a size: whole sizes without a fraction, as the official clients require."""
    if value == math.inf:
        return INFINITE
    return str(int(value)) if value == value and float(value).is_integer() else write_number(value)


def write_text(value: str) -> str:
    """Format text in 7-bit ASCII: other characters escaped, NUL (which would end the field) dropped."""
    if value.isascii():
        return value.replace("\0", "") if "\0" in value else value
    return value.replace("\0", "").encode("ascii", "backslashreplace").decode("ascii")


def _same(text: str) -> str:
    return text


def _or_blank(write: Callable[[T], str], blank: str = "") -> Callable[[T | None], str]:
    def write_or_blank(value: T | None) -> str:
        return blank if value is None else write(value)

    return write_or_blank


def _write_flag(value: bool) -> str:
    return "1" if value else "0"


INT: WireType[int] = WireType("int", _read_int, str)
NUMBER: WireType[float] = WireType("double", _read_number, write_number)
SIZE: WireType[float] = WireType("size", _read_number, write_size)
TEXT: WireType[str] = WireType("text", _same, write_text)
FLAG: WireType[bool] = WireType("bool", _read_flag, _write_flag)
MAYBE_INT: WireType[int | None] = WireType("int?", _unset_int, _or_blank(str))
MAYBE_NUMBER: WireType[float | None] = WireType("double?", _unset_number, _or_blank(write_number))
MAX_INT_OR: WireType[int | None] = WireType("int max", _unset_int, _or_blank(str, str(MAX_INT)))
MAX_LONG_OR: WireType[int | None] = WireType("long max", _unset_long, _or_blank(str, str(MAX_LONG)))
MAX_NUMBER_OR: WireType[float | None] = WireType("double max", _unset_number, _or_blank(write_number, MAX_DOUBLE))
MAX_SIZE_OR: WireType[float | None] = WireType("size max", _unset_number, _or_blank(write_size, MAX_DOUBLE))

Int = Annotated[int, INT]
Number = Annotated[float, NUMBER]
Size = Annotated[float, SIZE]
Text = Annotated[str, TEXT]
Flag = Annotated[bool, FLAG]
MaybeInt = Annotated[int | None, MAYBE_INT]
MaybeNumber = Annotated[float | None, MAYBE_NUMBER]
MaxInt = Annotated[int | None, MAX_INT_OR]
MaxLong = Annotated[int | None, MAX_LONG_OR]
MaxNumber = Annotated[float | None, MAX_NUMBER_OR]
MaxSize = Annotated[float | None, MAX_SIZE_OR]
