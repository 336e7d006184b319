"""The messages as a table for the documentation, made from what the codec states."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from brokerkit.plugins.sim.gateway.codec import DECLINED, REQUESTS, RESPONSES
from brokerkit.plugins.sim.gateway.codec.layout import NEVER, Gate
from brokerkit.plugins.sim.gateway.codec.message import Shape
from brokerkit.plugins.sim.gateway.codec.resolve import Branch, Choice, Gated, Optional, Plain, Resolved, Rows

LONGEST = 12
"""Messages of more fields than this are told by their number of fields."""


def messages_table() -> str:
    """Return Markdown tables of every request, every answer and all that is refused."""
    return "\n".join(
        [
            "**From client to server**",
            "",
            *_table(REQUESTS.values()),
            "",
            "**From server to client**",
            "",
            *_table(RESPONSES.values()),
            "",
            "**Refused, under its own request id**",
            "",
            *_refused(),
        ]
    )


def _refused() -> Iterator[str]:
    yield "| id | message | what is not simulated |"
    yield "|---|---|---|"
    for number, one in sorted(DECLINED.items()):
        yield f"| {number} | {one.name} | {one.subject} |"


def _table(shapes: Iterable[Shape]) -> Iterator[str]:
    yield "| id | message | fields after the id | what it says |"
    yield "|---|---|---|---|"
    for shape in sorted(shapes, key=lambda one: one.id):
        yield f"| {shape.id} | {shape.name} | {fields_text(shape)} | {_summary(shape)} |"


def _summary(shape: Shape) -> str:
    return (shape.cls.__doc__ or "").strip().split("\n", 1)[0]


def fields_text(shape: Shape) -> str:
    """Return a message's fields in wire order, gates and conditions with them."""
    told = list(_fields(shape.items()))
    if len(told) > LONGEST:
        return f"{len(told)} stated; see `{shape.cls.__module__.rpartition('.codec.')[2]}`"
    version = [] if shape.version is None else [f"version={shape.version}{_until(shape.version_before)}"]
    return ", ".join([*version, *told]) or "none"


def _until(version: int) -> str:
    return "" if version == NEVER else f" (below {version})"


def _fields(items: Iterable[Resolved]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Gated):
            yield from (f"{told} ({_gate(item.gate)})" for told in _fields(item.items))
        elif isinstance(item, Branch):
            yield from (f"{told} ({item.when})" for told in _fields(item.items))
        else:
            yield _field(item)


def _gate(gate: Gate) -> str:
    return f"from {gate.since}" if gate.before == NEVER else f"below {gate.before}"


def _field(item: Resolved) -> str:
    if isinstance(item, Plain):
        return f"{item.path} {item.wire.name}"
    if isinstance(item, Rows):
        return f"{item.path}[n]"
    if isinstance(item, Choice):
        return f"{item.path}[n], each tagged"
    return f"{item.path}, if any" if isinstance(item, Optional) else "filler"


BEGIN, END = "<!-- messages: begin -->", "<!-- messages: end -->"


def with_table(page: str) -> str:
    """Return a page with the tables between its two markers as they are now."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{messages_table()}\n\n{END}{after}"


def main(path: Path) -> None:
    """Bring the tables of a page up to date."""
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
