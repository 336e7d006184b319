"""One chapter of the story: what was done, the code that did it, and what the broker said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    import pandas as pd


@attrs.frozen(eq=False)
class Chapter:
    """What one step of the demo did.

    Attributes:
        key: Its name in JSON.
        heading: What is done, in a few words.
        code: The calls that did it, as a strategy writes them.
        facts: What came back, by name.
        columns: Headings of a table; one that ends in `>` is set to the right.
        rows: The table's cells.
        says: What it means, in a sentence.
        series: Values to be drawn.
        series_title: What they are, with their unit.
    """

    key: str
    heading: str
    code: str = ""
    facts: Mapping[str, object] = attrs.field(factory=dict)
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()
    says: str = ""
    series: pd.Series[float] | None = None
    series_title: str = ""
