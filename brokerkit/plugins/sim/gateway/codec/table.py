"""The documentation's table of messages, generated from the codec."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from brokerkit.plugins.sim.gateway.codec import DECLINED, REQUESTS, RESPONSES
from brokerkit.plugins.sim.gateway.codec.layout import NEVER, Gate
from brokerkit.plugins.sim.gateway.codec.message import Shape
from brokerkit.plugins.sim.gateway.codec.resolve import Branch, Choice, Gated, Optional, Plain, Resolved, Rows

MAX_FIELDS_LISTED = 12
"""Messages with more fields than this show only their number."""


def messages_table() -> str:
    """Return Markdown tables of every request, every response and every refused request."""
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
    yield "| id | message | error | what is not simulated |"
    yield "|---|---|---|---|"
    for number, one in sorted(DECLINED.items()):
        error = "" if one.ends_something else int(one.refusal.code)
        yield f"| {number} | {one.name} | {error} | {one.subject} |"


def _table(shapes: Iterable[Shape]) -> Iterator[str]:
    yield "| id | message | fields after the id | meaning |"
    yield "|---|---|---|---|"
    for shape in sorted(shapes, key=lambda one: one.id):
        yield f"| {shape.id} | {shape.name} | {fields_text(shape)} | {_summary(shape)} |"


def _summary(shape: Shape) -> str:
    return (shape.cls.__doc__ or "").strip().split("\n", 1)[0]


def fields_text(shape: Shape) -> str:
    """Return a message's fields in wire order, with gates and conditions."""
    texts = list(_fields(shape.items()))
    if len(texts) > MAX_FIELDS_LISTED:
        return f"{len(texts)} fields; see `{shape.cls.__module__.rpartition('.codec.')[2]}`"
    version = [] if shape.version is None else [f"version={shape.version}{_until(shape.version_before)}"]
    return ", ".join([*version, *texts]) or "none"


def _until(version: int) -> str:
    return "" if version == NEVER else f" (below {version})"


def _fields(items: Iterable[Resolved]) -> Iterator[str]:
    for item in items:
        if isinstance(item, Gated):
            yield from (f"{text} ({_gate(item.gate)})" for text in _fields(item.items))
        elif isinstance(item, Branch):
            yield from (f"{text} ({item.when})" for text in _fields(item.items))
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
    """Return a page with the tables between its two markers updated."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{messages_table()}\n\n{END}{after}"


def main(path: Path) -> None:
    """Update the tables of a page."""
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
