"""The register of messages, and decoding and encoding with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import attrs

from brokerkit.plugins.sim.gateway.codec.cursor import Cursor
from brokerkit.plugins.sim.gateway.codec.declined import declined
from brokerkit.plugins.sim.gateway.codec.errors import MessageError, UnknownMessageError
from brokerkit.plugins.sim.gateway.codec.framing import frame
from brokerkit.plugins.sim.gateway.codec.layout import NEVER, Item
from brokerkit.plugins.sim.gateway.codec.plan import Plan
from brokerkit.plugins.sim.gateway.codec.resolve import Resolved, resolve

C = TypeVar("C", bound=type)


@attrs.frozen
class Shape:
    """A message definition: its id, name, class, version field if it has one, and layout."""

    id: int
    name: str
    cls: type
    layout: tuple[Item, ...] = ()
    version: int | None = None
    version_before: int = NEVER
    since: int = 0

    def items(self) -> tuple[Resolved, ...]:
        """Return the message's items in wire order, without the id and version field."""
        return resolve(self.cls, self.layout)

    def has_version(self, server_version: int) -> bool:
        """Return whether a version field follows the id."""
        return self.version is not None and server_version < self.version_before


REQUESTS: dict[int, Shape] = {}
RESPONSES: dict[int, Shape] = {}
_BY_CLASS: dict[type, Shape] = {}


def request(id: int, name: str, *, layout: tuple[Item, ...] = (), version: int | None = None) -> Callable[[C], C]:  # noqa: A002 because the protocol calls it id
    """Register a class as a message from client to server."""
    return _register(REQUESTS, id, name, layout=layout, version=version)


def response(
    id: int,  # noqa: A002 because the protocol calls it id
    name: str,
    *,
    layout: tuple[Item, ...] = (),
    version: int | None = None,
    version_before: int = NEVER,
    since: int = 0,
) -> Callable[[C], C]:
    """Register a class as a message from server to client."""
    return _register(RESPONSES, id, name, layout=layout, version=version, version_before=version_before, since=since)


def _register(table: dict[int, Shape], number: int, name: str, **stated: Any) -> Callable[[C], C]:
    def register(cls: C) -> C:
        shape = Shape(number, name, cls, **stated)
        if table.setdefault(number, shape) is not shape:
            raise TypeError(f"message {number} is defined twice: {table[number].name} and {name}")
        _BY_CLASS[cls] = shape
        return cls

    return register


def shape_of(cls: type) -> Shape:
    """Return the shape of a registered message class."""
    return _BY_CLASS[cls]


_PLANS: dict[tuple[type, int], tuple[Plan, tuple[str, ...]]] = {}


def _plan(cls: type, server_version: int) -> tuple[Plan, tuple[str, ...]]:
    """Return a message's plan and first fields (id and version) at a server version, built on first use."""
    found = _PLANS.get((cls, server_version))
    if found is None:
        shape = _BY_CLASS[cls]
        head = (str(shape.id), str(shape.version)) if shape.has_version(server_version) else (str(shape.id),)
        found = _PLANS[cls, server_version] = (Plan.of(cls, shape.items(), server_version), head)
    return found


def fields_of(message: Any, server_version: int) -> list[str]:
    """Return a message's fields as text, its id first."""
    return _text(message, server_version).split("\0")


def encode(message: Any, server_version: int) -> bytes:
    """Return a message as one frame, ready to send."""
    return frame(_text(message, server_version))


def _text(message: Any, server_version: int) -> str:
    plan, head = _plan(type(message), server_version)
    out = list(head)
    plan.write(message, out)
    return "\0".join(out)


def decode_request(fields: list[str], server_version: int) -> Any:
    """Decode a client's request; raise `MessageError` if the fields are invalid."""
    return _decode(REQUESTS, fields, server_version)


def decode_response(fields: list[str], server_version: int) -> Any:
    """Decode a server's response; raise `MessageError` if the fields are invalid."""
    return _decode(RESPONSES, fields, server_version)


def _decode(table: dict[int, Shape], fields: list[str], server_version: int) -> Any:
    shape = _shape(table, fields)
    plan, head = _plan(shape.cls, server_version)
    cursor = Cursor(fields)
    cursor.take(len(head))
    message = plan.read(cursor)
    cursor.finish()
    return message


def _shape(table: dict[int, Shape], fields: list[str]) -> Shape:
    number = fields[0] if fields else ""
    shape = table.get(int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else None
    if shape is None:
        raise UnknownMessageError(f"{number[:60]!r} is not a supported message id")
    return shape


def request_id(fields: list[str]) -> int:
    """Return the request or order id of a request that may be malformed, or -1 if none can be found."""
    at = _index_of_id(fields)
    try:
        return -1 if at is None else int(fields[at][:10])
    except (IndexError, ValueError):
        return -1


def _index_of_id(fields: list[str]) -> int | None:
    refused = declined(fields)
    if refused is not None:
        return refused.id_at
    try:
        shape = _shape(REQUESTS, fields)
    except UnknownMessageError:
        return None
    first = next(iter(attrs.fields(shape.cls)), None)
    if first is None or first.name not in ("req_id", "order_id"):
        return None
    return 1 if shape.version is None else 2


__all__ = [
    "REQUESTS",
    "RESPONSES",
    "MessageError",
    "Shape",
    "decode_request",
    "decode_response",
    "encode",
    "fields_of",
    "request",
    "request_id",
    "response",
    "shape_of",
]
