"""One chapter of the story: what was done, the code that did it, and what the broker said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from brokerkit.errors import NotSupported

if TYPE_CHECKING:
    import pandas as pd

    from brokerkit import Broker


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


def unless_declined(broker: Broker, key: str, hooks: Iterable[str], tell: Callable[[], Chapter]) -> Chapter:
    """Return a chapter, or one that says why it is skipped, where the broker declines a hook that it calls.

    Args:
        broker: An opened broker.
        key: The chapter's name in JSON.
        hooks: What it calls.
        tell: Does what the chapter is about.
    """
    why = why_declined(broker, hooks)
    if why:
        return skipped(key, why)
    try:
        return tell()
    except NotSupported as refusal:  # a kind of order, say, that this broker does not take
        return skipped(key, refusal.fact)


def why_declined(broker: Broker, hooks: Iterable[str]) -> str:
    """Return which of some hooks the broker declines, and why, in a sentence; empty when it supports them all."""
    capabilities = broker.capabilities()
    hook = next((each for each in hooks if not capabilities[each]), "")
    return f"Broker '{broker.name}' does not support {hook}: {capabilities[hook].reason.rstrip('.')}." if hook else ""


def skipped(key: str, why: str) -> Chapter:
    """Return what stands in the place of a chapter that is skipped."""
    return Chapter(key, f"Skipped: {key.replace('_', ' ')}", says=why)
