"""How cells are laid out in the width there is: a table where all of it fits, else one record below the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

_GAP = 3
_TIGHT_GAP = 2
UNKNOWN = "-"
"""How a cell is written that has nothing in it."""


@attrs.frozen
class Column:
    """A column: its heading, and the least and the most that it takes of the width.

    Names and numbers are never broken, because they are copied and compared; only words wrap.
    """

    heading: str
    cells: Sequence[Text]
    to_the_right: bool

    @property
    def most(self) -> int:
        """The width in which nothing wraps."""
        return max(Text(self.heading).cell_len, *(text.cell_len for text in self.cells))

    @property
    def least(self) -> int:
        """The width in which no word, and no name or number, is broken."""
        if self.to_the_right or not any(" " in text.plain for text in self.cells):
            return self.most
        return max(Text(word).cell_len for text in (self.heading, *map(str, self.cells)) for word in text.split())

    @property
    def is_empty(self) -> bool:
        """Whether no cell says anything."""
        return all(text.plain == UNKNOWN for text in self.cells)


def laid_out(headings: Sequence[str], rows: Sequence[Sequence[Text]], width: int) -> RenderableType:
    """Return rows as a table, tight where need be; where even that is too wide, as records.

    Args:
        headings: One that ends in `>` is set to the right.
        rows: At least one.
        width: What there is.
    """
    columns = [
        Column(heading.rstrip(">"), [row[place] for row in rows], heading.endswith(">"))
        for place, heading in enumerate(headings)
    ]
    for shown, gap in ((columns, _GAP), ([column for column in columns if not column.is_empty], _TIGHT_GAP)):
        room = width - gap * (len(shown) - 1)
        if shown and sum(column.least for column in shown) <= room:
            return _table(shown, room, tight=gap == _TIGHT_GAP)
    return _records(columns, len(rows))


def pairs(facts: Iterable[tuple[str, Text]]) -> Table:
    """Return names and values, one a line, the values aligned; what is too long goes on below."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(Text(name), value)
    return grid


def _table(columns: Sequence[Column], room: int, *, tight: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=tight)
    for column, width in zip(columns, _widths(columns, room), strict=True):
        table.add_column(column.heading, justify="right" if column.to_the_right else "left", width=width)
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*row)
    return table


def _widths(columns: Sequence[Column], room: int) -> list[int]:
    """Return each column's width: its least, and of the rest as much as it takes, shared among those that want more."""
    widths = [column.least for column in columns]
    spare = room - sum(widths)
    wanting = sorted(range(len(columns)), key=lambda place: columns[place].most - widths[place])
    for others, place in zip(range(len(wanting), 0, -1), wanting, strict=True):
        more = min(columns[place].most - widths[place], spare // others)
        widths[place] += more
        spare -= more
    return widths


def _records(columns: Sequence[Column], count: int) -> Group:
    records = [
        pairs((column.heading, column.cells[row]) for column in columns if column.cells[row].plain != UNKNOWN)
        for row in range(count)
    ]
    return Group(records[0], *(part for record in records[1:] for part in (Text(""), record)))
