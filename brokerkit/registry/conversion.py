"""From what a configuration gives to what a setting is declared as: strict, and exact about what was wanted."""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from brokerkit.spec.secret import Secret

_WORDS: dict[Any, tuple[str, str]] = {
    bool: ("true or false", "true or false"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    Decimal: ("a number", "numbers"),
    str: ("text", "texts"),
    Secret: ("text", "texts"),
    Path: ("a path", "paths"),
    datetime: ("a date and time", "dates and times"),
    date: ("a date", "dates"),
    time: ("a time of day", "times of day"),
    type(None): ("nothing", "nothing"),
}
"""What a plain type takes, in words: one of it, and several."""

_TRUTHS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


class NotConvertible(ValueError):
    """A value is not what its setting is declared as; the text says what was wanted."""


def convert(value: Any, kind: Any, folder: Path | None = None) -> Any:
    """Return a value as its declared type, or refuse it.

    Nothing is guessed: `"4002"` is no whole number, and `1` is neither true nor text.

    Args:
        value: What a TOML file or a caller gave.
        kind: The declared type.
        folder: Where relative paths start.

    Raises:
        NotConvertible: It is something else.

    Example:
        >>> convert([1, 2], tuple[int, ...]), convert(1, float), convert("/tmp", Path)
        ((1, 2), 1.0, PosixPath('/tmp'))
    """
    if kind is Any or (kind is type(None) and value is None):
        return value
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _first_that_fits(value, get_args(kind), folder)
    if origin is Literal:
        return _one_of(value, {str(choice): choice for choice in get_args(kind)})
    if origin is not None:
        return _collection(value, kind, origin, folder)
    if isinstance(kind, type) and issubclass(kind, enum.Enum) and not isinstance(value, kind):
        return _one_of(value, {str(member.value): member for member in kind} | {m.name: m for m in kind})
    return _plain(value, kind, folder)


def parse(text: str, kind: Any, folder: Path | None = None) -> Any:
    """Return what a text, as an environment variable holds it, says for a declared type.

    Raises:
        NotConvertible: It says something else.

    Example:
        >>> parse("4002", int), parse("4002", str), parse("no", bool), parse("audit, risk", tuple[str, ...])
        (4002, '4002', False, ('audit', 'risk'))
    """
    for reading in _readings(text, kind):
        try:
            return convert(reading, kind, folder)
        except NotConvertible:
            continue
    raise NotConvertible(wanted(kind))


def literal(text: str) -> Any:
    """Return the value that a text means as TOML, or the text itself.

    Example:
        >>> literal("4002"), literal("false"), literal("DU1"), literal('"4002"')
        (4002, False, 'DU1', '4002')
    """
    import tomli  # here, because most brokers are opened without it

    try:
        return tomli.loads(f"value = {text}")["value"]
    except tomli.TOMLDecodeError:
        return text


def wanted(kind: Any) -> str:
    """Return in words what a declared type takes.

    Example:
        >>> wanted(int | None), wanted(tuple[str, ...])
        ('a whole number', 'a list of texts')
    """
    origin, parameters = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _either(parameters)
    if origin is Literal:
        return _among(parameters)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _among([member.value for member in kind])
    if origin is not None and issubclass(origin, Mapping):
        return f"a table of {_several(parameters[1])}"
    if origin is not None:
        return f"a list of {_several(parameters[0])}"
    return _WORDS[kind][0] if kind in _WORDS else getattr(kind, "__name__", str(kind))


def _among(choices: Iterable[Any]) -> str:
    shown = list(dict.fromkeys(map(repr, choices)))
    return f"one of {', '.join(shown)}" if len(shown) > 1 else shown[0]


def _several(kind: Any) -> str:
    return _WORDS[kind][1] if kind in _WORDS else wanted(kind)


def _either(choices: Sequence[Any]) -> str:
    return " or ".join(dict.fromkeys(wanted(choice) for choice in choices if choice is not type(None)))


def _readings(text: str, kind: Any) -> list[Any]:
    """Return what a text may mean, the likeliest first."""
    readings: list[Any] = []
    if text.lower() in _TRUTHS and _takes(kind, bool):
        readings.append(_TRUTHS[text.lower()])
    if any(_takes(kind, each) for each in (str, *_FROM) if each is not float):
        readings.append(text)  # as it stands, because TOML would round a Decimal on its way
    value = literal(text)
    readings.append([part.strip() for part in text.split(",") if part.strip()] if value is text else value)
    readings.append(text)
    return readings


def _takes(kind: Any, choice: type) -> bool:
    return kind is choice or (get_origin(kind) in (Union, types.UnionType) and choice in get_args(kind))


def _first_that_fits(value: Any, choices: Sequence[Any], folder: Path | None) -> Any:
    for choice in choices:
        try:
            return convert(value, choice, folder)
        except NotConvertible:
            continue
    raise NotConvertible(_either(choices))


def _one_of(value: Any, choices: Mapping[str, Any]) -> Any:
    for name, choice in choices.items():
        if value == choice or (isinstance(value, str) and value.casefold() == name.casefold()):
            return choice
    raise NotConvertible(_among(map(_shown, choices.values())))


def _shown(choice: Any) -> Any:
    return choice.value if isinstance(choice, enum.Enum) else choice


def _collection(value: Any, kind: Any, origin: Any, folder: Path | None) -> Any:
    parameters = get_args(kind)
    if issubclass(origin, Mapping):
        if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
            raise NotConvertible(wanted(kind))
        return dict(zip(value, _items(value.values(), parameters[1], kind, folder), strict=True))
    if isinstance(value, (str, Mapping)) or not isinstance(value, Collection):
        raise NotConvertible(wanted(kind))
    items = _items(value, parameters[0], kind, folder)
    return (origin if origin in (list, set, frozenset) else tuple)(items)


def _items(values: Iterable[Any], item_kind: Any, kind: Any, folder: Path | None) -> list[Any]:
    try:
        return [convert(value, item_kind, folder) for value in values]
    except NotConvertible:
        raise NotConvertible(wanted(kind)) from None  # what is shown beside it is the whole


def _plain(value: Any, kind: Any, folder: Path | None) -> Any:
    if not _is_one(value, kind):
        accepted, make = _FROM.get(kind, ((), None))
        if make is None or type(value) not in accepted:
            raise NotConvertible(wanted(kind))
        value = make(value)
    return _anchored(value, folder) if kind is Path else value


def _is_one(value: Any, kind: Any) -> bool:
    """Return whether a value is of a plain type; true is no number, and a moment is no date."""
    if not isinstance(kind, type) or (isinstance(value, bool) and kind is not bool):
        return False
    if isinstance(value, Decimal) and not value.is_finite():  # as TOML's nan and inf come out of the file
        return False
    return isinstance(value, kind) and not (kind is date and isinstance(value, datetime))


def _anchored(path: Path, folder: Path | None) -> Path:
    if any(character < " " for character in str(path)):  # in TOML, "C:\trading" has a tab
        raise NotConvertible(wanted(Path))
    try:
        path = path.expanduser()
    except RuntimeError:
        raise NotConvertible(wanted(Path)) from None
    return folder / path if folder is not None else path


def _decimal(value: Any) -> Decimal:
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        raise NotConvertible(wanted(Decimal)) from None
    if not number.is_finite():
        raise NotConvertible(wanted(Decimal))
    return number


def _from_iso(kind: Any) -> Callable[[Any], Any]:
    def read(text: Any) -> Any:
        try:
            return kind.fromisoformat(text)
        except ValueError:
            raise NotConvertible(wanted(kind)) from None

    return read


_FROM: dict[Any, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    float: ((int, Decimal), float),
    Decimal: ((int, float, str), _decimal),
    Secret: ((str,), Secret),
    Path: ((str,), Path),
    datetime: ((str,), _from_iso(datetime)),
    date: ((str,), _from_iso(date)),
    time: ((str,), _from_iso(time)),
}
"""For each plain type, the other types it may be given as, and how it is made from those."""
